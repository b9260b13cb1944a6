// Package sdktest tests a plugin through the real session host: its requests,
// database, clock, timers and deliveries, without a network but for webhooks on
// loopback. The plugin runs natively, where a debugger reaches it; with
// MIRRA_TEST_PLUGIN=FILE.wasm the same tests run on the built file, under
// WebAssembly.
package sdktest

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// Epoch is the session time at which a mirror starts unless At says otherwise.
var Epoch = time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC)

// Config is what a mirror is started with; options change it.
type Config struct {
	Plugin    *sdk.Plugin // nil: the one that called Serve
	SeedValue int64       // of ids
	At        time.Time
	Limits    string // "off", "test", "vendor"
	Fixtures  []string
	State     []byte   // a seed document
	Forwards  []string // URLs that get every event
	Strict    bool

	RefuseVersions bool // refuse API versions the plugin does not support

	Secrets map[string]string // environment variables that secrets are read from
	Headers [][2]string       // of every request
}

// Option changes how a mirror is started.
type Option func(*Config)

// Plugin tests p instead of the plugin that called Serve.
func Plugin(p *sdk.Plugin) Option { return func(c *Config) { c.Plugin = p } }

// At starts the session's clock at an instant.
func At(t time.Time) Option { return func(c *Config) { c.At = t } }

// SeedValue chooses the seed of ids.
func SeedValue(v int64) Option { return func(c *Config) { c.SeedValue = v } }

// Limits sets how rate limits are treated: "off" (the default), "test", "vendor".
func Limits(mode string) Option { return func(c *Config) { c.Limits = mode } }

// Fixture loads a fixture by name.
func Fixture(name string) Option {
	return func(c *Config) { c.Fixtures = append(c.Fixtures, name) }
}

// State loads a seed document, {entity: [document, …]}.
func State(json string) Option { return func(c *Config) { c.State = []byte(json) } }

// Forward sends every event to a URL.
func Forward(url string) Option {
	return func(c *Config) { c.Forwards = append(c.Forwards, url) }
}

// Strict makes generic operations answer 501.
func Strict() Option { return func(c *Config) { c.Strict = true } }

// RefuseVersions makes the plugin refuse API versions it does not support.
func RefuseVersions() Option { return func(c *Config) { c.RefuseVersions = true } }

// Env sets an environment variable that a secret of the manifest is read from.
func Env(name, value string) Option {
	return func(c *Config) {
		if c.Secrets == nil {
			c.Secrets = map[string]string{}
		}
		c.Secrets[name] = value
	}
}

// Header sends a header with every request, such as a key.
func Header(name, value string) Option {
	return func(c *Config) { c.Headers = append(c.Headers, [2]string{name, value}) }
}

// Mirror is a plugin at work in a session of its own.
type Mirror struct {
	t       testing.TB
	cfg     Config
	backend Backend
}

// Start runs the plugin in a session that ends with the test. Its clock stands
// still, at Epoch, and moves by Advance; the application's clock is the same.
func Start(t testing.TB, options ...Option) *Mirror {
	t.Helper()
	cfg := Config{SeedValue: 1, At: Epoch, Limits: "off"}
	for _, o := range options {
		o(&cfg)
	}
	b, err := startBackend(&cfg)
	if err != nil {
		t.Fatalf("start mirror: %v", err)
	}
	t.Cleanup(b.Close)
	return &Mirror{t: t, cfg: cfg, backend: b}
}

// With returns the mirror for a subtest.
func (m *Mirror) With(t testing.TB) *Mirror {
	c := *m
	c.t = t
	return &c
}

// Request sends one request. headers are "Name: value"; they come behind those
// of Header, and replace the ones of the same name.
func (m *Mirror) Request(method, target, body string, headers ...string) *Response {
	m.t.Helper()
	return m.do("", method, target, body, headers)
}

// RequestHost is Request to one of the vendor's other hosts, by manifest id.
func (m *Mirror) RequestHost(host, method, target, body string, headers ...string) *Response {
	m.t.Helper()
	return m.do(host, method, target, body, headers)
}

// Form sends fields, "name=value" not escaped, as the form of a POST or the
// query of any other method. A field "Name: value" is a header.
func (m *Mirror) Form(method, target string, fields ...string) *Response {
	m.t.Helper()
	var form []string
	var headers []string
	for _, f := range fields {
		name, value, ok := strings.Cut(f, "=")
		if i := strings.Index(f, ": "); i >= 0 && (!ok || i < len(name)) {
			headers = append(headers, f)
			continue
		}
		form = append(form, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	text := strings.Join(form, "&")
	if method != "POST" {
		if text != "" {
			target += "?" + text
		}
		return m.do("", method, target, "", headers)
	}
	return m.do("", method, target, text, append([]string{"Content-Type: application/x-www-form-urlencoded"}, headers...))
}

func (m *Mirror) do(host, method, target, body string, headers []string) *Response {
	m.t.Helper()
	r := &Request{Method: method, Host: host, Target: target, Body: body, Headers: append([][2]string(nil), m.cfg.Headers...)}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.setHeader(name, value)
	}
	resp, err := m.backend.Do(r)
	if err != nil {
		m.t.Fatalf("%s %s: %v", method, target, err)
	}
	resp.t = m.t
	return resp
}

// Advance moves the session's clock and does all that falls due on the way.
func (m *Mirror) Advance(d time.Duration) {
	m.t.Helper()
	if err := m.backend.Advance(d); err != nil {
		m.t.Fatalf("advance %s: %v", d, err)
	}
}

// Settle waits until everything due by now is done, deliveries answered.
func (m *Mirror) Settle() { m.t.Helper(); m.Advance(0) }

// Simulate causes a vendor event; args are "key=value", not escaped.
func (m *Mirror) Simulate(event string, args ...string) error {
	values := url.Values{}
	for _, a := range args {
		k, v, _ := strings.Cut(a, "=")
		values.Add(k, v)
	}
	return m.backend.Simulate(event, values.Encode())
}

// Seed loads a seed document on top of what is there.
func (m *Mirror) Seed(state string) error { return m.backend.Seed("", []byte(state)) }

// Fault adds a rule, the JSON of the control API's.
func (m *Mirror) Fault(rule string) {
	m.t.Helper()
	if err := m.backend.Fault([]byte(rule)); err != nil {
		m.t.Fatalf("fault %s: %v", rule, err)
	}
}

// Secret returns the text of a secret the manifest names.
func (m *Mirror) Secret(name string) string {
	m.t.Helper()
	s, ok := m.backend.Secret(name)
	if !ok {
		m.t.Fatalf("no secret %q", name)
	}
	return s
}

// State returns the objects of an entity as JSON texts, oldest first.
func (m *Mirror) State(entity string) []string {
	m.t.Helper()
	docs, err := m.backend.State(entity)
	if err != nil {
		m.t.Fatalf("state %s: %v", entity, err)
	}
	return docs
}
