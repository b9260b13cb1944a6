package e2e

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// resources is roundtrip/resources.json: how each kind of object is made or
// found, changed and ended. In braces stand references: {unique} is another text
// each time, {create.x} a parameter of the row's own, anything else the id of a new
// object of the row, or what is given, that is called so.
type resources struct {
	Seed  map[string]any     `json:"seed"`
	Given map[string]*madeOf `json:"given"`
	Rows  []*row             `json:"rows"`
	// Seeded are rows of objects that no request makes; Seed is what they are.
	Seeded []*row `json:"seeded,omitempty"`
	// Refused names what answers 501 whatever the method, with its path.
	Refused map[string]string `json:"refused,omitempty"`
}

// row takes one kind of object through its life.
type row struct {
	Name    string         `json:"name"`             // as stripe-node has the resource
	Part    string         `json:"part,omitempty"`   // of the resource: Person in createPerson
	Go      string         `json:"go,omitempty"`     // stripe-go's name, where it is another
	Path    string         `json:"path"`             // of the collection
	Parent  map[string]any `json:"parent,omitempty"` // what a part is of
	Needs   []string       `json:"needs,omitempty"`  // references that have to be there
	Create  map[string]any `json:"create,omitzero"`
	ID      string         `json:"id,omitempty"`     // in place of create; without both, of what is listed, which has to be as expected
	Seed    map[string]any `json:"seed,omitempty"`   // what ID has, from before the first request
	Input   []string       `json:"input,omitempty"`  // parameters that answers do not show, or otherwise
	Expect  map[string]any `json:"expect,omitempty"` // of a new one
	New     []string       `json:"new,omitempty"`    // members of the first answer alone
	Update  map[string]any `json:"update,omitempty"`
	List    map[string]any `json:"list,omitempty"` // filters
	Steps   []step         `json:"steps,omitempty"`
	Gone    any            `json:"gone,omitempty"`    // status of a retrieval of a deleted one; "deleted" if it answers what is left
	Absent  []string       `json:"absent,omitempty"`  // SDKs without methods for it
	Unpaged bool           `json:"unpaged,omitempty"` // its list takes no limit
	// ForVersion is of what is made for clients of a version.
	ForVersion bool `json:"forVersion,omitempty"`
	// NoRetrieve is of kinds that are shown once.
	NoRetrieve bool `json:"noRetrieve,omitempty"`
	// Line has what is otherwise in a line.
	Line map[string]*struct {
		Create map[string]any `json:"create"`
		Steps  []step         `json:"steps"`
	} `json:"line,omitempty"`
}

// step is one method; Then is what it answers, Params if absent.
type step struct {
	Do     string         `json:"do"`
	Params map[string]any `json:"params,omitempty"`
	Then   map[string]any `json:"then,omitempty"`
	Absent []string       `json:"absent,omitempty"` // SDKs whose method is not there
	Astray []string       `json:"astray,omitempty"` // SDKs whose method asks for another path, which fails
	Fails  int            `json:"fails,omitempty"`  // the status, where it is refused
	Apart  bool           `json:"apart,omitempty"`  // it answers another object
	Alone  bool           `json:"alone,omitempty"`  // likewise, and takes no id
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
	for _, r := range out.Seeded {
		out.seed(r)
	}
	out.Rows, out.Seeded = append(out.Rows, out.Seeded...), nil
	for _, r := range out.Rows {
		if other := r.Line[line]; other != nil {
			if other.Create != nil {
				r.Create = other.Create
			}
			if other.Steps != nil {
				r.Steps = other.Steps
			}
		}
		r.Line = nil
	}
	return &out
}

// seed adds what a row is of to the seed, twice, so that it is on a page of many.
func (rs *resources) seed(r *row) {
	r.ID, r.Expect = r.Seed["id"].(string), r.Seed
	entity := strings.ReplaceAll(r.Seed["object"].(string), ".", "_") + "s"
	another := maps.Clone(r.Seed)
	another["id"] = r.ID + "B"
	rs.Seed[entity] = []any{r.Seed, another}
	if r.NoRetrieve { // it is found in the list
		r.ID = ""
	}
	r.Seed = nil
}

// lines are those that are mirrored, each with the stripe-node that asks for it.
var lines = map[string]string{"2024-06": "stripe-2024-06", "2026-08": "stripe-current"}

// roundTripped are the SDKs that take every row, in the line that they ask for.
var roundTripped = []struct {
	sdk, line string
	run       func(t *testing.T, p *project, sdk, line string, rows *resources)
	surface   func(t *testing.T, p *project, sdk, line string) []asked
}{
	{"stripe-node 16.12", "2024-06", nodeRoundTrips, nodeSurface},
	{"stripe-node 23.1", "2026-08", nodeRoundTrips, nodeSurface},
	{"stripe-go v79", "2024-06", goRoundTrips, goSurface},
	{"stripe-go v85", "2026-08", goRoundTrips, goSurface},
	{"stripe-python 5.0", "2024-06", pythonRoundTrips, pythonSurface},
	{"stripe-python 5.0", "2026-08", pythonRoundTrips, pythonSurface},
}

// TestRoundTrips takes every resource through its life, with the typed methods
// of each SDK: what was sent comes back, stays, is listed and ends as it should.
// Every method that the SDK has, of every resource, is among them, or answers 501.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	through, named := 0, map[string]bool{} // SDKs, and refused resources that they have
	t.Cleanup(func() {
		for name := range rowsOf(t, "2026-08").Refused {
			if through == len(roundTripped) && !named[name] {
				t.Errorf("roundtrip/resources.json names %s as refused; no SDK asks for it", name)
			}
		}
	})
	for _, c := range roundTripped {
		t.Run(c.sdk+" on "+c.line, func(t *testing.T) {
			t.Parallel()
			rows := rowsOf(t, c.line)
			seed := filepath.Join(t.TempDir(), "seed.json")
			if text, err := json.Marshal(rows.Seed); err != nil || os.WriteFile(seed, text, 0o600) != nil {
				t.Fatal("the seed: ", err)
			}
			p := up(t, "--mirrors", "stripe@"+c.line, "--limits", "off", "--seed-file", "stripe:"+seed)
			c.run(t, p, c.sdk, c.line, rows)
			surface := c.surface(t, up(t, "--mirrors", "stripe@"+c.line, "--limits", "off", "--seed-file", "stripe:"+seed), c.sdk, c.line)
			refused := complete(t, surface, p.answered(), operationsOf(t, c.line), rows)
			mu.Lock()
			defer mu.Unlock()
			through++
			maps.Copy(named, refused)
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

// answered are the statuses that each operation was answered with, by the trace.
func (p *project) answered() map[string][]int {
	p.t.Helper()
	out := map[string][]int{}
	for text := range strings.Lines(p.mirra("logs", "--json", "--type", "traffic.request_completed")) {
		var request struct {
			Operation string
			Status    int
		}
		if err := json.Unmarshal([]byte(text), &request); err != nil {
			p.t.Fatalf("logs --json printed %s: %v", text, err)
		}
		out[request.Operation] = append(out[request.Operation], request.Status)
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
	script(t, p, sdk, rows, node("--test", "--test-reporter=dot", "roundtrip.test.mjs"), "STRIPE_SDK="+lines[line])
}

func nodeSurface(t *testing.T, p *project, _, line string) []asked {
	return surface(t, p, node("surface.mjs"), "STRIPE_SDK="+lines[line])
}

func node(args ...string) *exec.Cmd {
	cmd := exec.Command("node", args...)
	cmd.Dir = "node"
	return cmd
}
