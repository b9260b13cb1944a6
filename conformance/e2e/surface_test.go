package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// asked is what one typed method of an SDK asked for, with ids of nobody, and how
// it was answered.
type asked struct {
	Resource, Method string // as the SDK calls them
	Verb, Path       string
	Status           int
	Code             string // of the error
}

// nobody is an id of nothing.
const nobody = "mirra_1"

// complete reports what of an SDK's methods is neither round-tripped nor answered
// 501, and resources without any that are not named as refused. It returns those
// that are.
func complete(t *testing.T, surface []asked, answered map[string][]int, operations map[string]operation, rows *resources) map[string]bool {
	t.Helper()
	refused := map[string]int{} // methods that answer 501, of each resource
	methods := map[string]int{}
	for _, a := range surface {
		methods[a.Resource]++
		o, known := operations[a.Verb+" "+strings.ReplaceAll(a.Path, nobody, "{}")]
		is501 := a.Status == http.StatusNotImplemented && a.Code == "mirra_not_mirrored"
		var statuses []int
		for _, id := range o.ids {
			statuses = append(statuses, answered[id]...)
		}
		switch {
		case !known:
			t.Errorf("%s.%s asks for %s %s, which COVERAGE.md does not have; it answers %d", a.Resource, a.Method, a.Verb, a.Path, a.Status)
		case is501 == o.served:
			t.Errorf("%s.%s: COVERAGE.md says of %s that it is served: %t; it answers %d %s", a.Resource, a.Method, o.ids, o.served, a.Status, a.Code)
		case is501:
			refused[a.Resource]++
		case !slices.ContainsFunc(statuses, func(status int) bool { return status/100 == 2 }) && !rows.fail(a, statuses):
			t.Errorf("%s.%s: no row of roundtrip/resources.json called %s (%s %s) successfully", a.Resource, a.Method, o.ids, a.Verb, a.Path)
		}
	}
	listed := map[string]bool{}
	for _, a := range surface {
		name := rows.refusedAs(a.Path)
		switch all := refused[a.Resource] == methods[a.Resource]; {
		case all && name == "":
			t.Errorf("%s.%s: all of the resource answers 501, and roundtrip/resources.json does not name %s as refused", a.Resource, a.Method, a.Path)
		case !all && name != "" && a.Status != http.StatusNotImplemented:
			t.Errorf("roundtrip/resources.json says that %s is refused; %s.%s answers %d", name, a.Resource, a.Method, a.Status)
		}
		listed[name] = true
	}
	none, partly := 0, 0
	for r, n := range refused {
		if n == methods[r] {
			none++
		}
		partly += n
	}
	t.Logf("%d resources go round by %d methods; %d methods answer 501, among them all of %d further resources", len(methods)-none, len(surface)-partly, partly, none)
	return listed
}

// fail tells whether a row's step expects an operation to fail as it did.
func (rs *resources) fail(a asked, statuses []int) bool {
	return slices.ContainsFunc(rs.Rows, func(r *row) bool {
		return slices.ContainsFunc(r.Steps, func(s step) bool {
			path := bare(r.Path)
			if s.Do != "list" && !s.Alone {
				path += "/{}/" + s.Do
			}
			return s.Fails != 0 && slices.Contains(statuses, s.Fails) && strings.ReplaceAll(a.Path, nobody, "{}") == path
		})
	})
}

// refusedAs is the name of the refused resource that a path is of, "" if none.
func (rs *resources) refusedAs(path string) string {
	best := ""
	for name, of := range rs.Refused {
		p := strings.ReplaceAll(path, nobody, "{}")
		if (p == of || strings.HasPrefix(p, of+"/")) && len(of) >= len(rs.Refused[best]) {
			best = name // one may lie below another
		}
	}
	return best
}

// operation is one that a line knows, by its method and bare path.
type operation struct {
	ids    []string // several where it is on two hosts
	served bool
}

var (
	coverageRow = regexp.MustCompile("^\\| (\\w+) \\| `(?:\\w+: )?([A-Z]+) (/\\S+)` \\|(.*)\\|$")
	braces      = regexp.MustCompile(`\{[^}]*\}`)
)

// bare is a path without the names of its parameters.
func bare(path string) string { return braces.ReplaceAllString(path, "{}") }

// operationsOf reads COVERAGE.md, by method and bare path.
func operationsOf(t *testing.T, line string) map[string]operation {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "plugins", "stripe", "COVERAGE.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]operation{}
	column := -1
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "| operation | request |"); ok {
			column = slices.Index(strings.Split(rest, "|"), " "+line+" ")
		}
		m := coverageRow.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		cells := strings.Split(m[4], "|")
		if column < 0 || column >= len(cells) {
			t.Fatalf("COVERAGE.md has no line %s of %s", line, m[1])
		}
		request := m[2] + " " + bare(m[3])
		out[request] = operation{append(out[request].ids, m[1]), strings.TrimSpace(cells[column]) != "none"}
	}
	if len(out) == 0 {
		t.Fatal("COVERAGE.md has no operations")
	}
	return out
}

// surface runs an SDK's own program that calls all of its methods, and prints what
// each asked for, in lines of JSON.
func surface(t *testing.T, p *project, cmd *exec.Cmd, env ...string) (all []asked) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Env = environment(p.home, append(env, "STRIPE_URL="+p.url, "NOBODY="+nobody)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for text := range bytes.Lines(out) {
		var a asked
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, a)
	}
	if len(all) == 0 {
		t.Fatal("the SDK has no methods")
	}
	return all
}
