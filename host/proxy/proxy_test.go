package proxy

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
)

// Each way in leads to the session's handler of the host.
func TestWays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1")
	w.session("b2")
	door := w.door("ses_b2")
	for _, h2 := range []bool{false, true} {
		proto := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[h2]
		for _, c := range []struct {
			name    string
			client  *http.Client
			session string
		}{
			{"by id", w.client("ses_a1", h2), "ses_a1"},
			{"by suffix", w.client("a1", h2), "ses_a1"},
			{"by door", w.redirected(door, h2), "ses_b2"},
		} {
			for url, want := range map[string]string{
				"https://api.vendor.test/v1?x=%2F&y": " api.vendor.test " + proto + " GET /v1?x=%2F&y",
				"https://FILES.vendor.test./v1":      " files.vendor.test " + proto + " GET /v1",
				"http://api.vendor.test/plain":       " api.vendor.test HTTP/1.1 GET ",
			} {
				resp, text, err := get(c.client, url)
				if err != nil {
					t.Errorf("%s, %s: %v", c.name, url, err)
					continue
				}
				if !strings.HasPrefix(text, c.session+want) || resp.StatusCode != 200 {
					t.Errorf("%s, %s: %s %q, want %q", c.name, url, resp.Status, text, c.session+want)
				}
			}
		}
	}
	// axios asks a proxy for https itself.
	for _, addr := range []string{w.front.Listener.Addr().String(), door} {
		resp, _, _ := send(t, addr, "POST https://api.vendor.test/v1 HTTP/1.1\r\nHost: api.vendor.test\r\n"+basic("b2:x")+"Content-Length: 2\r\n\r\nhi")
		if text, err := io.ReadAll(resp.Body); err != nil || !strings.HasPrefix(string(text), "ses_b2 api.vendor.test HTTP/1.1 POST /v1hi") {
			t.Errorf("%s %q %v", resp.Status, text, err)
		}
	}
	// A door is a proxy too, for clients that cannot send a user name.
	resp, _, conn := send(t, door, "CONNECT api.vendor.test:443 HTTP/1.1\r\nHost: api.vendor.test:443\r\n\r\n")
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	through := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.roots()}, DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
	if _, text, err := get(through, "https://api.vendor.test/d"); err != nil || !strings.HasPrefix(text, "ses_b2 ") {
		t.Errorf("%q %v", text, err)
	}
	// What is no proxy's is next's.
	for _, request := range []string{"GET / HTTP/1.1\r\nHost: api.vendor.test\r\n\r\n", "GET http://m-a1.localhost/ HTTP/1.1\r\nHost: x\r\n\r\n"} {
		resp, _, _ := send(t, w.front.Listener.Addr().String(), request)
		text := make([]byte, 4)
		if _, err := io.ReadFull(resp.Body, text); err != nil || string(text) != "next" {
			t.Errorf("%q: %s %q %v", request, resp.Status, text, err)
		}
	}
	if w.dialled != nil {
		t.Errorf("dialled %v", w.dialled)
	}
}

