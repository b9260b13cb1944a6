package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// shellBlocks returns the blocks of commands in a guide. A block with fences in it has a
// longer one around it.
func shellBlocks(text string) []string {
	var out []string
	var block strings.Builder
	fence := ""
	for line := range strings.Lines(text) {
		switch bare := strings.TrimRight(line, "\n"); {
		case fence == "" && strings.HasPrefix(bare, "```") && strings.TrimLeft(bare, "`") == "sh":
			fence = strings.TrimSuffix(bare, "sh")
		case fence != "" && bare == fence:
			out = append(out, block.String())
			fence = ""
			block.Reset()
		case fence != "":
			block.WriteString(line)
		}
	}
	return out
}

// TestGuides runs the commands of each guide in order, as somebody would who
// follows it.
func TestGuides(t *testing.T) {
	t.Parallel()
	for guide, folder := range map[string]string{
		"sessions.md":   "", // a project's folder
		"server.md":     "", // likewise
		"scenarios.md":  "",
		"plugins.md":    "../..", // the repository
		"fidelity.md":   "../..",
		"drop-in.md":    "",
		"drills.md":     "",
		"go.md":         "",
		"python.md":     "",
		"stripe.md":     "",
		"resend.md":     "",
		"twilio.md":     "",
		"vitest.md":     "",
		"playwright.md": "",
		"agents.md":     "",
	} {
		t.Run(guide, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("../../docs", guide))
			if err != nil {
				t.Fatal(err)
			}
			var script strings.Builder
			script.WriteString("set -euo pipefail\ncurl() { command curl --fail-with-body \"$@\"; }\n")
			blocks := shellBlocks(string(text))
			if len(blocks) < 3 {
				t.Fatalf("%d blocks of commands in %s", len(blocks), guide)
			}
			for _, b := range blocks {
				// Each command is shown before it runs, so that a failure has a name.
				here := false // within the lines of a here document
				for command := range strings.SplitSeq(strings.ReplaceAll(b, "\\\n", ""), "\n") {
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
			switch guide {
			case "vitest.md":
				env = append(env, p.npm("vitest/4/node_modules")...)
			case "playwright.md":
				env = append(env, p.npm("playwright/node_modules")...)
				env = append(env, "CHROMIUM="+chromium(t))
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
			if guide == "go.md" {
				// Its module takes this checkout of Mirra, and the SDK that is here.
				cmd.Env = append(cmd.Env, "GOWORK="+workspace(t, filepath.Join(folder, "shop")), "GOFLAGS=-mod=readonly", "GOPROXY=off")
			}
			if guide == "python.md" {
				plugin, err := filepath.Abs("../../sdk/python")
				if err == nil {
					err = os.Symlink(python, filepath.Join(path, "python3"))
				}
				if err != nil {
					t.Fatal(err)
				}
				cmd.Env = append(cmd.Env, "PYTHONPATH="+plugin, "PYTEST_PLUGINS=pytest_mirra", "PYTHONDONTWRITEBYTECODE=1") // as installed
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// workspace makes a Go workspace of a module that will be in folder, of this one and of
// Mirra, and returns its file.
func workspace(t *testing.T, folder string) string {
	t.Helper()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "go.work")
	text := "go " + strings.TrimPrefix(runtime.Version(), "go") + "\n\nuse (\n\t" + strings.Join([]string{folder, here, filepath.Join(here, "../..")}, "\n\t") + "\n)\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
