package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordEnds: an interrupt ends a recording only behind the answer that is
// under way.
func TestRecordEnds(t *testing.T) {
	t.Setenv("MIRRA_HOME", t.TempDir())
	arrived, interrupted := make(chan bool), make(chan bool)
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/slow" {
			arrived <- true
			<-interrupted
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"cus_AAAAAAAAAAAAAA"}`) // a client that went away misses nothing
	}))
	defer vendor.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	path := filepath.Join(t.TempDir(), "r.jsonl")
	stdout, out := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- program(ctx, []string{"fidelity", "record", "--vendor", "stripe", "--to", vendor.URL, "--out", path, "--json"}, strings.NewReader(""), out, &stderr)
		out.Close()
	}()
	var started struct{ URL string }
	if err := json.NewDecoder(stdout).Decode(&started); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	get := func(path string) error {
		resp, err := http.Get(started.URL + path)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return err
	}
	if err := get("/v1/quick"); err != nil {
		t.Fatal(err)
	}
	slow := make(chan error, 1)
	go func() { slow <- get("/v1/slow") }()
	<-arrived
	interrupt()
	select {
	case err := <-ended:
		t.Fatalf("it ended with an answer under way: %v", err)
	default:
	}
	close(interrupted)
	if err := <-slow; err != nil {
		t.Errorf("the answer under way: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v: %s", err, stderr.String())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	if len(lines) != 3 || lines[2] != "" || !strings.Contains(lines[0], `https://api.stripe.com/v1/quick`) || !strings.Contains(lines[1], "https://api.stripe.com/v1/slow") {
		t.Errorf("the recording is %q", lines)
	}
}