// 5,000 requests of 200 sessions through one proxy, in parallel.
func TestSessionsNeverMix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const sessions, each = 200, 25
	var all sync.WaitGroup
	for i := range sessions {
		s := w.session(fmt.Sprintf("s%03d", i))
		c := w.client(s.ID, i%2 == 0)
		all.Go(func() {
			for n := range each {
				name := []string{"api", "files"}[n%2]
				_, text, err := get(c, fmt.Sprintf("https://%s.vendor.test/%s/%d", name, s.ID, n))
				want := fmt.Sprintf("%s %s.vendor.test ", s.ID, name)
				if err != nil || !strings.HasPrefix(text, want) || !strings.HasSuffix(text, fmt.Sprintf("/%s/%d", s.ID, n)) {
					t.Errorf("%s, request %d: %q %v", s.ID, n, text, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// A relay gets the connections of mail programs that are in TLS from the first byte, and
// nobody else's.
func TestRelays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.session("a1")
	s.Relays = map[string]func(net.Conn){"smtp.vendor.test": func(c net.Conn) {
		_, _ = io.WriteString(c, "220 smtp.vendor.test")
		_ = c.Close()
	}}
	door := w.door("ses_a1")
	tunnel := func(target string) net.Conn {
		resp, _, conn := send(t, w.front.Listener.Addr().String(), "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
		if resp.StatusCode != 200 {
			t.Fatalf("%s: %s", target, resp.Status)
		}
		return conn
	}
	redirected, err := net.Dial("tcp", door)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]net.Conn{"door": redirected, "465": tunnel("smtp.vendor.test:465"), "2465": tunnel("SMTP.vendor.test.:2465")} {
		inTLS := tls.Client(c, &tls.Config{RootCAs: w.roots(), ServerName: "smtp.vendor.test"})
		if text, err := io.ReadAll(inTLS); err != nil || string(text) != "220 smtp.vendor.test" {
			t.Errorf("%s: %q %v", name, text, err)
		}
		inTLS.Close()
	}
	for name, c := range map[string]*http.Client{"443": w.client("a1", false), "door": w.redirected(door, true)} {
		if resp, text, err := get(c, "https://smtp.vendor.test/"); err != nil || resp.StatusCode != http.StatusBadGateway {
			t.Errorf("HTTP by %s: %q %v", name, text, err)
		}
	}
	for _, target := range []string{"smtp.vendor.test:587", "api.vendor.test:465", "other.vendor.test:465"} {
		resp, fault, _ := send(t, w.front.Listener.Addr().String(), "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
		if resp.StatusCode != http.StatusBadGateway || fault.Code != "mirra.proxy.port" {
			t.Errorf("%s: %s %+v", target, resp.Status, fault)
		}
	}
	if w.dialled != nil {
		t.Errorf("dialled %v", w.dialled)
	}
}

// A wildcard answers for each name below its own that has no handler nearer.
func TestTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.session("a1")
	for _, wildcard := range []string{"*.vendor.test", "*.eu.vendor.test"} {
		s.Hosts[wildcard] = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, wildcard+" "+r.Host) })
	}
	c := w.client("a1", false)
	for name, want := range map[string]string{
		"one.vendor.test": "*.vendor.test one.vendor.test", "a.b.vendor.test": "*.vendor.test a.b.vendor.test",
		"one.eu.vendor.test": "*.eu.vendor.test one.eu.vendor.test", "eu.vendor.test": "*.vendor.test eu.vendor.test",
		"api.vendor.test": "ses_a1 api.vendor.test ",
	} {
		if _, text, err := get(c, "https://"+name+"/"); err != nil || !strings.HasPrefix(text, want) {
			t.Errorf("%s: %q %v", name, text, err)
		}
	}
	if resp, text, err := get(c, "https://vendor.test/"); err != nil || resp.StatusCode != http.StatusBadGateway {
		t.Errorf("the domain itself: %q %v", text, err)
	}
}

// Whatever is wrong is named, at the door of a tunnel in the status line too, and
// nothing of it leaves.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1")
	w.end(w.session("gone"))
	for _, c := range []struct {
		name, request string
		status        int
		code, says    string
	}{
		{"no user", "CONNECT api.vendor.test:443 HTTP/1.1\r\nHost: x\r\n\r\n", 407, "mirra.proxy.no_session", "user name"},
		{"user unknown", "CONNECT api.vendor.test:443 HTTP/1.1\r\nHost: x\r\n" + basic("nobody:x") + "\r\n", 407, "mirra.proxy.session_ended", `"nobody"`},
		{"user unknown, host unclaimed", "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n" + basic("nobody:x") + "\r\n", 407, "mirra.proxy.session_ended", `"nobody"`},
		{"session ended", "CONNECT vendor.test:443 HTTP/1.1\r\nHost: x\r\n" + basic("gone:x") + "\r\n", 407, "mirra.proxy.session_ended", "ended"},
		{"bad base64", "CONNECT vendor.test:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic ***\r\n\r\n", 407, "mirra.proxy.no_session", "user name"},
		{"another scheme", "CONNECT vendor.test:443 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Bearer a1\r\n\r\n", 407, "mirra.proxy.no_session", "user name"},
		{"no port", "CONNECT api.vendor.test HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 400, "mirra.proxy.target", "host:port"},
		{"port 0", "CONNECT api.vendor.test:0 HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 400, "mirra.proxy.target", "port"},
		{"port too large", "CONNECT api.vendor.test:65536 HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 400, "mirra.proxy.target", "port"},
		{"another port", "CONNECT smtp.vendor.test:587 HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 502, "mirra.proxy.port", "smtp.vendor.test:587"},
		{"no name", "CONNECT ..:443 HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 400, "mirra.proxy.host", "no host name"},
		{"full-width dot", "CONNECT api。vendor.test:443 HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 400, "mirra.proxy.host", "ASCII"},
		{"full-width dot in a URL", "GET http://api。vendor.test/ HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 400, "mirra.proxy.host", "ASCII"},
		{"nobody listens", "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 502, "mirra.proxy.unreachable", "127.0.0.1:1"},
		{"name unknown", "CONNECT nowhere.invalid:443 HTTP/1.1\r\nHost: x\r\n\r\n", 502, "mirra.proxy.unreachable", "nowhere.invalid"},
		{"plain, no user", "GET http://api.vendor.test/ HTTP/1.1\r\nHost: x\r\n\r\n", 407, "mirra.proxy.no_session", "user name"},
		{"plain, session ended", "GET http://api.vendor.test/ HTTP/1.1\r\nHost: x\r\n" + basic("gone:x") + "\r\n", 407, "mirra.proxy.session_ended", "ended"},
		{"plain, not served", "GET http://dash.vendor.test/ HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 502, "mirra.proxy.not_served", "api.vendor.test, files.vendor.test"},
		{"https, not served", "GET https://vendor.test/ HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 502, "mirra.proxy.not_served", "vendor.test is not mirrored"},
		{"mirror missing", "GET http://api.second.test/ HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 502, "mirra.proxy.no_mirror", "no mirror of second"},
		{"another protocol", "GET ftp://api.vendor.test/ HTTP/1.1\r\nHost: x\r\n" + basic("a1:x") + "\r\n", 400, "mirra.proxy.target", "ftp"},
		{"plain, unreachable", "GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\n\r\n", 502, "mirra.proxy.unreachable", "127.0.0.1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, fault, _ := send(t, w.front.Listener.Addr().String(), c.request)
			if resp.StatusCode != c.status || fault.Code != c.code || !strings.Contains(fault.Message+fault.Hint, c.says) {
				t.Errorf("%s %+v, want %d %s with %q", resp.Status, fault, c.status, c.code, c.says)
			}
			if strings.HasPrefix(c.request, "CONNECT") && !strings.Contains(resp.Status, "mirra: ") {
				t.Errorf("the status line %q says no reason", resp.Status)
			}
			if c.status == 407 && resp.Header.Get("Proxy-Authenticate") == "" {
				t.Error("no challenge")
			}
		})
	}
	for _, d := range w.dialled {
		if d != "127.0.0.1:1" && d != "a look-up" { // of nowhere.invalid
			t.Errorf("dialled %s", d)
		}
	}
}

// A name at or below a claimed domain never leads outside, whichever way it comes.
func TestClaimedNamesNeverLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1")
	c := w.client("a1", false)
	door := w.redirected(w.door("a1"), true)
	names := []string{
		"vendor.test", "VENDOR.TEST", "vendor.test.", "dashboard.vendor.test", "a.b.c.d.vendor.test", "api.api.vendor.test", "_x.vendor.test", "xn--bcher-kva.vendor.test",
		strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + ".vendor.test", "second.test", "api.second.test", "API.Second.Test.",
	}
	asked := 0
	for _, name := range names {
		for _, scheme := range []string{"https", "http"} {
			for way, client := range map[string]*http.Client{"proxy": c, "door": door} {
				asked++
				resp, text, err := get(client, scheme+"://"+name+"/")
				if err != nil || resp.StatusCode != http.StatusBadGateway || !strings.Contains(text, "mirra.proxy.") {
					t.Errorf("%s %s by %s: %v %q, want a refusal by name", scheme, name, way, err, text)
				}
			}
		}
	}
	// Nor behind the back of a tunnel to a host that is served.
	for _, name := range []string{"dash.vendor.test", "api.second.test"} {
		req, err := http.NewRequest("GET", "https://api.vendor.test/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = name
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if fault := readFault(t, resp.Body); resp.StatusCode != 502 || !strings.Contains(fault.Message, name) {
			t.Errorf("%s: %s %+v", name, resp.Status, fault)
		}
		resp.Body.Close()
	}
	if w.dialled != nil || asked == 0 {
		t.Errorf("%d asked, dialled %v", asked, w.dialled)
	}
	if tried := w.p.Tried("ses_a1"); len(tried) == 0 || tried[0].Host != "vendor.test" || tried[0].Refused != tried[0].Count {
		t.Errorf("tried %+v", tried)
	}
	// Other names in a claimed tunnel get no certificate, and no answer.
	other := &http.Transport{Proxy: c.Transport.(*http.Transport).Proxy, TLSClientConfig: &tls.Config{RootCAs: w.roots(), ServerName: "example.test"}}
	if _, _, err := get(&http.Client{Transport: other}, "https://api.vendor.test/"); err == nil {
		t.Error("a certificate for example.test")
	}
	req, err := http.NewRequest("GET", "https://api.vendor.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "example.test"
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if fault := readFault(t, resp.Body); resp.StatusCode != http.StatusMisdirectedRequest || fault.Code != "mirra.proxy.unclaimed" {
		t.Errorf("%s %+v", resp.Status, fault)
	}
}

// A session that ends is gone for connections that are kept, too.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	s := w.session("a1")
	for _, c := range []*http.Client{w.client("a1", false), w.client("a1", true), w.redirected(w.door("a1"), true)} {
		w.session("a1")
		if resp, text, err := get(c, "https://api.vendor.test/"); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%q %v", text, err)
		}
		w.end(s)
		resp, text, err := get(c, "https://api.vendor.test/")
		if err != nil || resp.StatusCode != http.StatusBadGateway || !strings.Contains(text, "mirra.proxy.session_ended") {
			t.Errorf("%v %q", err, text)
		}
	}
}

// Unclaimed hosts are passed untouched: their certificate, bodies of any size both
// ways, protocols that are not HTTP and end one side first.
func TestUnclaimedPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1")
	const size = 32 << 20
	outside := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		n, err := io.Copy(sum, r.Body)
		if err != nil {
			t.Error(err)
		}
		rw.Header().Set("Sum", fmt.Sprintf("%d %x", n, sum.Sum(nil)))
		if r.Header.Get("Proxy-Authorization") != "" || r.Header.Get("X-Forwarded-For") != "" {
			t.Errorf("headers %v", r.Header)
		}
		_, _ = io.Copy(rw, io.LimitReader(rand.Reader, size)) // counted by the client
	})
	secure, plain := httptest.NewTLSServer(outside), httptest.NewServer(outside)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	c := w.client("a1", false)
	c.Transport.(*http.Transport).TLSClientConfig.RootCAs.AddCert(secure.Certificate())
	for _, url := range []string{secure.URL, plain.URL} {
		sum := sha256.New()
		resp, err := c.Post(url+"/?a;b", "", io.TeeReader(io.LimitReader(rand.Reader, size), sum))
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil || n != size || resp.Header.Get("Sum") != fmt.Sprintf("%d %x", size, sum.Sum(nil)) {
			t.Errorf("%s: %d bytes, %v, sum %s", url, n, err, resp.Header.Get("Sum"))
		}
		resp.Body.Close()
	}
	// A web socket is a request that becomes something else.
	chat := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
		_, _ = io.Copy(conn, buffered)
	}))
	t.Cleanup(chat.Close)
	at := chat.Listener.Addr().String()
	for _, open := range []string{
		"CONNECT " + at + " HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"GET http://" + at + "/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", w.front.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, open); err != nil {
			t.Fatal(err)
		}
		expect(t, conn, "Switching Protocols")
		expect(t, conn, "\r\n\r\n")
		for range 3 {
			if _, err := io.WriteString(conn, "hello"); err != nil {
				t.Fatal(err)
			}
			expect(t, conn, "hello")
		}
	}
	// Whoever speaks first, and whoever ends first.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "220 ready\r\n")
		text, err := io.ReadAll(conn) // until the client has said all
		fmt.Fprintf(conn, "got %s %v", text, err)
	}()
	resp, _, conn := send(t, w.front.Listener.Addr().String(), "CONNECT "+l.Addr().String()+" HTTP/1.1\r\nHost: x\r\n\r\n")
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	expect(t, conn, "220 ready\r\n")
	if _, err := io.WriteString(conn, "bye"); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(conn); err != nil || string(text) != "got bye <nil>" {
		t.Errorf("%q %v", text, err)
	}
	tried := w.p.Tried("ses_a1")
	if len(tried) != 2 || tried[0].Count != 1 || tried[0].Refused != 0 {
		t.Errorf("tried %+v", tried)
	}
}

// expect reads until text has come.
func expect(t testing.TB, r io.Reader, text string) {
	t.Helper()
	got := ""
	for b := make([]byte, 1); !strings.HasSuffix(got, text); got += string(b) {
		if _, err := io.ReadFull(r, b); err != nil {
			t.Fatalf("%q, then %v; want %q", got, err, text)
		}
	}
}

// With NoEgress nobody but mirrors is reached, and what was tried is listed.
func TestNoEgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1").NoEgress = true
	outside := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(outside.Close)
	at := outside.Listener.Addr().String()
	for range 2 {
		resp, fault, _ := send(t, w.front.Listener.Addr().String(), "CONNECT "+at+" HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
		if resp.StatusCode != 403 || fault.Code != "mirra.proxy.egress" || !strings.Contains(resp.Status, at) {
			t.Errorf("%s %+v", resp.Status, fault)
		}
	}
	if resp, fault, _ := send(t, w.front.Listener.Addr().String(), "GET http://"+at+"/ HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n"); resp.StatusCode != 403 || fault.Code != "mirra.proxy.egress" {
		t.Errorf("%s %+v", resp.Status, fault)
	}
	if resp, text, err := get(w.client("a1", true), "https://api.vendor.test/"); err != nil || resp.StatusCode != 200 {
		t.Errorf("%q %v", text, err)
	}
	if tried := w.p.Tried("ses_a1"); len(tried) != 1 || tried[0].Host != at || tried[0].Count != 3 || tried[0].Refused != 3 {
		t.Errorf("tried %+v", tried)
	}
	if w.dialled != nil {
		t.Errorf("dialled %v", w.dialled)
	}
	for i := range maxTried + 10 {
		w.p.tried.add("ses_a1", fmt.Sprint(i), true)
	}
	if n := len(w.p.Tried("ses_a1")); n != maxTried {
		t.Errorf("%d are kept", n)
	}
	w.p.Forget("ses_a1")
	if tried := w.p.Tried("ses_a1"); len(tried) != 0 {
		t.Errorf("tried %+v", tried)
	}
}

// A client that looked a claimed name up by itself and connects by address says the
// name in its TLS; the vendor hears nothing of it.
func TestClaimedByAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1")
	vendor, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vendor.Close() })
	heard := make(chan string, 1)
	go func() {
		conn, err := vendor.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		text, _ := io.ReadAll(conn) // may end by a reset
		heard <- string(text)
	}()
	resp, _, conn := send(t, w.front.Listener.Addr().String(), "CONNECT "+vendor.Addr().String()+" HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
	if resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	if err := tls.Client(conn, &tls.Config{ServerName: "API.vendor.test", RootCAs: w.roots()}).Handshake(); err == nil {
		t.Error("a handshake with the vendor")
	}
	if text := <-heard; text != "" {
		t.Errorf("the vendor heard %d bytes", len(text))
	}
	tried := w.p.Tried("ses_a1")
	if len(tried) != 2 || tried[1].Host != "api.vendor.test by "+vendor.Addr().String() || tried[1].Refused != 1 {
		t.Errorf("tried %+v", tried)
	}
}

