package assembly_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
)

// greets is a scenario of the mirror hello.
const greets = `# Somebody greets

## Success Criteria

- [D] exactly one greeting was created
- [D] ` + "`POST /greetings`" + ` was called once
- [D] the text is there

  ` + "```sql hello\n  SELECT count(*) = 1 FROM greetings WHERE text = 'hi'\n  ```" + `
- [P] it is polite

## Config

- mirrors: hello
`

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// greet has an application say something in a session.
func greet(t *testing.T, s *assembly.Server, session, text string) {
	t.Helper()
	resp, body := call(t, "POST", s.VendorURL()+"/s/"+strings.TrimPrefix(session, "ses_")+"/hello/greetings", "text="+text, asApp, asForm)
	if resp.StatusCode >= 300 {
		t.Fatalf("greet: %d %s", resp.StatusCode, body)
	}
}

// A run of others' doing is judged when it is finished, by what they did since it began.
func TestRunOfOthers(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := MustServer(t, func(c *assembly.Config) { c.DataDir = data })
	begun, err := s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: greets})
	if err != nil {
		t.Fatal(err)
	}
	if begun.Status != "running" || begun.SessionID == "" || len(begun.Criteria) != 4 || len(begun.Mirrors) != 1 {
		t.Fatalf("a run that begins is %+v", begun)
	}
	greet(t, s, begun.SessionID, "hi")
	done, err := s.FinishRun(t.Context(), begun.RunID, &host.RunFinish{})
	if err != nil {
		t.Fatal(err)
	}
	// Nobody judges [P], so that it cannot pass.
	if done.Verdict != host.VerdictUndecided || done.Passed != 3 || done.Evaluated != 3 || *done.SatisfactionScore != 1 || done.Criteria[3].Skipped != 1 {
		t.Errorf("verdict %s (%s), %d of %d: %+v", done.Verdict, done.Reason, done.Passed, done.Evaluated, done.Criteria)
	}
	if _, err := s.Session(t.Context(), begun.SessionID); host.AsError(err).Kind != host.KindNotFound {
		t.Errorf("the run's session lives on: %v", err)
	}
	if _, err := s.FinishRun(t.Context(), begun.RunID, &host.RunFinish{}); host.AsError(err).Kind != host.KindConflict {
		t.Errorf("finished twice: %v", err)
	}
	if _, err := s.FinishRun(t.Context(), "run_none", &host.RunFinish{}); host.AsError(err).Kind != host.KindNotFound {
		t.Errorf("finished what is not there: %v", err)
	}
	// In a session that lives already, what was before is no part of it.
	info := MustSession(t, s, nil)
	greet(t, s, info.SessionID, "before")
	text := strings.Replace(greets, "- [P] it is polite\n", "", 1)
	before, err := s.Check(t.Context(), info.SessionID, &host.CheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if begun, err = s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: text, Session: info.SessionID}); err != nil {
		t.Fatal(err)
	}
	greet(t, s, info.SessionID, "hi")
	if done, err = s.FinishRun(t.Context(), begun.RunID, &host.RunFinish{}); err != nil || done.Verdict != host.VerdictPass {
		t.Errorf("verdict %s (%s), %v", done.Verdict, done.Reason, err)
	}
	if _, err := s.Session(t.Context(), info.SessionID); err != nil {
		t.Errorf("somebody's own session has ended with the run: %v", err)
	}
	// Who follows the session hears of each criterion.
	told, err := s.Trace(t.Context(), info.SessionID, host.TraceQuery{Types: []string{host.EventGraded}, Cursor: fmt.Sprint(before.Through)})
	if err != nil || len(told.Entries) != 3 {
		t.Fatalf("%+v, %v", told, err)
	}
	for _, e := range told.Entries {
		if e.Run != begun.RunID || e.Kind != "D" || e.Outcome != string(host.Passed) || e.Criterion == "" {
			t.Errorf("%+v", e)
		}
	}
	// The history outlives the server.
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := MustServer(t, func(c *assembly.Config) { c.DataDir = data })
	page, err := again.Runs(t.Context(), host.RunQuery{Limit: 1})
	if err != nil || len(page.Runs) != 1 || page.Runs[0].RunID != done.RunID || page.NextCursor == "" {
		t.Fatalf("history: %+v, %v", page, err)
	}
	if page, err = again.Runs(t.Context(), host.RunQuery{Cursor: page.NextCursor}); err != nil || len(page.Runs) != 1 || page.Runs[0].Verdict != host.VerdictUndecided {
		t.Errorf("history's second page: %+v, %v", page, err)
	}
	if one, err := again.Run(t.Context(), done.RunID); err != nil || len(one.Rounds) != 1 || len(one.Criteria[0].Evidence) != 1 {
		t.Errorf("a run of the history: %+v, %v", one, err)
	}
}

