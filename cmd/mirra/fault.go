package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) faultCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fault", Short: "Make requests and webhooks go wrong; without a subcommand, list the rules", Args: noArgs,
		Example: "  mirra fault add --method POST --path '/v1/refunds' --error rate-limit --count 3\n  mirra fault add --latency 2s\n  mirra fault add --webhook duplicate --event 'charge.*'\n  mirra fault clear",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.listFaults(cmd) },
	}
	list := &cobra.Command{Use: "list", Short: "List the rules", Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return a.listFaults(cmd) }}
	cleared := &cobra.Command{
		Use: "clear [RULE]", Short: "Remove a rule, all without a name", Args: rangeArgs(0, 1, "a rule's name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			rule := strings.Join(args, "")
			if err := c.ClearFaults(cmd.Context(), s.SessionID, rule); err != nil {
				return err
			}
			return a.done(map[string]any{"sessionId": s.SessionID, "cleared": rule}, "✓ cleared")
		},
	}
	cmd.AddCommand(a.addFaultCommand(), a.sessionFlag(list), a.sessionFlag(cleared))
	return a.sessionFlag(cmd)
}

func (a *app) listFaults(cmd *cobra.Command) error {
	c, s, err := a.session(cmd.Context())
	if err != nil {
		return err
	}
	rules, err := c.Faults(cmd.Context(), s.SessionID)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.out.object(map[string]any{"faults": rules})
	}
	if len(rules) == 0 {
		a.out.summary("No fault rules.")
	}
	for _, r := range rules {
		id := r.ID
		r.ID = ""
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		a.out.summary("%s  %s", id, b)
	}
	return nil
}

func (a *app) addFaultCommand() *cobra.Command {
	var r host.FaultRule
	latency, delay := "", ""
	cmd := &cobra.Command{
		Use: "add", Short: "Add a rule behind those there are", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, d := range []struct {
				flag, text string
				set        func(ms int64)
			}{{"latency", latency, func(ms int64) { r.LatencyMS = int(ms) }}, {"delay", delay, func(ms int64) { r.DelayMS = ms }}} {
				if d.text == "" {
					continue
				}
				v, err := host.ParseDuration(d.text)
				if err != nil {
					return &usageError{text: fmt.Sprintf("--%s: %v", d.flag, err)}
				}
				d.set(v.Milliseconds())
			}
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			added, err := c.AddFault(cmd.Context(), s.SessionID, &r)
			if err != nil {
				return err
			}
			return a.done(added, "✓ rule %s in session %s", added.ID, title(s))
		},
	}
	f := cmd.Flags()
	f.StringVar(&r.Mirror, "mirror", "", "only this mirror's")
	f.StringVar(&r.Method, "method", "", "only requests of this method")
	f.StringVar(&r.Path, "path", "", "only requests to paths like /v1/customers/*, or /v1/** for all below")
	f.StringVar(&r.Operation, "operation", "", "only this operation, by the vendor's name")
	f.StringVar(&r.Event, "event", "", "only webhooks of events like charge.*")
	f.IntVar(&r.Nth, "nth", 0, "only the nth match")
	f.Float64Var(&r.Probability, "probability", 0, "only with this probability, 0 to 1")
	f.IntVar(&r.Count, "count", 0, "at most so many times")
	f.StringVar(&latency, "latency", "", "answer so much later, 2s")
	f.StringVar(&r.Error, "error", "", "answer with an error of the vendor's: rate-limit, internal, …")
	f.StringVar(&r.RetryAfter, "retry-after", "", "of --error: seconds in place of the vendor's header, or none")
	f.StringVar(&r.Drop, "drop", "", "close the connection before or after the request was handled")
	f.StringVar(&r.Webhook, "webhook", "", "drop, duplicate, delay or reorder webhooks; forge, alter, unsign or stale: make their signature wrong")
	f.StringVar(&delay, "delay", "", "how long --webhook delay takes, in session time")
	return a.sessionFlag(cmd)
}
