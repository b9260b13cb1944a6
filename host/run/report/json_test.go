package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mirrahq/mirra/host"
)

func jsonOf(t testing.TB, runs []host.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, runs); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestJSONFields holds the names that scripts read, of one run and of several.
func TestJSONFields(t *testing.T) {
	t.Parallel()
	wanted := func(object map[string]any, names ...string) {
		t.Helper()
		for _, name := range names {
			if _, there := object[name]; !there {
				t.Errorf("no %s in %v", name, object)
			}
		}
	}
	for _, runs := range [][]host.Run{example(t)[:1], example(t)} {
		var all map[string]any
		if err := json.Unmarshal(jsonOf(t, runs), &all); err != nil {
			t.Fatal(err)
		}
		first := all
		if len(runs) > 1 {
			wanted(all, "scenarios", "verdict")
			if len(all) != 2 || all["verdict"] != "error" || len(all["scenarios"].([]any)) != len(runs) {
				t.Errorf("several are %v and %v", all["verdict"], all["scenarios"])
			}
			first = all["scenarios"].([]any)[0].(map[string]any)
		}
		wanted(first, "runId", "scenario", "sessionId", "runs", "verdict", "gate", "satisfactionScore", "criteria", "durationMs", "dashboardUrl", "seedValue", "mirrors")
		wanted(first["criteria"].([]any)[0].(map[string]any), "id", "label", "kind", "passed", "failed", "skipped", "errored", "total", "evidence")
		wanted(first["mirrors"].([]any)[0].(map[string]any), "name", "version", "digest")
	}
}

// TestJSONWhole reads back what was written; only bytes that are no UTF-8 may change.
func TestJSONWhole(t *testing.T) {
	t.Parallel()
	want := example(t)
	var got struct{ Scenarios []host.Run }
	if err := json.Unmarshal(jsonOf(t, want), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Scenarios, want) {
		t.Errorf("read back:\n%+v\nwant\n%+v", got.Scenarios, want)
	}
	for turn := range hostile {
		r := hostileRun(host.VerdictFail, 5, 3, turn)
		var back host.Run
		if err := json.Unmarshal(jsonOf(t, []host.Run{r}), &back); err != nil {
			t.Fatal(err)
		}
		for i := range r.Criteria {
			if got, want := back.Criteria[i].Label, r.Criteria[i].Label; got != want && utf8.ValidString(want) {
				t.Errorf("label %q, want %q", got, want)
			}
		}
	}
}

func TestJSONEmpty(t *testing.T) {
	t.Parallel()
	r := host.Run{Criteria: []host.RunCriterion{{ID: "c1"}}}
	one := string(jsonOf(t, []host.Run{r}))
	for _, want := range []string{`"evidence": []`, `"rounds": []`, `"mirrors": []`, `"satisfactionScore": null`, `"seedValue": null`} {
		if !strings.Contains(one, want) {
			t.Errorf("no %s in\n%s", want, one)
		}
	}
	if r.Rounds != nil || r.Criteria[0].Evidence != nil {
		t.Error("the run was changed")
	}
	if got := string(jsonOf(t, []host.Run{{}, {}})); strings.Count(got, `"criteria": []`) != 2 {
		t.Errorf("of two empty runs:\n%s", got)
	}
	if got, want := string(jsonOf(t, nil)), "{\n  \"scenarios\": [],\n  \"verdict\": \"undecided\"\n}\n"; got != want {
		t.Errorf("of none %q, want %q", got, want)
	}
}

func TestOverall(t *testing.T) {
	t.Parallel()
	order := []host.Verdict{host.VerdictError, host.VerdictTimeout, host.VerdictFail, host.VerdictUndecided, host.VerdictPass}
	for i, worse := range order {
		for _, better := range order[i:] {
			if got := Overall([]host.Run{{Verdict: better}, {Verdict: worse}, {Verdict: better}}); got != worse {
				t.Errorf("of %s and %s: %s, want %s", worse, better, got, worse)
			}
		}
	}
	for _, runs := range [][]host.Run{nil, {{}}, {{Verdict: host.VerdictPass}, {Verdict: "later"}}} {
		if got := Overall(runs); got != host.VerdictUndecided {
			t.Errorf("of %v: %s, want undecided", runs, got)
		}
	}
}