// Looks ask the application, on this machine alone.
func TestRunLooksAtTheApplication(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	asked := 0
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		fmt.Fprintf(w, `{"user":{"greeted":%t,"method":%q}}`, asked > 2, r.Method)
	}))
	defer app.Close()
	text := `# Looks

## Checks

- [D] the application shows ` + "`user.greeted`" + ` = true

  ` + "```http wait=10s\n  GET /user\n  ```" + `
- [D] the application answers

  ` + "```http\n  POST /user\n  Content-Type: text/plain\n\n  hello\n  ```" + `
- [D] nobody else is asked

  ` + "```http\n  GET http://192.0.2.1/user\n  ```" + `
- [D] the server runs nothing

  ` + "```sh\n  true\n  ```" + `

## Config

- mirrors: hello
`
	begun, err := s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: text})
	if err != nil {
		t.Fatal(err)
	}
	greet(t, s, begun.SessionID, "hi")
	done, err := s.FinishRun(t.Context(), begun.RunID, &host.RunFinish{Application: app.URL})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		outcome host.Outcome
		reason  string
	}{{host.Passed, "`user.greeted` is true"}, {host.Passed, "answers 200"}, {host.Errored, "not on this machine"}, {host.Errored, "starts no process"}}
	for i, w := range want {
		if got := done.Criteria[i].Evidence[0]; got.Outcome != w.outcome || !strings.Contains(got.Reason, w.reason) {
			t.Errorf("%s: %s: %s, want %s with %q", done.Criteria[i].Label, got.Outcome, got.Reason, w.outcome, w.reason)
		}
	}
	if asked < 3 {
		t.Errorf("the application was asked %d times, and shows it at the third", asked)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	_, err := s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: "# One\n\n# Two\n\n## Succes Criteria\n", File: "bad.md"})
	e := host.AsError(err)
	if e.Kind != host.KindUnprocessed || strings.Count(e.Message, "bad.md:") < 3 {
		t.Errorf("a scenario with three faults: %s: %v", e.Kind, err)
	}
	_, err = s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: greets, Session: "ses_none"})
	if host.AsError(err).Kind != host.KindNotFound {
		t.Errorf("a session that is not there: %v", err)
	}
	_, err = s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: greets + "- start: app\n- forward: /hook\n"})
	if e := host.AsError(err); e.Kind != host.KindUnprocessed || !strings.Contains(e.Message, "/hook") || e.Hint == "" {
		t.Errorf("webhooks for an application that nobody starts: %v", err)
	}
	for _, id := range []string{"", "../x", "run_", "run_A"} {
		if err := s.RecordRun(t.Context(), &host.Run{RunID: id}); host.AsError(err).Kind != host.KindInvalid {
			t.Errorf("run id %q: %v", id, err)
		}
	}
	if _, err := s.Runs(t.Context(), host.RunQuery{Cursor: "run_none"}); host.AsError(err).Kind != host.KindInvalid {
		t.Errorf("a cursor of no list: %v", err)
	}
}

// A run that nobody finishes ends by itself, as a time-out.
func TestRunIsLate(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	begun, err := s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: greets + "- timeout: 50ms\n"})
	if err != nil {
		t.Fatal(err)
	}
	for {
		r, err := s.Run(t.Context(), begun.RunID)
		if err != nil {
			t.Fatal(err)
		}
		if r.Status == "finished" {
			if r.Verdict != host.VerdictTimeout || !strings.Contains(r.Reason, "50ms") {
				t.Errorf("verdict %s: %s", r.Verdict, r.Reason)
			}
			return
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	observed := MustSession(t, s, func(r *host.NewSession) { r.Observe = true }).SessionID
	plain := MustSession(t, s, nil).SessionID
	for _, id := range []string{observed, plain} {
		greet(t, s, id, "hi")
		greet(t, s, id, "ho")
	}
	checks := []host.Check{
		{Criterion: "2 greetings exist"}, {Criterion: "exactly 2 greetings were created"}, {Criterion: "`POST /greetings` was called at most once"},
		{SQL: "SELECT count(*) FROM greetings WHERE text = 'hi'"}, {SQL: "SELECT nonsense"}, {Expr: `state.hello.greetings[1].text == "ho"`},
	}
	for id, want := range map[string][]host.Outcome{
		observed: {host.Passed, host.Passed, host.Failed, host.Passed, host.Errored, host.Passed},
		plain:    {host.Passed, host.Errored, host.Failed, host.Passed, host.Errored, host.Passed},
	} {
		report, err := s.Check(t.Context(), id, &host.CheckRequest{Checks: checks})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range report.Results {
			if r.Outcome != want[i] {
				t.Errorf("%+v: %s: %s, want %s", checks[i], r.Outcome, r.Reason, want[i])
			}
		}
		later, err := s.Check(t.Context(), id, &host.CheckRequest{Checks: checks[:1], After: report.Through})
		if err != nil || later.Results[0].Outcome != host.Errored {
			t.Errorf("behind all that happened: %+v, %v", later, err)
		}
	}
	_, err := s.Check(t.Context(), observed, &host.CheckRequest{Checks: []host.Check{{Criterion: "2 greetigns exist"}, {}, {Criterion: "a", SQL: "b"}, {SQL: "SELECT 1", Mirror: "stripe"}, {Expr: "1 +"}, {Criterion: "a greeting exists"}}})
	e := host.AsError(err)
	if e.Kind != host.KindUnprocessed {
		t.Fatalf("checks that are at fault: %v", err)
	}
	for _, want := range []string{"check 1: ", "greeting?", "check 2: want one of", "check 3: want one of", "check 4: sql of which mirror? there are hello", "check 5: 1:3"} {
		if !strings.Contains(e.Message, want) {
			t.Errorf("%s\nis without %q", e.Message, want)
		}
	}
	if strings.Contains(e.Message, "check 6") {
		t.Errorf("%s\nnames a check that is sound", e.Message)
	}
}
