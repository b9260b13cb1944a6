package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestGuides runs the commands of each guide in order, as somebody would who
// follows it.
func TestGuides(t *testing.T) {
	t.Parallel()
	for guide, folder := range map[string]string{
		"sessions.md": "",      // a project's folder
		"server.md":   "",      // likewise
		"plugins.md":  "../..", // the repository
		"fidelity.md": "../..",
		"drop-in.md":  "",
		"stripe.md":   "",
		"resend.md":   "",
		"twilio.md":   "",
		"vitest.md":   "",
	} {
		t.Run(guide, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("../../docs", guide))
			if err != nil {
				t.Fatal(err)
			}
			var script strings.Builder
			script.WriteString("set -euo pipefail\ncurl() { command curl --fail-with-body \"$@\"; }\n")
			blocks := shellBlock.FindAllStringSubmatch(string(text), -1)
			if len(blocks) < 3 {
				t.Fatalf("%d blocks of commands in %s", len(blocks), guide)
			}
			for _, b := range blocks {
				// Each command is shown before it runs, so that a failure has a name.
				here := false // within the lines of a here document
				for command := range strings.SplitSeq(strings.ReplaceAll(b[1], "\\\n", ""), "\n") {
					if command != "" && !here {
						script.WriteString("echo " + quote("$ "+command) + "\n")
					}
					script.WriteString(command + "\n")
					here = strings.HasSuffix(command, "<<'END'") || here && command != "END"
				}
			}
			p := newProject(t)
			p.home = t.TempDir()
			path := filepath.Join(p.folder, "bin")
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(binary, filepath.Join(path, "mirra")); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.mirra("down", "--all") })
			env := environment(p.home, "PATH="+path+":"+os.Getenv("PATH"))
			if guide == "vitest.md" {
				env = append(env, p.vitest()...)
			}
			cmd := exec.Command("bash", "-c", script.String())
			if folder == "" {
				folder = p.folder
			}
			cmd.Dir = folder
			if guide == "plugins.md" {
				t.Cleanup(func() { _ = os.Remove(filepath.Join(folder, "hello.wasm")) }) // what it builds
			}
			cmd.Env = env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
