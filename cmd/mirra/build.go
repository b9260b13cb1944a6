package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
)

// buildPlugin compiles a plugin folder and appends the manifest that the plugin
// prints when it is run natively. Build tags, separated by commas, choose one of
// several lines of the same source. Diagnostics of the Go command go to stderr.
func buildPlugin(ctx context.Context, folder, tags string, stderr io.Writer) ([]byte, *abi.Manifest, error) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		return nil, nil, &usageError{text: "plugin build needs Go, which is not in PATH", hint: "install it from https://go.dev/dl"}
	}
	tmp, err := os.MkdirTemp("", "mirra-build-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(tmp) // a leftover in the temporary folder harms nobody
	out := filepath.Join(tmp, "plugin.wasm")
	// Nothing of the machine may get into the file: no paths, no commit.
	build := exec.CommandContext(ctx, goTool, "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-tags="+tags, "-ldflags=-s -w", "-o", out, ".")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOWASM=", "GOEXPERIMENT=")
	build.Dir, build.Stderr = folder, stderr
	describe := exec.CommandContext(ctx, goTool, "run", "-buildvcs=false", "-tags="+tags, ".")
	describe.Env = append(os.Environ(), "GOOS=", "GOARCH=", "GOFLAGS=")
	describe.Dir, describe.Stderr = folder, stderr
	if err := build.Run(); err != nil {
		return nil, nil, fmt.Errorf("go build: %w", err)
	}
	text, err := describe.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go run: %w", err)
	}
	m := new(abi.Manifest)
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(m); err != nil {
		return nil, nil, fmt.Errorf("the plugin prints no manifest: %w; its main calls sdk.Main", err)
	}
	file, err := os.ReadFile(out)
	if err != nil {
		return nil, nil, err
	}
	if file, err = abi.AppendManifest(file, m); err != nil {
		return nil, nil, err
	}
	if _, err := checkPlugin(file); err != nil {
		return nil, nil, unsoundPlugin(fmt.Sprintf("%s@%s.%d", m.Name, m.Line, m.Build), err)
	}
	return file, m, nil
}

func unsoundPlugin(name string, err error) error {
	e := &registry.Error{Code: registry.CodeInvalid, Message: name + " is not a sound plugin", Err: err}
	if own, ok := errors.AsType[*registry.Error](err); ok {
		e.Code, e.Hint = own.Code, own.Hint
	}
	return e
}
