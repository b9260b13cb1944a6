package sdktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest/native"
)

// Backend is where the mirror of a test runs. There is one in this process; one
// that reaches a mirror under WebAssembly over HTTP is to stand beside it, so
// that the same tests prove both alike. Methods are called by one goroutine at
// a time, Do by several.
type Backend interface {
	// Do answers one request of vendor traffic.
	Do(r *Request) (*Response, error)
	// Advance moves the clock and returns when all that was due is done.
	Advance(d time.Duration) error
	Simulate(event, args string) error
	// Seed loads a fixture, or a state document if that is given.
	Seed(fixture string, state []byte) error
	Fault(rule []byte) error
	Secret(name string) (text string, ok bool)
	State(entity string) ([]string, error)
	// Close ends the session.
	Close()
}

// remoteURL names the variable that is to choose the backend over HTTP.
const remoteURL = "MIRRA_TEST_URL"

func startBackend(cfg *Config) (Backend, error) {
	if os.Getenv(remoteURL) != "" {
		return nil, errors.New("the backend over HTTP, asked for by " + remoteURL + ", is not built yet")
	}
	return startNative(cfg)
}

// nativeBackend runs the plugin in this process.
type nativeBackend struct {
	manager *session.Manager
	session *session.Session
	mirror  *session.Mirror
}

var _ Backend = (*nativeBackend)(nil)

// programs holds one loaded program for each plugin.
var programs struct {
	sync.Mutex
	byPlugin map[*sdk.Plugin]*native.Program
}

func load(p *sdk.Plugin) (*native.Program, error) {
	programs.Lock()
	defer programs.Unlock()
	if program := programs.byPlugin[p]; program != nil {
		return program, nil
	}
	program, err := native.Load(p)
	if err != nil {
		return nil, err
	}
	if programs.byPlugin == nil {
		programs.byPlugin = map[*sdk.Plugin]*native.Program{}
	}
	programs.byPlugin[p] = program
	return program, nil
}

// baseURL is where documents say that the mirror is; a host other than the
// default one has its id in front of the path.
const baseURL = "http://mirra.test"

func startNative(cfg *Config) (Backend, error) {
	program, err := load(cfg.Plugin)
	if err != nil {
		return nil, err
	}
	b := &nativeBackend{manager: native.Sessions(program)}
	hosts := program.Manifest().Hosts
	b.session, err = b.manager.Create(context.Background(), session.Options{
		SeedValue: &cfg.SeedValue, Limits: session.LimitMode(cfg.Limits), Strict: cfg.Strict, PeerClock: true, Frozen: true, At: cfg.At,
		Mirrors: []session.MirrorSpec{{Ref: program.Manifest().Name, Fixtures: cfg.Fixtures, Seed: cfg.State, Forwards: cfg.Forwards}},
		Secrets: func(variable string) (string, string, bool) {
			v, ok := cfg.Secrets[variable]
			return v, "the test", ok
		},
	})
	if err != nil {
		return nil, err
	}
	b.session.SetBaseURL(func(_, host string) string {
		if host == "" || len(hosts) > 0 && host == hosts[0].ID {
			return baseURL
		}
		return baseURL + "/" + host
	})
	b.mirror = b.session.Mirrors()[0]
	return b, nil
}

// Session returns the session of a mirror that runs in this process; the test
// fails where it runs elsewhere.
func (m *Mirror) Session() *session.Session {
	m.t.Helper()
	b, ok := m.backend.(*nativeBackend)
	if !ok {
		m.t.Fatal("this test needs the session in its own process")
	}
	return b.session
}

func (b *nativeBackend) Do(r *Request) (*Response, error) {
	target, vendorHost := r.Target, r.Host
	if rest, ok := strings.CutPrefix(target, baseURL); ok {
		target = rest
		for _, h := range b.mirror.Manifest().Hosts {
			if rest, ok := strings.CutPrefix(target, "/"+h.ID+"/"); ok {
				target, vendorHost = "/"+rest, h.ID
			}
		}
	}
	in := host.Request{Method: r.Method, Scheme: "http", Authority: "mirra.test", Host: vendorHost, BaseURL: baseURL, Target: target, Body: []byte(r.Body)}
	for _, h := range r.Headers {
		in.Headers = append(in.Headers, abi.Pair{Name: h[0], Value: h[1]})
	}
	out := b.mirror.Serve(context.Background(), &in)
	defer out.Release()
	resp := &Response{Status: out.Status, Body: string(out.Body), Dropped: out.Drop}
	for _, h := range out.Headers {
		resp.Headers = append(resp.Headers, [2]string{strings.Clone(h.Name), strings.Clone(h.Value)})
	}
	for _, chunk := range out.Script.All {
		resp.Body += chunk
	}
	if out.Blob != nil {
		p := make([]byte, out.BlobLen)
		if _, err := out.Blob.ReadAt(p, out.BlobFrom); err != nil {
			return nil, fmt.Errorf("read blob: %w", err)
		}
		resp.Body = string(p)
	}
	return resp, nil
}

func (b *nativeBackend) Advance(d time.Duration) error {
	_, err := b.session.Advance(context.Background(), d)
	return err
}

func (b *nativeBackend) Simulate(event, args string) error {
	return b.session.Simulate(context.Background(), b.mirror.Name(), event, args)
}

func (b *nativeBackend) Seed(fixture string, state []byte) error {
	return b.session.Seed(context.Background(), b.mirror.Name(), fixture, state)
}

func (b *nativeBackend) Fault(rule []byte) error {
	var f session.FaultRule
	if err := json.Unmarshal(rule, &f); err != nil {
		return err
	}
	_, err := b.session.AddFault(f)
	return err
}

func (b *nativeBackend) Secret(name string) (string, bool) {
	for _, s := range b.mirror.Secrets() {
		if s.Name == name {
			return s.Text, true
		}
	}
	return "", false
}

func (b *nativeBackend) State(entity string) ([]string, error) {
	var docs []string
	err := b.mirror.Documents(entity, func(_ string, d host.Document) bool {
		docs = append(docs, string(d.JSON))
		return true
	})
	return docs, err
}

func (b *nativeBackend) Close() { b.manager.Close() }
