package mcp

import (
	"context"
	"fmt"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// Programs runs what starts processes, which a server never does.
type Programs interface {
	// RunScenarios runs scenario files of the client's project, and returns what mirra run
	// --json prints.
	RunScenarios(ctx context.Context, files []string, runs int) (raw, error)
	// Drill drills the application that a command starts, and returns what mirra drill
	// --json prints.
	Drill(ctx context.Context, drill string, command, urls []string) (raw, error)
}

type checkArgs struct {
	sessionArg
	Criteria []string `json:"criteria" jsonschema:"sentences such as \"exactly one customer was created\", \"the webhook invoice.paid was answered with 2xx\", \"POST /v1/refunds was called at most once\""`
}

type checked struct {
	Criterion string   `json:"criterion"`
	Outcome   string   `json:"outcome" jsonschema:"passed, failed, or errored when it cannot be decided"`
	Reason    string   `json:"reason" jsonschema:"what was found"`
	Expected  string   `json:"expected,omitempty"`
	Entries   []uint64 `json:"entries,omitempty" jsonschema:"seq of the trace's entries that it rests on"`
}

type checkOut struct {
	Session string    `json:"session"`
	Passed  bool      `json:"passed" jsonschema:"all of them"`
	Results []checked `json:"results"`
}

func check(s *Server) {
	add(s, tool{
		name: "check", title: "Check criteria", reads: true,
		description: "Decide deterministic criteria, as scenarios have them, about what happened in the session so far; waits until its webhooks have arrived.",
	}, func(ctx context.Context, c *call, in checkArgs) (*checkOut, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		if len(in.Criteria) == 0 {
			return nil, invalid("criteria: name one", "such as \"no request to stripe failed\"")
		}
		r := &host.CheckRequest{}
		for _, text := range in.Criteria {
			r.Checks = append(r.Checks, host.Check{Criterion: text})
		}
		report, err := c.Check(ctx, id, r)
		if err != nil {
			return nil, err
		}
		out := &checkOut{Session: id, Passed: true, Results: []checked{}}
		for i, one := range report.Results {
			out.Passed = out.Passed && one.Outcome == host.Passed
			out.Results = append(out.Results, checked{in.Criteria[i], string(one.Outcome), one.Reason, one.Expected, one.Entries})
		}
		return out, nil
	})
}

type runArgs struct {
	Files []string `json:"files" jsonschema:"scenarios of the project, Markdown files or folders of them"`
	Runs  int      `json:"runs,omitempty" jsonschema:"how often each runs; left out, as it says"`
}

type drillArgs struct {
	Drill   string   `json:"drill" jsonschema:"stripe.signature, twilio.signature, resend.signature: are forged webhooks refused? twilio.backoff, resend.backoff, stripe.backoff: do retries back off? resend.bounce: is nobody mailed again whose mail came back?"`
	Command []string `json:"command" jsonschema:"starts the application: program and arguments"`
	URLs    []string `json:"urls,omitempty" jsonschema:"routes to try, /webhooks/stripe; left out, they are looked for"`
}

type reportOut struct {
	Report raw `json:"report" jsonschema:"verdict, reason and what they rest on"`
}

// programs are the tools that start processes: where the client may.
func (s *Server) addPrograms(p Programs) {
	add(s, tool{
		name: "scenario_run", title: "Run scenarios",
		description: "Run scenario files: each in a session of its own, with the driver that it names, and judge them. The report has the verdict, and of each criterion what was found.",
	}, func(ctx context.Context, _ *call, in runArgs) (*reportOut, error) {
		if len(in.Files) == 0 {
			return nil, invalid("files: name a scenario", "scenarios are mostly in the folder scenarios")
		}
		for _, f := range in.Files {
			if strings.HasPrefix(f, "-") {
				return nil, invalid(fmt.Sprintf("files: %q is no file", f), "")
			}
		}
		report, err := p.RunScenarios(ctx, in.Files, in.Runs)
		return &reportOut{report}, err
	})
	add(s, tool{
		name: "drill", title: "Drill the application",
		description: "Start the application and find out whether it deals rightly with what its vendor does: forged webhooks, refusals, mail that came back. Needs no scenario; takes up to a minute.",
	}, func(ctx context.Context, _ *call, in drillArgs) (*reportOut, error) {
		if len(in.Command) == 0 {
			return nil, invalid("command: what starts the application?", "such as [\"npm\", \"start\"]")
		}
		report, err := p.Drill(ctx, in.Drill, in.Command, in.URLs)
		return &reportOut{report}, err
	})
}
