package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// world is a proxy with sessions, and what it dialled.
type world struct {
	t     testing.TB
	p     *Proxy
	front *httptest.Server // the listener that is a proxy and something else

	mu       sync.Mutex
	sessions map[string]*Session
	dialled  []string // addresses, and names looked up
}

// newWorld claims vendor.test and second.test; its sessions serve the hosts of the
// first.
func newWorld(t testing.TB, change func(*Config)) *world {
	t.Helper()
	w := &world{t: t, sessions: map[string]*Session{}}
	c := Config{Find: func(name string) *Session {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.sessions["ses_"+strings.TrimPrefix(name, "ses_")]
	}}
	if change != nil {
		change(&c)
	}
	var err error
	if w.p, err = New(c); err != nil {
		t.Fatal(err)
	}
	allowed := w.p.dialer.ControlContext
	w.p.dialer.ControlContext = func(ctx context.Context, network, address string, rc syscall.RawConn) error {
		w.note(address)
		if allowed != nil {
			return allowed(ctx, network, address, rc)
		}
		return nil
	}
	w.p.dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		w.note("a look-up")
		return nil, fmt.Errorf("there is no name server")
	}}
	w.p.transport.DialContext = w.p.dialer.DialContext
	w.p.Claim("vendor", []string{"vendor.test"})
	w.p.Claim("second", []string{"second.test"})
	w.front = httptest.NewServer(w.p.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "next")
	}), func(name string) bool { return strings.HasSuffix(name, ".localhost") }))
	t.Cleanup(func() {
		w.front.Close()
		if err := w.p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) note(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialled = append(w.dialled, what)
}

// dials returns what was noted.
func (w *world) dials() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.dialled)
}

// session starts one whose hosts say who answers.
func (w *world) session(name string) *Session {
	s := &Session{ID: "ses_" + name, Hosts: map[string]http.Handler{}}
	for _, h := range []string{"api.vendor.test", "files.vendor.test"} {
		s.Hosts[h] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				w.t.Error(err)
			}
			fmt.Fprintf(rw, "%s %s %s %s %s%s", s.ID, h, r.Proto, r.Method, r.URL.RequestURI(), body)
		})
	}
	w.mu.Lock()
	w.sessions[s.ID] = s
	w.mu.Unlock()
	return s
}

func (w *world) end(s *Session) {
	w.mu.Lock()
	delete(w.sessions, s.ID)
	w.mu.Unlock()
	w.p.Forget(s.ID)
}

// door opens a session's.
func (w *world) door(session string) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.p.Door(l, session) // ends with l
	}()
	w.t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().String()
}

func (w *world) roots() *x509.CertPool {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(w.p.CA()) {
		w.t.Fatal("no authority")
	}
	return roots
}

// client returns one that goes through the proxy as a session.
func (w *world) client(session string, h2 bool) *http.Client {
	u, err := url.Parse(w.front.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	if session != "" {
		u.User = url.UserPassword(session, "x")
	}
	t := &http.Transport{Proxy: http.ProxyURL(u), TLSClientConfig: &tls.Config{RootCAs: w.roots()}, ForceAttemptHTTP2: h2}
	w.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

// redirected returns a client that finds every host at an address.
func (w *world) redirected(addr string, h2 bool) *http.Client {
	t := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		TLSClientConfig: &tls.Config{RootCAs: w.roots()}, ForceAttemptHTTP2: h2,
	}
	w.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

func get(c *http.Client, url string) (*http.Response, string, error) {
	resp, err := c.Get(url)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

// send writes a request as it stands and returns the answer.
func send(t testing.TB, addr, request string) (*http.Response, host.Error, *sent) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	s := &sent{c.(*net.TCPConn), bufio.NewReader(c)}
	resp, err := http.ReadResponse(s.r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.60q: %v", request, err)
	}
	var fault host.Error
	if resp.StatusCode >= 400 {
		fault = readFault(t, resp.Body)
	}
	return resp, fault, s
}

// sent is a connection behind its first answer.
type sent struct {
	*net.TCPConn
	r *bufio.Reader
}

func (s *sent) Read(p []byte) (int, error) { return s.r.Read(p) }

func readFault(t testing.TB, r io.Reader) host.Error {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Error host.Error }
	if err := json.Unmarshal(text, &body); err != nil {
		t.Errorf("an answer says no reason: %.200q", text)
	}
	return body.Error
}

func basic(user string) string {
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user)) + "\r\n"
}
