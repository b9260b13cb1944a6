package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// resources is roundtrip/resources.json: how each kind of object that a client
// can make is made, changed and ended. roundtrip/README.md says what a row has.
type resources struct {
	Seed  map[string]any     `json:"seed"`
	Given map[string]*madeOf `json:"given"`
	Rows  []*row             `json:"rows"`
}

// row takes one kind of object through its life.
type row struct {
	Name   string         `json:"name"`             // as stripe-node has the resource
	Part   string         `json:"part,omitempty"`   // of the resource: Person in createPerson
	Go     string         `json:"go,omitempty"`     // stripe-go's name, where it is another
	Path   string         `json:"path"`             // that a POST to creates one
	Parent map[string]any `json:"parent,omitempty"` // what a part is of
	Needs  []string       `json:"needs,omitempty"`  // references that have to be there
	Create map[string]any `json:"create"`
	Input  []string       `json:"input,omitempty"`  // parameters that answers do not show, or otherwise
	Expect map[string]any `json:"expect,omitempty"` // of a new one
	New    []string       `json:"new,omitempty"`    // members of the first answer alone
	Update map[string]any `json:"update,omitempty"`
	List   map[string]any `json:"list,omitempty"` // filters
	Steps  []step         `json:"steps,omitempty"`
	Gone   any            `json:"gone,omitempty"`   // status of a retrieval of a deleted one; "deleted" if it answers what is left
	Absent []string       `json:"absent,omitempty"` // SDKs without methods, or parameters, for it
	// NoRetrieve is of kinds that are shown once.
	NoRetrieve bool `json:"noRetrieve,omitempty"`
	// Line has what else to send in a line.
	Line map[string]*struct {
		Create map[string]any `json:"create"`
	} `json:"line,omitempty"`
}

// step is one method; Then is what it answers, Params if absent.
type step struct {
	Do     string         `json:"do"`
	Params map[string]any `json:"params,omitempty"`
	Then   map[string]any `json:"then,omitempty"`
	Absent []string       `json:"absent,omitempty"` // SDKs whose method is not there, or fails
	Fails  int            `json:"fails,omitempty"`  // the status, where it is refused
}

// madeOf is a reference whose object is made otherwise than its row says.
type madeOf struct {
	Of     string         `json:"of"`
	Create map[string]any `json:"create"`
	Then   string         `json:"then,omitempty"`   // a method to call on it
	Member string         `json:"member,omitempty"` // "id" if absent
	Fresh  bool           `json:"fresh,omitempty"`  // it is good for one use
}

func (r *row) String() string { return strings.TrimSpace(r.Name + " " + r.Part) }

// rowsOf reads the rows as they are for a line.
func rowsOf(t *testing.T, line string) *resources {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("roundtrip", "resources.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	var out resources
	if err := d.Decode(&out); err != nil {
		t.Fatal("roundtrip/resources.json: ", err)
	}
	for _, r := range out.Rows {
		if other := r.Line[line]; other != nil {
			r.Create = other.Create
		}
		r.Line = nil
	}
	return &out
}

// served is one operation that a line serves.
type served struct{ id, method, path string }

var (
	coverageRow = regexp.MustCompile("^\\| (\\w+) \\| `(?:\\w+: )?([A-Z]+) (/\\S+)` \\|(.*)\\|$")
	braces      = regexp.MustCompile(`\$?\{[^}]*\}`)
)

// bare is a path without the names of its parameters.
func bare(path string) string { return braces.ReplaceAllString(path, "{}") }

// operationsOf reads COVERAGE.md: the operations that a line serves at all.
func operationsOf(t *testing.T, line string) (out []served) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "plugins", "stripe", "COVERAGE.md"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	column := -1
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "| operation | request |"); ok {
			column = slices.Index(strings.Split(rest, "|"), " "+line+" ")
		}
		m := coverageRow.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		if cells := strings.Split(m[4], "|"); column < 0 || column >= len(cells) {
			t.Fatalf("COVERAGE.md has no line %s of %s", line, m[1])
		} else if strings.TrimSpace(cells[column]) != "none" {
			out = append(out, served{m[1], m[2], bare(m[3])})
		}
	}
	if len(out) == 0 {
		t.Fatal("COVERAGE.md has no operations of line " + line)
	}
	return out
}

// creates tells whether an operation makes an object: it posts to a collection,
// whose name is a plural. /v1/charges/{}/capture acts on one.
func (o served) creates() bool { return o.method == "POST" && strings.HasSuffix(o.path, "s") }

// ends matches what is behind an object's path where it is ended.
var ends = regexp.MustCompile(`^/\{\}(/(archive|cancel|close|deactivate|detach|expire|reject|void))?$`)

// of tells whether an operation makes, lists, shows, changes, deletes or otherwise
// ends a row's objects.
func (o served) of(r *row) bool {
	rest, ok := strings.CutPrefix(o.path, bare(r.Path))
	return ok && (rest == "" || ends.MatchString(rest))
}

// nodePaths are the paths that stripe-node has a method for.
func nodePaths(t *testing.T, sdk string) map[string]bool {
	t.Helper()
	paths := map[string]bool{}
	quoted := regexp.MustCompile("['\"`](/v1/[^'\"`]*)['\"`]")
	folder := filepath.Join("node", "node_modules", sdk, "cjs", "resources")
	for _, pattern := range []string{"*.js", "*/*.js", "*/*/*.js"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllSubmatch(text, -1) {
				paths[bare(string(m[1]))] = true
			}
		}
	}
	if len(paths) < 100 {
		t.Fatalf("node_modules has %d paths of %s: run `make deps`", len(paths), sdk)
	}
	return paths
}