// Who shares a proxy needs a session for everything, and reaches no address of the
// machine or its networks.
func TestShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *Config) { c.Shared = true })
	w.session("a1")
	front := w.front.Listener.Addr().String()
	for _, at := range []string{front, w.door("a1")} {
		for _, request := range []string{"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\n\r\n"} {
			if resp, fault, _ := send(t, at, request); resp.StatusCode != 407 || fault.Code != "mirra.proxy.no_session" {
				t.Errorf("%s %+v", resp.Status, fault)
			}
		}
	}
	for _, address := range []string{front, "10.0.0.1:80", "169.254.169.254:80", "[::1]:80", "[fd00::1]:80", "[::ffff:127.0.0.1]:80", "0.0.0.0:80"} {
		for _, request := range []string{"CONNECT " + address + " HTTP/1.1\r\nHost: x\r\n", "GET http://" + address + "/ HTTP/1.1\r\nHost: x\r\n"} {
			if resp, fault, _ := send(t, front, request+basic("a1:x")+"\r\n"); resp.StatusCode != 403 || fault.Code != "mirra.proxy.private" {
				t.Errorf("%s: %s %+v", address, resp.Status, fault)
			}
		}
	}
	if resp, _, err := get(w.client("a1", true), "https://api.vendor.test/"); err != nil || resp.StatusCode != 200 {
		t.Error(err)
	}
}

