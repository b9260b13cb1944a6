package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) webhooksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "webhooks", Short: "List, follow, resend, forward and hold webhooks", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listWebhooks(cmd, &host.TraceQuery{}, false) },
	}
	cmd.AddCommand(a.webhooksList(), a.webhooksTail(), a.webhooksRetry(), a.webhooksForward(), a.webhooksHold(true), a.webhooksHold(false))
	return a.sessionFlag(cmd)
}

func (a *app) webhooksList() *cobra.Command {
	var q host.TraceQuery
	bodies := false
	cmd := &cobra.Command{
		Use: "list", Short: "List the attempts", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listWebhooks(cmd, &q, bodies) },
	}
	f := cmd.Flags()
	f.StringVar(&q.Mirror, "mirror", "", "only this mirror's")
	f.StringVar(&q.Event, "event", "", "only this event")
	f.StringVar(&q.Status, "status", "", "only answers like 404 or 5xx")
	f.BoolVar(&bodies, "bodies", false, "with headers and bodies")
	return a.sessionFlag(cmd)
}

func (a *app) listWebhooks(cmd *cobra.Command, q *host.TraceQuery, bodies bool) error {
	c, s, err := a.session(cmd.Context())
	if err != nil {
		return err
	}
	all := []host.TraceEntry{}
	q.Limit = 1000
	for {
		page, err := c.WebhookAttempts(cmd.Context(), s.SessionID, *q)
		if err != nil {
			return err
		}
		all = append(all, page.Entries...)
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
	}
	if a.flags.json {
		return a.out.object(map[string]any{"webhooks": all})
	}
	if len(all) == 0 {
		a.out.summary("No webhook was sent yet. Register an endpoint as at the vendor, or: mirra webhooks forward URL")
	}
	for i := range all {
		a.printEntry(&all[i], bodies)
	}
	if len(all) > 0 {
		a.out.say("Send one again: mirra webhooks retry NUMBER (behind the #)")
	}
	return nil
}

func (a *app) webhooksTail() *cobra.Command {
	bodies := false
	cmd := &cobra.Command{
		Use: "tail", Short: "Show attempts as they happen", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			err = c.Events(cmd.Context(), s.SessionID, 0, false, func(e host.TraceEntry) bool {
				if e.Type == host.EventWebhook {
					a.printEntry(&e, bodies)
				}
				return true
			})
			if cmd.Context().Err() != nil {
				return nil // Ctrl-C is how it ends
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&bodies, "bodies", false, "with headers and bodies")
	return a.sessionFlag(cmd)
}

func (a *app) webhooksRetry() *cobra.Command {
	cmd := &cobra.Command{
		Use: "retry [ATTEMPT]", Short: "Send the webhook of an attempt again, signed anew; the latest without a number",
		Args: rangeArgs(0, 1, "the number of an attempt"),
		RunE: func(cmd *cobra.Command, args []string) error {
			attempt := uint64(0)
			if len(args) == 1 {
				var err error
				if attempt, err = strconv.ParseUint(strings.TrimPrefix(args[0], "#"), 10, 63); err != nil || attempt == 0 {
					return &usageError{text: fmt.Sprintf("webhooks retry %s: want the number of an attempt", args[0]), hint: "mirra webhooks lists them"}
				}
			}
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			if err := c.RetryWebhook(cmd.Context(), s.SessionID, attempt); err != nil {
				return err
			}
			return a.done(map[string]any{"sessionId": s.SessionID, "retried": attempt}, "✓ queued again")
		},
	}
	return a.sessionFlag(cmd)
}

func (a *app) webhooksForward() *cobra.Command {
	off := false
	cmd := &cobra.Command{
		Use: "forward [MIRROR=]URL...", Short: "Send every event of a mirror to a URL, without registration",
		Args: rangeArgs(0, -1, "URLs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			if off == (len(args) > 0) && !off {
				return &usageError{text: "webhooks forward: want a URL, or --off", hint: "usage: " + cmd.UseLine()}
			}
			targets := map[string][]string{}
			for _, text := range args {
				name, url, ok := strings.Cut(text, "=")
				if !ok || strings.Contains(name, "/") {
					m, err := onlyMirror(s)
					if err != nil {
						return err
					}
					name, url = m.Name, text
				}
				m, err := mirrorArg(s, name)
				if err != nil {
					return err
				}
				targets[m.Name] = append(targets[m.Name], url)
			}
			if off {
				for _, m := range s.Mirrors {
					targets[m.Name] = []string{}
				}
			}
			for _, name := range sortedKeys(targets) {
				if err := c.ForwardWebhooks(cmd.Context(), s.SessionID, name, targets[name]); err != nil {
					return err
				}
			}
			if a.flags.json {
				return a.out.object(map[string]any{"sessionId": s.SessionID, "forwards": targets})
			}
			for _, name := range sortedKeys(targets) {
				if len(targets[name]) == 0 {
					a.out.summary("✓ %s forwards nothing", name)
					continue
				}
				a.out.summary("✓ %s forwards to %s, signed with %s", name, strings.Join(targets[name], ", "), signedWith(s.Mirror(name)))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&off, "off", false, "forward nothing any more")
	return a.sessionFlag(cmd)
}

func signedWith(m *host.MirrorInfo) string {
	if len(m.Secrets) == 0 {
		return "no secret"
	}
	secret := m.Secrets[0]
	if secret.From == "derived" {
		return secret.Env + "=" + m.Env[secret.Env]
	}
	return secret.From
}

func (a *app) webhooksHold(hold bool) *cobra.Command {
	use, short, text := "release", "Send what was held, and what comes", "✓ webhooks go out"
	if hold {
		use, short, text = "hold", "Keep webhooks queued", "✓ webhooks are held until: mirra webhooks release"
	}
	cmd := &cobra.Command{
		Use: use, Short: short, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			if err := c.HoldWebhooks(cmd.Context(), s.SessionID, hold); err != nil {
				return err
			}
			return a.done(map[string]any{"sessionId": s.SessionID, "held": hold}, "%s", text)
		},
	}
	return a.sessionFlag(cmd)
}
