package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) logsCommand() *cobra.Command {
	var follow, bodies bool
	var q host.TraceQuery
	var last int
	cmd := &cobra.Command{
		Use: "logs", Short: "Show what happened in the session: requests, webhooks, the session's life", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c, s, err := a.session(ctx)
			if err != nil {
				return err
			}
			q.Bodies, q.Limit = bodies, 1000
			var entries []host.TraceEntry
			after, dropped := uint64(0), uint64(0)
			for {
				page, err := c.Trace(ctx, s.SessionID, q)
				if err != nil {
					return err
				}
				entries = append(entries, page.Entries...)
				if last > 0 && len(entries) > last {
					entries = entries[len(entries)-last:]
				}
				dropped = page.Dropped
				if q.Cursor = page.NextCursor; q.Cursor == "" {
					break
				}
			}
			if dropped > 0 {
				a.out.note("the oldest %d entries were dropped: a trace keeps 10,000", dropped)
			}
			for i := range entries {
				after = entries[i].Seq
				a.printEntry(&entries[i], bodies)
			}
			if !follow {
				if len(entries) == 0 && !a.flags.json {
					a.out.note("nothing yet")
				}
				return nil
			}
			err = c.Events(ctx, s.SessionID, after, false, func(e host.TraceEntry) bool {
				if wants(&q, &e) {
					a.printEntry(&e, bodies)
				}
				return true
			})
			if ctx.Err() != nil {
				return nil // Ctrl-C is how following ends
			}
			return err
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&follow, "follow", "f", false, "go on with what comes")
	f.BoolVar(&bodies, "bodies", false, "with headers and bodies")
	f.IntVarP(&last, "last", "n", 0, "only the last so many")
	f.StringVar(&q.Mirror, "mirror", "", "only this mirror's")
	f.StringVar(&q.Method, "method", "", "only requests of this method")
	f.StringVar(&q.Path, "path", "", "only requests to paths like /v1/customers/*")
	f.StringVar(&q.Status, "status", "", "only answers like 404 or 5xx")
	f.StringSliceVar(&q.Types, "type", nil, "only traffic.request_completed, webhook.dispatched, state.changed or session.lifecycle")
	return a.sessionFlag(cmd)
}

// wants filters a followed entry as the server filters a page, as far as it
// matters on a terminal.
func wants(q *host.TraceQuery, e *host.TraceEntry) bool {
	if len(q.Types) == 0 && e.Type == host.EventState {
		return false
	}
	ok := len(q.Types) == 0
	for _, t := range q.Types {
		ok = ok || t == e.Type
	}
	status := fmt.Sprint(e.Status)
	return ok && (q.Mirror == "" || q.Mirror == e.Mirror) && (q.Method == "" || strings.EqualFold(q.Method, e.Method)) &&
		(q.Status == "" || q.Status == status || strings.HasSuffix(q.Status, "xx") && status[0] == q.Status[0]) && (q.Path == "" || globMatch(q.Path, e.Path))
}

// printEntry prints one line, or one JSON object to a line.
func (a *app) printEntry(e *host.TraceEntry, bodies bool) {
	if a.flags.json {
		if !bodies {
			e.Request, e.Response = nil, nil
		}
		if b, err := json.Marshal(e); err == nil {
			fmt.Fprintln(a.stdout, string(b))
		}
		return
	}
	at := e.At.Local().Format("15:04:05.000")
	sign := "✓"
	if e.Status >= 400 || e.Status == 0 {
		sign = "✗"
	}
	switch e.Type {
	case host.EventTraffic:
		a.out.summary("%s %s %s %s %s → %d  %.1f ms%s", sign, at, e.Mirror, e.Method, printable(e.Path), e.Status, e.DurationMS, remarks(e))
	case host.EventWebhook:
		a.out.summary("%s %s %s webhook %s → %s → %s%s", sign, at, e.Mirror, printable(e.Event), printable(e.Path), outcome(e), remarks(e))
	case host.EventState:
		what := "changed"
		if e.Before == nil {
			what = "created"
		} else if e.After == nil {
			what = "deleted"
		}
		a.out.summary("  %s %s %s %s %s", at, e.Mirror, e.Entity, printable(e.EntityID), what)
	default:
		a.out.summary("  %s session %s%s", at, strings.ReplaceAll(printable(e.Action), "_", " "), remarks(e))
	}
	if bodies {
		a.printMessage(">", e.Request)
		a.printMessage("<", e.Response)
	}
}

func outcome(e *host.TraceEntry) string {
	what := e.Outcome
	if e.Status > 0 {
		what = fmt.Sprint(e.Status)
	}
	return fmt.Sprintf("%s  attempt %d  %.1f ms  #%d", what, e.Attempt, e.DurationMS, e.Seq)
}

func remarks(e *host.TraceEntry) string {
	text := ""
	if e.Warning != "" {
		text += "  " + printable(e.Warning)
	}
	if e.Limited != "" {
		text += "  limited: " + printable(e.Limited)
	}
	if e.Level == "generic" {
		text += "  generic: " + printable(e.Operation)
	}
	if e.Fault != "" {
		text += "  " + printable(e.Fault)
	}
	return text
}

func (a *app) printMessage(sign string, m *host.TraceMessage) {
	if m == nil {
		return
	}
	for _, h := range m.Headers {
		a.out.summary("    %s %s: %s", sign, printable(h[0]), printable(h[1]))
	}
	for line := range strings.Lines(string(m.Body)) {
		a.out.summary("    %s %s", sign, printable(strings.TrimRight(line, "\r\n")))
	}
}
