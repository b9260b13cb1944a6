package conformance

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mirrahq/mirra/"

// layers says which packages of Mirra each folder may import, beside those
// below itself. The longest folder that fits a package counts. An entry is one
// package; with /... it is all below it too.
var layers = []struct {
	folder string
	may    []string
	why    string
}{
	{"abi", nil, "the contract depends on nothing, so that both sides can share it"},
	{"sdk", []string{"abi"}, "a plugin author needs sdk alone, and it must fit into a guest"},
	{"sdk/resource", []string{"abi", "sdk"}, "the engine of described operations is for plugins that want it"},
	{"sdk/phone", nil, "what every vendor that knows telephone numbers needs; nothing of a mirror's"},
	{"sdk/sdktest", []string{"abi", "sdk/...", "host", "host/session", "host/sqlite", "host/webhook", "host/tape", "host/wasm"}, "tests of a plugin go through the real session host, so that they cannot differ from it"},
	{"plugins", []string{"abi", "sdk", "sdk/resource", "sdk/phone", "sdk/when"}, "a mirror reaches the host by the ABI only"},
	{"sdk/mirratest", []string{"abi", "host", "host/httpapi", "registry", "registry/lock"}, "an application's tests link the client of the control API, and no engine"},
	{"sdk/mirratest/inprocess", []string{"host", "host/assembly", "registry", "registry/dir", "registry/file", "sdk/mirratest"}, "who wants the server within the test links the engine; nobody else does"},
	{"examples", []string{"abi", "sdk", "sdk/resource"}, "examples are what plugin authors copy"},
	{"host", []string{"abi"}, "domain types know no technology"},
	{"host/tape", []string{"abi"}, "parsing is pure"},
	{"host/session", []string{"abi", "host", "host/tape"}, "use cases know adapters by the interfaces of host"},
	{"host/hosttest", []string{"abi", "host"}, "helpers of tests"},
	{"host/wasm", []string{"abi", "host"}, "adapters do not import each other"},
	{"host/sqlite", []string{"abi", "host"}, "adapters do not import each other"},
	{"host/webhook", []string{"abi", "host"}, "adapters do not import each other"},
	{"host/httpapi", []string{"abi", "host"}, "adapters do not import each other"},
	{"host/smtp", []string{"abi", "host"}, "adapters do not import each other"},
	{"host/mcp", []string{"abi", "host"}, "adapters do not import each other"},
	{"host/proxy", []string{"abi", "host"}, "adapters do not import each other"},
	{"host/nearest", nil, "a misspelt word is the same everywhere"},
	{"host/driver", nil, "running commands knows nothing of mirrors"},
	{"host/workdir", nil, "copies of work trees are git's business alone"},
	{"host/backoff", nil, "how retries back off is one rule"},
	{"host/drill", []string{"host", "host/backoff"}, "drills use a session as every client does"},
	{"host/judge", []string{"host"}, "what a model is asked comes from what a session tells every client"},
	{"host/run", []string{"abi", "host", "host/scenario/...", "host/drill"}, "the one place where scenarios, sessions and drills are joined; who runs brings processes and models"},
	{"host/run/report", []string{"host"}, "reports show what runs hold, and neither run nor judge"},
	{"host/scenario", []string{"abi", "host", "host/nearest"}, "adapters do not import each other"},
	{"host/scenario/evaluate", []string{"abi", "host", "host/backoff", "host/nearest", "host/scenario/criteria"}, "what a session did is decided without files and without asking anybody"},
	{"host/scenario/criteria", []string{"abi", "host", "host/nearest"}, "Go and Node bind criteria too, and read no Markdown"},
	{"host/assembly", []string{"abi", "host/...", "registry/..."}, "the one place where session and adapters are joined"},
	{"registry", []string{"abi"}, "distribution knows plugin files, not how they run"},
	{"conformance", []string{"abi", "host/...", "sdk/...", "registry/..."}, "suites that anyone can run"},
	{"conformance/vendorsuite", nil, "recordings and comparisons know no host, so that peers are measured by the same rules"},
	{"cmd", []string{"abi", "host/...", "sdk/...", "registry/...", "conformance/vendorsuite"}, "commands wire; plugins reach them as files"},
}