// lines are those that are mirrored, each with the stripe-node that asks for it.
var lines = map[string]string{"2024-06": "stripe-2024-06", "2026-08": "stripe-current"}

// TestEveryResourceHasARow: what COVERAGE.md says can be made has a row, unless
// it is a path of long ago that SDKs have no method for.
func TestEveryResourceHasARow(t *testing.T) {
	t.Parallel()
	made := map[string]bool{}
	for line, sdk := range lines {
		typed := nodePaths(t, sdk)
		rows := map[string]bool{}
		for _, r := range rowsOf(t, line).Rows {
			rows[bare(r.Path)] = true
		}
		for _, o := range operationsOf(t, line) {
			if !o.creates() {
				continue
			}
			made[o.path] = true
			if !rows[o.path] && typed[o.path] {
				t.Errorf("line %s: %s (POST %s) makes what roundtrip/resources.json has no row of", line, o.id, o.path)
			}
		}
	}
	for _, r := range rowsOf(t, "2026-08").Rows {
		if !made[bare(r.Path)] {
			t.Errorf("row %s: COVERAGE.md knows no POST %s that is served", r, r.Path)
		}
	}
}

// roundTripped are the SDKs that take every row, in the line that they ask for.
var roundTripped = []struct {
	sdk, line string
	run       func(t *testing.T, p *project, sdk, line string, rows *resources)
}{
	{"stripe-node 16.12", "2024-06", nodeRoundTrips},
	{"stripe-node 23.1", "2026-08", nodeRoundTrips},
	{"stripe-go v79", "2024-06", goRoundTrips},
	{"stripe-go v85", "2026-08", goRoundTrips},
	{"stripe-python 5.0", "2024-06", pythonRoundTrips},
	{"stripe-python 5.0", "2026-08", pythonRoundTrips},
}

// TestRoundTrips takes every resource through its life, with the typed methods
// of each SDK: what was sent comes back, stays, is listed and ends as it should.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	for _, c := range roundTripped {
		t.Run(c.sdk+" on "+c.line, func(t *testing.T) {
			t.Parallel()
			rows := rowsOf(t, c.line)
			operations := operationsOf(t, c.line)
			rows.Rows = slices.DeleteFunc(rows.Rows, func(r *row) bool {
				return !slices.ContainsFunc(operations, func(o served) bool { return o.creates() && o.path == bare(r.Path) })
			})
			seed := filepath.Join(t.TempDir(), "seed.json")
			if text, err := json.Marshal(rows.Seed); err != nil || os.WriteFile(seed, text, 0o600) != nil {
				t.Fatal("the seed: ", err)
			}
			p := up(t, "--mirrors", "stripe@"+c.line, "--limits", "off", "--seed-file", "stripe:"+seed)
			c.run(t, p, c.sdk, c.line, rows)
			called := p.called()
			for _, o := range operations { // some are on two hosts
				if called[o.id] {
					called[o.method+o.path] = true
				}
			}
			resources, calls := 0, 0
			for _, r := range rows.Rows {
				if r.absent(c.sdk) {
					continue
				}
				resources++
				for _, o := range operations {
					switch {
					case !o.of(r), r.lacks(c.sdk, o):
					case called[o.method+o.path]:
						calls++
					default:
						t.Errorf("%s never called %s successfully: row %s leaves out %s %s", c.sdk, o.id, r, o.method, o.path)
					}
				}
			}
			t.Logf("%d resources by %d of their operations", resources, calls)
		})
	}
}

// absent tells whether an SDK has no methods for a row.
func (r *row) absent(sdk string) bool { return named(r.Absent, sdk) }

// absent tells whether an SDK's method for a step is not there, or fails.
func (s step) absent(sdk string) bool { return named(s.Absent, sdk) }

func named(sdks []string, sdk string) bool {
	return slices.ContainsFunc(sdks, func(name string) bool { return strings.HasPrefix(sdk, name) })
}

// lacks tells whether an operation is that of a step which an SDK has no method
// for, or which is refused.
func (r *row) lacks(sdk string, o served) bool {
	return slices.ContainsFunc(r.Steps, func(s step) bool {
		of := o.method == "POST" && strings.HasSuffix(o.path, "/"+s.Do)
		if s.Do == "update" {
			of = o.method == "POST" && strings.HasSuffix(o.path, "}")
		}
		return of && (s.Fails != 0 || s.absent(sdk))
	})
}

// called are the operations that were answered with success, by the trace.
func (p *project) called() map[string]bool {
	p.t.Helper()
	out := map[string]bool{}
	for text := range strings.Lines(p.mirra("logs", "--json", "--type", "traffic.request_completed")) {
		var request struct {
			Operation string
			Status    int
		}
		if err := json.Unmarshal([]byte(text), &request); err != nil {
			p.t.Fatalf("logs --json printed %s: %v", text, err)
		}
		if request.Status/100 == 2 {
			out[request.Operation] = true
		}
	}
	return out
}

// script runs an SDK's own program over the rows.
func script(t *testing.T, p *project, sdk string, rows *resources, cmd *exec.Cmd, env ...string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rows.json")
	text, err := json.Marshal(rows)
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = environment(p.home, append(env, "ROWS="+file, "SDK="+sdk, "STRIPE_URL="+p.url, "STRIPE_FILES_URL="+p.files)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func nodeRoundTrips(t *testing.T, p *project, sdk, line string, rows *resources) {
	cmd := exec.Command("node", "--test", "--test-reporter=dot", "roundtrip.test.mjs")
	cmd.Dir = "node"
	script(t, p, sdk, rows, cmd, "STRIPE_SDK="+lines[line])
}
