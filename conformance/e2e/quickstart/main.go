// Command quickstart does in an empty folder what the README says under "Try it",
// with the packages that `make npm` packed, and prints each step with the time it
// took. Nothing but Node is taken from the machine.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/mirrahq/mirra/conformance/e2e/npmregistry"
)

func main() {
	if err := run("README.md", filepath.Join("build", "npm")); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// tryIt is the first block of commands below its heading.
var tryIt = regexp.MustCompile("(?s)## Try it\n.*?```sh\n(.*?)```")

func run(readme, packages string) (err error) {
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	block := tryIt.FindSubmatch(text)
	if block == nil {
		return fmt.Errorf("%s has no commands under \"Try it\"", readme)
	}
	registry, err := npmregistry.Open(packages)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: registry, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	defer server.Close()
	folder, err := os.MkdirTemp("", "mirra-quickstart-")
	if err != nil {
		return err
	}
	env := append(os.Environ(), "MIRRA_HOME="+filepath.Join(folder, ".home"), "MIRRA_PORT=0", "npm_config_@mirrahq:registry=http://"+l.Addr().String(),
		"npm_config_yes=true", "npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false")
	command := func(line string) *exec.Cmd {
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", line)
		cmd.Dir, cmd.Env, cmd.Stderr = folder, env, os.Stderr
		return cmd
	}
	defer func() {
		// The server would end by itself a minute later, but in a folder that is gone.
		err = errors.Join(err, command("npx @mirrahq/cli down --all").Run(), os.RemoveAll(folder))
	}()
	began := time.Now()
	var all bytes.Buffer
	for _, step := range steps(string(block[1])) {
		started := time.Now()
		title, _, more := strings.Cut(step, "\n")
		if more {
			title += " …"
		}
		fmt.Println("$ " + title)
		cmd := command(step)
		cmd.Stdout = io.MultiWriter(os.Stdout, &all)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", title, err)
		}
		fmt.Printf("  %.1f s\n", time.Since(started).Seconds())
	}
	for _, want := range []string{"created cus_", "verified customer.created cus_"} {
		if !strings.Contains(all.String(), want) {
			return fmt.Errorf("no command printed %q", want)
		}
	}
	fmt.Printf("✓ a customer created and its webhook verified, %.1f s from an empty folder\n", time.Since(began).Seconds())
	return nil
}

// steps are the commands of a block, each with its here document.
func steps(block string) []string {
	var all []string
	here := false
	for line := range strings.Lines(block) {
		if here || len(all) > 0 && strings.HasSuffix(all[len(all)-1], "\\\n") {
			all[len(all)-1] += line
		} else if strings.TrimSpace(line) != "" {
			all = append(all, line)
		}
		here = strings.HasSuffix(line, "<<'END'\n") || here && line != "END\n"
	}
	for i := range all {
		all[i] = strings.TrimSuffix(all[i], "\n")
	}
	return all
}