// homes is where each third-party package may be imported.
var homes = map[string]string{
	"github.com/tetratelabs/wazero":          "host/wasm",
	"github.com/ncruces/go-sqlite3":          "host/sqlite",
	"github.com/gorilla/mux":                 "host/httpapi",
	"github.com/emersion/go-smtp":            "host/smtp",
	"github.com/emersion/go-sasl":            "host/smtp",
	"github.com/emersion/go-message":         "host/smtp",
	"github.com/modelcontextprotocol/go-sdk": "host/mcp",
	"github.com/google/jsonschema-go":        "host/mcp",
	"github.com/tailscale/hujson":            "cmd/mirra",
	"github.com/pelletier/go-toml":           "cmd/mirra",
	"github.com/spf13/viper":                 "cmd/mirra",
	"github.com/spf13/cobra":                 "cmd/mirra",
	"github.com/spf13/pflag":                 "cmd/mirra",
	"go.yaml.in/yaml/v3":                     "cmd/mirra cmd/yamljson conformance/vendorsuite host/scenario",
	"github.com/gofrs/flock":                 "registry cmd/mirra",
	"github.com/klauspost/compress":          "registry host/sqlite host/assembly",
	"github.com/rogpeppe/go-internal":        "cmd/mirra",
	"github.com/smallstep/truststore":        "cmd/mirra",
	"github.com/yuin/goldmark":               "host/scenario",
	"github.com/expr-lang/expr":              "host/scenario",
	"github.com/tidwall/gjson":               "host/scenario",
	"github.com/anthropics/anthropic-sdk-go": "host/judge",
	"github.com/openai/openai-go":            "host/judge",
	"golang.org/x/net":                       "host/proxy",
	"github.com/shirou/gopsutil":             "host/driver",
	"golang.org/x/sys":                       "host/wasm cmd/mirra",
	"golang.org/x/text":                      "host/run/report",
	"github.com/hashicorp/go-multierror":     "host registry cmd conformance",
}

type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Standard                           bool
}

func listPackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages, want the whole module", len(all))
	}
	return all
}

// TestLayering holds the table against the imports of every package. Tests are
// free within Mirra, because a suite may need the real thing, but keep to the
// homes of third-party packages.
func TestLayering(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, p := range listPackages(t) {
		folder := strings.TrimPrefix(p.ImportPath, module)
		rule := -1
		for i, l := range layers {
			if within(folder, l.folder) && (rule < 0 || len(l.folder) > len(layers[rule].folder)) {
				rule = i
			}
		}
		if rule < 0 {
			t.Errorf("%s: no rule in layers; say where it belongs", folder)
			continue
		}
		l := layers[rule]
		used[l.folder] = true
		for _, imported := range p.Imports {
			if target, ok := strings.CutPrefix(imported, module); ok && !within(target, l.folder) && !allowed(target, l.may) {
				t.Errorf("%s imports %s: %s may import %v (%s)", folder, target, l.folder, l.may, l.why)
			}
		}
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			checkHome(t, folder, imported)
		}
	}
	for _, l := range layers {
		if !used[l.folder] {
			t.Errorf("rule for %s fits no package; take it out", l.folder)
		}
	}
}

func checkHome(t *testing.T, folder, imported string) {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") || strings.HasPrefix(imported, module) {
		return
	}
	for library, home := range homes {
		if within(imported, library) {
			if !slices.ContainsFunc(strings.Fields(home), func(h string) bool { return within(folder, h) }) {
				t.Errorf("%s imports %s, which is at home in %s", folder, imported, home)
			}
			return
		}
	}
	t.Errorf("%s imports %s, which has no home in homes", folder, imported)
}

func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func allowed(target string, list []string) bool {
	for _, entry := range list {
		if tree, ok := strings.CutSuffix(entry, "/..."); ok && within(target, tree) || target == entry {
			return true
		}
	}
	return false
}
