package e2e

import (
	"bytes"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ran is what came of `mirra run`.
type ran struct {
	code   int
	out    string // of both streams
	suites []suite
}

// suite is a scenario in a JUnit report.
type suite struct {
	Name  string `xml:"name,attr"`
	File  string `xml:"file,attr"`
	Cases []struct {
		Name    string  `xml:"name,attr"`
		Failure *reason `xml:"failure"`
		Error   *reason `xml:"error"`
		Skipped *reason `xml:"skipped"`
	} `xml:"testcase"`
}

type reason struct {
	Message string `xml:"message,attr"`
}

// runScenarios runs scenarios in a folder, and reads their report as CI would.
func runScenarios(t *testing.T, folder string, env []string, args ...string) *ran {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.xml")
	cmd := exec.Command(binary, append([]string{"run", "--junit", report}, args...)...)
	cmd.Dir, cmd.Env = folder, environment(home, env...)
	out, _ := cmd.CombinedOutput() // its code says it
	r := &ran{code: cmd.ProcessState.ExitCode(), out: string(out)}
	r.suites = readJUnit(t, report)
	return r
}

func readJUnit(t *testing.T, file string) []suite {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return nil
	}
	var report struct {
		Suites []suite `xml:"testsuite"`
	}
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(&report); err != nil {
		t.Errorf("%v in %s", err, text)
	}
	return report.Suites
}

// failed are the criteria that failed, "paid.md: c1 [D] …", with the reason of each.
func (r *ran) failed() map[string]string {
	out := map[string]string{}
	for _, s := range r.suites {
		for _, c := range s.Cases {
			if c.Failure != nil {
				out[filepath.Base(s.File)+": "+c.Name] = c.Failure.Message
			}
		}
	}
	return out
}

// TestScenariosOfApps: the applications do what their scenarios say, run as docs/scenarios.md
// has it for CI.
func TestScenariosOfApps(t *testing.T) {
	t.Parallel()
	nextFolder.Lock()
	defer nextFolder.Unlock()
	r := runScenarios(t, "../..", []string{"PYTHON=" + python, "PYTHONDONTWRITEBYTECODE=1"}, "--parallel", "2", "examples/apps/**/*.md")
	folders, err := os.ReadDir(apps)
	if err != nil || r.code != 0 || len(r.failed()) > 0 {
		t.Errorf("it ends with %d (%v): %s", r.code, err, r.out)
	}
	if len(r.suites) != len(folders) {
		t.Errorf("%d scenarios were run, of %d applications: %s", len(r.suites), len(folders), r.out)
	}
	for _, s := range r.suites {
		if len(s.Cases) < 5 {
			t.Errorf("%s has %d results", s.File, len(s.Cases))
		}
		for _, c := range s.Cases {
			if c.Failure != nil || c.Error != nil || c.Skipped != nil {
				t.Errorf("%s: %s did not pass", s.File, c.Name)
			}
		}
	}
}