// A client that trusts its vendor's certificate alone refuses this one, and so does one
// whose clock is further off than certificates allow; that is named.
func TestPinned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1")
	early := func() time.Time { return time.Now().Add(-backdate - time.Hour) }
	late := func() time.Time { return time.Now().Add(leafLife + time.Hour) }
	for name, change := range map[string]func(*tls.Config){
		"api.vendor.test": func(c *tls.Config) { c.RootCAs = x509.NewCertPool() },
		"files.vendor.test": func(c *tls.Config) {
			c.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return errors.New("pinned") }
		},
		"early.vendor.test": func(c *tls.Config) { c.Time = early },
		"late.vendor.test":  func(c *tls.Config) { c.Time = late },
	} {
		for range 2 {
			_, _, c := send(t, w.front.Listener.Addr().String(), "CONNECT "+name+":443 HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
			cfg := &tls.Config{ServerName: name, RootCAs: w.roots()}
			change(cfg)
			if err := tls.Client(c, cfg).Handshake(); err == nil {
				t.Errorf("%s: a certificate that the client does not want is good", name)
			}
			if _, err := io.Copy(io.Discard, c); err != nil { // the proxy ends it once it has noted it
				t.Error(err)
			}
		}
	}
	got := map[string]host.TriedHost{}
	for _, h := range w.p.Tried("ses_a1") {
		got[h.Host] = h
	}
	want := map[string]host.TriedHost{}
	for _, name := range []string{"api.vendor.test", "files.vendor.test", "early.vendor.test", "late.vendor.test"} {
		want[name] = host.TriedHost{Host: name, Count: 2, Refused: 2, Alert: "bad certificate"} // crypto/tls knows no other alert
	}
	if !maps.Equal(got, want) {
		t.Errorf("tried %+v, want %+v", got, want)
	}
}

// Close ends connections of all kinds.
func TestClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.session("a1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	front, door := w.front.Listener.Addr().String(), w.door("a1")
	_, _, relayed := send(t, front, "CONNECT "+l.Addr().String()+" HTTP/1.1\r\nHost: x\r\n\r\n")
	_, _, silent := send(t, front, "CONNECT api.vendor.test:443 HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
	client := w.redirected(door, true)
	if _, _, err := get(client, "https://api.vendor.test/"); err != nil {
		t.Fatal(err)
	}
	if err := w.p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]net.Conn{"relayed": relayed, "silent": silent} {
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: read %d", name, n)
		}
	}
	if _, _, err := get(client, "https://api.vendor.test/"); err == nil {
		t.Error("an answer after Close")
	}
}
