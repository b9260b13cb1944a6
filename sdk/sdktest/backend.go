package sdktest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest/guest"
	"github.com/mirrahq/mirra/sdk/sdktest/native"
)

// Backend is where the mirror of a test runs: a session of this process, with
// the plugin as native code or, see guestFile, as the file that users install.
// Methods are called by one goroutine at a time, Do by several.
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

// guestFile names the variable with the plugin file to test in the place of the
// native plugin that called Serve. The file is that of the same source.
const guestFile = "MIRRA_TEST_PLUGIN"

func startBackend(cfg *Config) (Backend, error) {
	if path := os.Getenv(guestFile); path != "" && (cfg.Plugin == nil || cfg.Plugin == sdk.Native{}.Served()) {
		program, err := guest.Load(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", guestFile, err)
		}
		return startSession(cfg, program)
	}
	program, err := load(cfg.Plugin)
	if err != nil {
		return nil, err
	}
	return startSession(cfg, program)
}

// sessionBackend is a session in this process.
type sessionBackend struct {
	manager *session.Manager
	session *session.Session
	mirror  *session.Mirror
}

var _ Backend = (*sessionBackend)(nil)

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

func startSession(cfg *Config, program host.Program) (Backend, error) {
	b := &sessionBackend{manager: native.Sessions(program)}
	hosts := program.Manifest().Hosts
	var err error
	b.session, err = b.manager.Create(context.Background(), session.Options{
		SeedValue: &cfg.SeedValue, Limits: session.LimitMode(cfg.Limits), Strict: cfg.Strict, RefuseVersions: cfg.RefuseVersions, PeerClock: true, Frozen: true, At: cfg.At,
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

// Session returns the mirror's session.
func (m *Mirror) Session() *session.Session { return m.backend.(*sessionBackend).session }

func (b *sessionBackend) Do(r *Request) (*Response, error) {
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

func (b *sessionBackend) Advance(d time.Duration) error {
	_, err := b.session.Advance(context.Background(), d)
	return err
}

func (b *sessionBackend) Simulate(event, args string) error {
	return b.session.Simulate(context.Background(), b.mirror.Name(), event, args)
}

func (b *sessionBackend) Seed(fixture string, state []byte) error {
	return b.session.Seed(context.Background(), b.mirror.Name(), fixture, state)
}

func (b *sessionBackend) Fault(rule []byte) error {
	var f session.FaultRule
	if err := json.Unmarshal(rule, &f); err != nil {
		return err
	}
	_, err := b.session.AddFault(f)
	return err
}

func (b *sessionBackend) Secret(name string) (string, bool) {
	for _, s := range b.mirror.Secrets() {
		if s.Name == name {
			return s.Text, true
		}
	}
	return "", false
}

func (b *sessionBackend) State(entity string) ([]string, error) {
	var docs []string
	err := b.mirror.Documents(entity, func(_ string, d host.Document) bool {
		docs = append(docs, string(d.JSON))
		return true
	})
	return docs, err
}

func (b *sessionBackend) Close() { b.manager.Close() }
