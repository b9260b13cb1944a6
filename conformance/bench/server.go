package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
)

// server is a mirra server of the bench's own.
type server struct {
	*httpapi.Client
	b      *bench
	home   string
	vendor string // host:port of vendor traffic
	pid    int
}

// start starts a server in a home of its own, by the command a user would use.
func (b *bench) start(ctx context.Context) (*server, error) {
	home, err := os.MkdirTemp("", "mirra-bench-")
	if err != nil {
		return nil, err
	}
	s := &server{b: b, home: home}
	if _, err := s.mirra(ctx, "up", "--mirrors", "stripe", "--json", "--new"); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(home, "state", "server.json"))
	if err != nil {
		return nil, err
	}
	var state struct {
		PID                          int
		ControlURL, VendorURL, Token string
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("server.json: %w", err)
	}
	u, err := url.Parse(state.VendorURL)
	if err != nil {
		return nil, err
	}
	s.Client, s.vendor, s.pid = httpapi.NewClient(state.ControlURL, state.Token), u.Host, state.PID
	b.later(s.stop)
	return s, nil
}

// mirra runs a command against the server's home, on ports of its own.
func (s *server) mirra(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.b.mirra, args...)
	cmd.Env = append(os.Environ(), "MIRRA_HOME="+s.home, "MIRRA_PORT=0")
	cmd.Dir = s.home
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return out, fmt.Errorf("mirra %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return out, err
}

func (s *server) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench: stop the server:", err)
	}
	_ = os.RemoveAll(s.home) // a scratch folder
}

// sessions creates n sessions of Stripe with limits off.
func (s *server) sessions(ctx context.Context, n int, change func(*host.NewSession)) ([]*host.SessionInfo, error) {
	var all []*host.SessionInfo
	for range n {
		zero := 0
		want := &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: "stripe"}}, Limits: "off", TimeoutSeconds: &zero}
		if change != nil {
			change(want)
		}
		info, err := s.CreateSession(ctx, want)
		if err != nil {
			return nil, err
		}
		all = append(all, info)
	}
	return all, nil
}

// prefix is the path of a session's Stripe.
func prefix(info *host.SessionInfo) string {
	return "/s/" + strings.TrimPrefix(info.SessionID, "ses_") + "/stripe"
}

// call makes one request of vendor traffic and returns the answer's JSON.
func (s *server) call(ctx context.Context, method, path, form string) (map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.vendor+path, strings.NewReader(form))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer sk_test_123456789")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := direct.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	var out map[string]any
	return out, json.Unmarshal(text, &out)
}

// direct is a client that no proxy of the environment's gets between.
var direct = &http.Client{Transport: &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 16}}

// residentKB reads how much memory a process has.
func residentKB(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.Fields(rest)[0], 64)
		}
	}
	return 0, errors.New("no VmRSS line")
}
