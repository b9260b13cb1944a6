package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// junitSchema is which attributes and elements Jenkins lets an element have: those of
// jenkinsci/xunit-plugin, junit-10.xsd at 031e285, read 2026-11-28. An attribute with
// an exclamation mark must be there.
var junitSchema = map[string]struct{ attributes, children string }{
	"":           {"", "testsuites"},
	"testsuites": {"name time tests failures errors", "testsuite"},
	"testsuite":  {"name! tests! failures! errors! group time skipped timestamp hostname id package file log url", "testsuite properties testcase system-out system-err"},
	"properties": {"", "property"},
	"property":   {"name! value!", ""},
	"testcase":   {"name! time classname group", "skipped error failure system-out system-err"},
	"failure":    {"type message", ""}, "error": {"type message", ""}, "skipped": {"type message", ""},
	"system-out": {"", ""},
}

// surefireTime is the pattern of times there.
var surefireTime = regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$`)

func junitOf(t testing.TB, runs []host.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := JUnit(&b, runs); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkJUnit holds a file to the schema.
func checkJUnit(t testing.TB, file []byte) {
	t.Helper()
	path := []string{""}
	d := xml.NewDecoder(bytes.NewReader(file))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			rule, name := junitSchema[path[len(path)-1]], e.Name.Local
			if !slices.Contains(strings.Fields(rule.children), name) {
				t.Errorf("<%s> within <%s>", name, path[len(path)-1])
			}
			path = append(path, name)
			have := map[string]string{}
			for _, a := range e.Attr {
				have[a.Name.Local] = a.Value
			}
			for _, a := range strings.Fields(junitSchema[name].attributes) {
				a, must := strings.CutSuffix(a, "!")
				if _, there := have[a]; must && !there {
					t.Errorf("<%s> has no %s", name, a)
				}
				delete(have, a)
			}
			for a := range have {
				t.Errorf("<%s> has %s", name, a)
			}
			for _, a := range e.Attr {
				if a.Name.Local == "time" && (a.Value == "" || !surefireTime.MatchString(a.Value)) {
					t.Errorf("<%s time=%q>", name, a.Value)
				}
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// checkCounts holds the numbers of suites to their tests, names to be told apart, and
// returns the tests.
func checkCounts(t testing.TB, file []byte) []xmlCase {
	t.Helper()
	var all xmlSuites
	if err := xml.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	var cases []xmlCase
	var sum [4]int
	names := map[string]bool{}
	for _, s := range all.Suites {
		var n [4]int
		for _, c := range s.Cases {
			n[0]++
			ends := 0
			for i, end := range []*xmlReason{c.Failure, c.Error, c.Skipped} {
				if end != nil {
					n[i+1]++
					ends++
				}
			}
			if ends > 1 {
				t.Errorf("%q ends in %d ways", c.Name, ends)
			}
			if key := c.Classname + "\n" + c.Name; names[key] {
				t.Errorf("two tests are named %q in %q", c.Name, c.Classname)
			} else {
				names[key] = true
			}
			if len(c.Name) > nameBytes+60 {
				t.Errorf("a name of %d bytes", len(c.Name))
			}
		}
		if got := [4]int{s.Tests, s.Failures, s.Errors, s.Skipped}; got != n {
			t.Errorf("%q says %v, has %v", s.Name, got, n)
		}
		for i := range n {
			sum[i] += n[i]
		}
		cases = append(cases, s.Cases...)
	}
	if got := [3]int{all.Tests, all.Failures, all.Errors}; got != [3]int(sum[:3]) {
		t.Errorf("all say %v, have %v", got, sum)
	}
	return cases
}

func TestJUnitSound(t *testing.T) {
	t.Parallel()
	files := map[string][]host.Run{"example": example(t), "none": nil, "bare": bare()}
	for turn := range hostile {
		one := hostileRun(verdicts[turn%len(verdicts)], 5, 1, turn)
		many := hostileRun(verdicts[turn%len(verdicts)], 5, 9, turn)
		files[fmt.Sprintf("hostile %d", turn)] = []host.Run{one, one, many} // the first two are named alike
	}
	for name, runs := range files {
		file := junitOf(t, runs)
		checkJUnit(t, file)
		checkCounts(t, file)
		if t.Failed() {
			t.Fatalf("%s", name)
		}
	}
}

// TestJUnitText reads back what texts were.
func TestJUnitText(t *testing.T) {
	t.Parallel()
	r := harmlessRun(host.VerdictFail, 1, 1)
	const text = `x ]]> </system-out> <b>&amp; "q"`
	r.Criteria[0].Evidence[0].Reason = text + "\x00\xff"
	c := checkCounts(t, junitOf(t, []host.Run{r}))[1]
	if want := text + "\ufffd\ufffd"; c.Failure == nil || c.Failure.Message != want || !strings.Contains(c.SystemOut.Text, "found:    "+want+"\n") || !strings.Contains(c.Failure.Text, want) {
		t.Errorf("got %+v, want %q in it", c, want)
	}
}

// TestJUnitOutcomes holds what becomes of criteria and of the run.
func TestJUnitOutcomes(t *testing.T) {
	t.Parallel()
	criterion := func(passed, failed, errored, skipped int) host.RunCriterion {
		return host.RunCriterion{ID: "c1", Kind: "D", Label: "x", Passed: passed, Failed: failed, Errored: errored, Skipped: skipped, Total: passed + failed + errored + skipped}
	}
	driven := func(exit string, v host.Verdict) []host.RunRound {
		return []host.RunRound{{Round: 1, Verdict: v, Driver: &host.RunTask{Command: "npm test", Exit: exit, Output: "boom\n"}}}
	}
	for _, c := range []struct {
		name           string
		run            host.Run
		theRun, wanted string
	}{
		{"pass", host.Run{Verdict: host.VerdictPass, Criteria: []host.RunCriterion{criterion(3, 0, 0, 0)}}, "", ""},
		{"one round failed", host.Run{Verdict: host.VerdictFail, Criteria: []host.RunCriterion{criterion(2, 1, 1, 1)}}, "", "failure"},
		{"one round errored", host.Run{Verdict: host.VerdictUndecided, Criteria: []host.RunCriterion{criterion(2, 0, 1, 1)}}, "skipped", "error"},
		{"skipped in part", host.Run{Verdict: host.VerdictPass, Criteria: []host.RunCriterion{criterion(2, 0, 0, 1)}}, "", ""},
		{"skipped everywhere", host.Run{Verdict: host.VerdictUndecided, Criteria: []host.RunCriterion{criterion(0, 0, 0, 3)}}, "skipped", "skipped"},
		{"not looked at", host.Run{Verdict: host.VerdictTimeout, Criteria: []host.RunCriterion{criterion(0, 0, 0, 0)}, Rounds: driven("timeout", host.VerdictTimeout)}, "error", "skipped"},
		{"could not be run", host.Run{Verdict: host.VerdictError}, "error", "none"},
		{"the driver failed", host.Run{Verdict: host.VerdictFail, Criteria: []host.RunCriterion{criterion(0, 1, 0, 0)}, Rounds: driven("exit status 3", host.VerdictFail)}, "error", "failure"},
		{"failed by nothing that is seen", host.Run{Verdict: host.VerdictFail, Criteria: []host.RunCriterion{criterion(1, 0, 0, 0)}}, "failure", ""},
		{"no verdict", host.Run{}, "skipped", "none"},
	} {
		cases := checkCounts(t, junitOf(t, []host.Run{c.run}))
		if got := endOf(&cases[0]); cases[0].Name != "the run" || got != c.theRun {
			t.Errorf("%s: %s: %q, want the run: %q", c.name, cases[0].Name, got, c.theRun)
		}
		got := "none"
		if len(cases) > 1 {
			got = endOf(&cases[1])
		}
		if got != c.wanted {
			t.Errorf("%s: the criterion: %q, want %q", c.name, got, c.wanted)
		}
		if len(c.run.Rounds) > 0 && !strings.Contains(cases[0].SystemOut.Text, "boom") {
			t.Errorf("%s: what the driver printed is not in %q", c.name, cases[0].SystemOut.Text)
		}
	}
}

func endOf(c *xmlCase) string {
	switch {
	case c.Failure != nil:
		return "failure"
	case c.Error != nil:
		return "error"
	case c.Skipped != nil:
		return "skipped"
	}
	return ""
}

// TestJUnitSize keeps a large file below what GitLab takes.
func TestJUnitSize(t *testing.T) {
	t.Parallel()
	r := shaped(host.VerdictFail, 1000, 20, func(n int) string { return "t" + strconv.Itoa(n) + strings.Repeat(` "<&>`, 40) })
	file := junitOf(t, []host.Run{r})
	if most := 30_000_000; len(file) >= most {
		t.Errorf("%d bytes, want less than %d", len(file), most)
	}
	checkCounts(t, file)
	if !bytes.Contains(file, []byte(junitTooMuch)) {
		t.Error("does not say what was left out")
	}
}
