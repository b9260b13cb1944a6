package mcp

import (
	"context"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// scenarioFormat tells a model how scenarios are written.
const scenarioFormat = `A scenario is a Markdown file in scenarios/ with one H1 and these H2 sections, in any order:
- "## Setup": prose, and fenced blocks of the language "seed MIRROR" with a state document in JSON, {"customers": [{"email": "ada@example.com"}]}, or "fault MIRROR" with a fault rule, {"method": "POST", "error": "rate-limit", "count": 2}.
- "## Task": what the driver (an application, a test, an agent) is to do.
- "## Expected Behavior": for the judge alone; the driver never sees it.
- "## Success Criteria": a list. "- [D] ..." is decided from state, trace and webhook attempts: counts, existence, properties, events received and answered, how often an operation was called. "- [P] ..." is judged by a model; use it only for what [D] cannot say.
- "## Config": lines "- key: value": mirrors; start (starts the application, which is to listen on PORT); forward (/webhooks: where webhooks go that no endpoint was registered for); driver (a command; {url} is the application); fixture, timeout, runs.
Below a [D] criterion an indented fenced block "sql MIRROR", "expr", "http" or "sh" can look where words do not reach.`

// prompts are what a user can ask for by name. {ARGUMENT} is replaced.
var prompts = []struct {
	sdk.Prompt
	text string
}{
	{sdk.Prompt{
		Name: "write_scenario", Title: "Write a scenario for this change", Description: "Write a scenario that shows that a change works against mirrored vendors.",
		Arguments: []*sdk.PromptArgument{{Name: "change", Title: "Change", Description: "what changes, in a sentence or as a diff; left out, the work tree's"}},
	}, scenarioFormat + `

Write a scenario for this change: {change}

Find out which vendor calls the change makes and which webhooks it handles. Look with the tool catalog whether their operations are mirrored, and in which words (entities, events). Try the flow once with session_start, session_request and session_webhooks before you write criteria: a criterion must be able to fail. Decide them with check as you go, and run the scenario with scenario_run. Prefer few [D] criteria about what a user would notice, and one for what must not happen (a second charge, an unverified webhook that takes effect).`},
	{sdk.Prompt{
		Name: "explain_criterion", Title: "Why did this criterion fail", Description: "Find out why a criterion of a scenario failed.",
		Arguments: []*sdk.PromptArgument{
			{Name: "criterion", Title: "Criterion", Description: "its text", Required: true},
			{Name: "session", Title: "Session", Description: "id of the session it was judged in; left out, this client's"},
		},
	}, `This criterion of a Mirra scenario failed: {criterion}

Session: {session}

Find the cause; do not guess. Look with trace (last: 50, then bodies for the requests in question), session_webhooks (was it sent, how was it answered, did the handler verify the signature) and session_state (what is there instead). Name the first thing that differs from what the criterion wants, with the seq of the trace entry that shows it, and say which it is: the application's fault, the scenario's (a criterion or seed that asks for something else), a limit or fault rule (fields limited and fault), or an operation that is mirrored generically or not at all (level generic, or status 501). Then propose the smallest fix.`},
}

func addPrompts(s *sdk.Server) {
	for _, p := range prompts {
		s.AddPrompt(&p.Prompt, func(_ context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
			args := map[string]string{"change": "the changes of the work tree (git diff)", "session": "the one this client started last"}
			for name, text := range r.Params.Arguments {
				if text != "" {
					args[name] = text
				}
			}
			var pairs []string
			for _, a := range p.Arguments {
				pairs = append(pairs, "{"+a.Name+"}", args[a.Name])
			}
			text := strings.NewReplacer(pairs...).Replace(p.text)
			return &sdk.GetPromptResult{Description: p.Description, Messages: []*sdk.PromptMessage{{Role: "user", Content: &sdk.TextContent{Text: text}}}}, nil
		})
	}
}
