package proxy

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// corporate is a proxy that wants credentials and notes what it is asked for.
type corporate struct {
	*httptest.Server
	to    string // where it leads whatever it is asked for
	mu    sync.Mutex
	asked []string
}

func newCorporate(t *testing.T, to string) *corporate {
	t.Helper()
	c := &corporate{to: to}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.asked = append(c.asked, r.Method+" "+r.RequestURI)
		c.mu.Unlock()
		if r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("ada:s3cret")) {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method != http.MethodConnect {
			fmt.Fprintf(w, "by the proxy: %s", r.RequestURI)
			return
		}
		up, err := net.Dial("tcp", c.to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, established)
		go func() {
			_, _ = io.Copy(up, buffered)
			up.Close()
		}()
		_, _ = io.Copy(conn, up)
		conn.Close()
	}))
	t.Cleanup(c.Close)
	return c
}

// take returns what was asked since the last time.
func (c *corporate) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.asked
	c.asked = nil
	return all
}

// url is the proxy's with a user.
func (c *corporate) url(user *url.Userinfo) string {
	return (&url.URL{Scheme: "http", User: user, Host: c.Listener.Addr().String()}).String()
}

// Unclaimed hosts are reached through the proxy that the application had, with its
// credentials and exceptions; those of other sessions, and claimed ones, never.
func TestUpstream(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s, other := w.session("a1"), w.session("b2")
	outside := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "outside") }))
	t.Cleanup(outside.Close)
	corp := newCorporate(t, outside.Listener.Addr().String())
	ada := url.UserPassword("ada", "s3cret")
	if err := w.p.SetUpstream(s, host.Upstream{HTTPS: corp.url(ada), HTTP: corp.url(ada), NoProxy: "direct.test"}); err != nil {
		t.Fatal(err)
	}
	if got, want := s.Upstream(), corp.Listener.Addr().String(); got != want || other.Upstream() != "" {
		t.Errorf("shown as %q and %q", got, other.Upstream())
	}
	front := w.front.Listener.Addr().String()
	connect := func(user, target string) (*http.Response, host.Error, *sent) {
		return send(t, front, "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\n"+basic(user+":x")+"\r\n")
	}
	roots := w.client("a1", false)
	roots.Transport.(*http.Transport).TLSClientConfig = outside.Client().Transport.(*http.Transport).TLSClientConfig
	if _, text, err := get(roots, "https://example.com/"); err != nil || text != "outside" { // a name that the certificate of httptest has
		t.Errorf("%q %v", text, err)
	}
	if got := corp.take(); !slices.Equal(got, []string{"CONNECT example.com:443"}) {
		t.Errorf("asked %q", got)
	}
	resp, _, _ := send(t, front, "GET http://far.test/x?a;b HTTP/1.1\r\nHost: far.test\r\n"+basic("a1:x")+"\r\n")
	text, err := io.ReadAll(io.LimitReader(resp.Body, int64(len("by the proxy: http://far.test/x?a;b"))))
	if err != nil || string(text) != "by the proxy: http://far.test/x?a;b" {
		t.Errorf("%s %q %v", resp.Status, text, err)
	}
	if got := corp.take(); len(got) != 1 {
		t.Errorf("asked %q", got)
	}
	for name, asked := range map[string]func(){
		"NO_PROXY":                     func() { connect("a1", "direct.test:443") },
		"another session":              func() { connect("b2", "far.test:443") },
		"nobody's":                     func() { send(t, front, "CONNECT far.test:443 HTTP/1.1\r\nHost: x\r\n\r\n") },
		"a claimed host":               func() { connect("a1", "api.vendor.test:443") },
		"a claimed host nobody serves": func() { connect("a1", "dash.vendor.test:443") },
		"a claimed host in plain HTTP": func() {
			send(t, front, "GET http://api.vendor.test/ HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
		},
	} {
		asked()
		if got := corp.take(); got != nil {
			t.Errorf("%s: asked %q", name, got)
		}
	}
	// Wrong credentials are named, and so is a proxy that is not there.
	for name, c := range map[string]struct{ url, says string }{
		"no credentials": {corp.url(nil), "407"},
		"nobody listens": {"http://127.0.0.1:1", "127.0.0.1:1"},
		"no proxy":       {"https://" + front, "first record does not look like a TLS handshake"},
	} {
		if err := w.p.SetUpstream(s, host.Upstream{HTTPS: c.url}); err != nil {
			t.Fatal(err)
		}
		if resp, fault, _ := connect("a1", "far.test:443"); resp.StatusCode != 502 || fault.Code != "mirra.proxy.upstream" || !strings.Contains(fault.Message, c.says) {
			t.Errorf("%s: %s %+v", name, resp.Status, fault)
		}
	}
	for name, c := range map[string]host.Upstream{
		"another scheme": {HTTPS: "socks5://ada:s3cret@127.0.0.1:1"}, "no URL": {HTTP: "http://ada:s3cret@%zz"}, "no host": {HTTPS: "http://ada:s3cret@"}, "itself": {HTTPS: "http://ada:s3cret@" + front},
	} {
		err := w.p.SetUpstream(s, c, front)
		if e := host.AsError(err); err == nil || e.Kind != host.KindInvalid || strings.Contains(e.Error()+e.Hint, "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.p.SetUpstream(s, host.Upstream{}); err != nil || s.Upstream() != "" {
		t.Errorf("%q %v", s.Upstream(), err)
	}
	shared := newWorld(t, func(c *Config) { c.Shared = true })
	if err := shared.p.SetUpstream(shared.session("a1"), host.Upstream{HTTPS: corp.url(ada)}); host.AsError(err).Code != "mirra.proxy.shared" {
		t.Errorf("a shared proxy: %v", err)
	}
}

// What passes the proxy's proxy is what the client and the host say, also what comes
// behind its answer at once.
func TestUpstreamTunnel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.session("a1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		if _, err := http.ReadRequest(r); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(c, established+"220 ready\r\n")
		text, err := io.ReadAll(r) // until the client has said all
		fmt.Fprintf(c, "got %s %v", text, err)
	}()
	if err := w.p.SetUpstream(s, host.Upstream{HTTPS: l.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	resp, _, c := send(t, w.front.Listener.Addr().String(), "CONNECT mail.test:587 HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	expect(t, c, "220 ready\r\n")
	if _, err := io.WriteString(c, "bye"); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(c); err != nil || string(text) != "got bye <nil>" {
		t.Errorf("%q %v", text, err)
	}
}
