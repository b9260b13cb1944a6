package assembly_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/host/hosttest"
)

const tlsDomain = "mirra.example.test"

// pair is a certificate in files.
type pair struct {
	t  testing.TB
	ca *hosttest.Authority
	assembly.TLSFiles
}

func newPair(t testing.TB) *pair {
	t.Helper()
	ca, err := hosttest.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	p := &pair{t, ca, assembly.TLSFiles{Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")}}
	p.renew(1, "*."+tlsDomain)
	return p
}

// renew writes a new certificate over the old one.
func (p *pair) renew(serial int64, names ...string) {
	p.t.Helper()
	cert, key, err := p.ca.Issue(serial, names...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(p.Cert, cert)
	p.write(p.Key, key)
}

func (p *pair) write(path string, text []byte) {
	p.t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// client is a client that trusts the pair's authority and finds every name at
// the server. Its connections are not kept.
func (p *pair) client(s *assembly.Server, protocol string) *http.Client {
	p.t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(p.ca.PEM) {
		p.t.Fatal("no authority")
	}
	u, err := url.Parse(s.TLSURL())
	if err != nil {
		p.t.Fatal(err)
	}
	t := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: protocol == "HTTP/2.0", DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+u.Port())
		},
	}
	p.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

func fetch(t testing.TB, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", strings.TrimPrefix(asApp, "Authorization: "))
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func overTLS(p *pair) func(*assembly.Config) {
	return func(c *assembly.Config) {
		c.Domains, c.TLS, c.TLSAddr = []string{"*." + tlsDomain}, p.TLSFiles, "127.0.0.1:0"
	}
}

// A mirror is reached over TLS below the domain, with either HTTP, and what it
// says of its own URLs is what the certificate covers.
func TestTLS(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	s := MustServer(t, overTLS(p))
	info := MustSession(t, s, func(r *host.NewSession) { r.Ports = true })
	m, id := info.Mirrors[0], info.SessionID[4:]
	port := strings.TrimPrefix(s.TLSURL(), "https://*."+tlsDomain)
	if want := "https://hello-" + id + "." + tlsDomain + port; m.URL != want || m.HostURL != want || m.Env["HELLO_BASE_URL"] != want {
		t.Errorf("the mirror is at %s, by name %s, for its application %s; want %s", m.URL, m.HostURL, m.Env["HELLO_BASE_URL"], want)
	}
	if want := "https://files--hello-" + id + "." + tlsDomain + port; m.URLs["files"] != want || m.Env["HELLO_FILES"] != want {
		t.Errorf("its other host is at %s, want %s", m.URLs["files"], want)
	}
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		c := p.client(s, protocol)
		for name, url := range map[string]string{
			"name": m.URL, "default host": m.URLs["api"], "path": "https://any." + tlsDomain + port + "/s/" + id + "/hello",
			"capitals": strings.Replace(m.URL, "hello", "HELLO", 1),
		} {
			resp, text := fetch(t, c, url+"/greetings")
			if resp.StatusCode != 200 || !strings.Contains(text, `"data":[`) || resp.Proto != protocol {
				t.Errorf("%s by %s: %s %s, %s", url, name, resp.Proto, resp.Status, text)
			}
		}
		// The plugin serves nothing on its other host, and says so itself.
		if resp, text := fetch(t, c, m.URLs["files"]+"/greetings"); resp.StatusCode != 404 || strings.Contains(text, "mirra.vendor") {
			t.Errorf("the other host: %s %s", resp.Status, text)
		}
		if resp, text := fetch(t, c, "https://nobody-"+id+"."+tlsDomain+port+"/greetings"); resp.StatusCode != 404 || !strings.Contains(text, "mirra.vendor.no_mirror") {
			t.Errorf("nobody's name: %s %s", resp.Status, text)
		}
	}
	// Plain HTTP is there as before.
	if resp, text := call(t, "GET", m.PathURL+"/greetings", "", asApp); resp.StatusCode != 200 {
		t.Errorf("by path, without TLS: %s %s", resp.Status, text)
	}
	// A name that the certificate does not cover is the client's to refuse.
	_, err := p.client(s, "HTTP/1.1").Get("https://hello-" + id + ".elsewhere.example" + port)
	if _, ok := errors.AsType[x509.HostnameError](err); !ok {
		t.Errorf("a name of another domain: %v", err)
	}
}

// logText collects a log.
type logText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logText) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

// A renewed certificate is shown from the next handshake on; one that is no good
// is not, and the old one stays.
func TestRenewedCertificate(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	var log logText
	s := MustServer(t, func(c *assembly.Config) {
		overTLS(p)(c)
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	info := MustSession(t, s, nil)
	shown := func(step string, want int64) {
		t.Helper()
		resp, text := fetch(t, p.client(s, "HTTP/1.1"), info.Mirrors[0].URL+"/greetings")
		if got := resp.TLS.PeerCertificates[0].SerialNumber.Int64(); resp.StatusCode != 200 || got != want {
			t.Errorf("%s: certificate %d, %s %s; want certificate %d", step, got, resp.Status, text, want)
		}
	}
	shown("at first", 1)
	p.renew(2, "*."+tlsDomain, "also.example")
	shown("renewed", 2)
	cert, key, err := p.ca.Issue(3, "*."+tlsDomain)
	if err != nil {
		t.Fatal(err)
	}
	p.write(p.Cert, cert)
	shown("its key is not there yet", 2)
	shown("and still is not", 2)
	if n := log.count("the renewed certificate is not used"); n != 1 {
		t.Errorf("the log says it %d times, want once", n)
	}
	p.write(p.Key, key)
	shown("its key has come", 3)
	p.renew(4, "*.elsewhere.example")
	shown("one that does not cover the domain", 3)
	if log.count("does not cover *."+tlsDomain) != 1 {
		t.Error("the log does not say why")
	}
	if err := os.Remove(p.Cert); err != nil {
		t.Fatal(err)
	}
	shown("the file is gone", 3)
	p.renew(5, "*."+tlsDomain)
	shown("renewed again", 5)
	if n := log.count("certificate renewed"); n != 3 {
		t.Errorf("the log tells of %d renewals, want 3", n)
	}
}

// What is wrong with a certificate is said when the server starts.
func TestBadCertificates(t *testing.T) {
	t.Parallel()
	good := newPair(t)
	other := newPair(t)
	folder := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(folder, name)
		good.write(path, text)
		return path
	}
	foreign, foreignKey, err := good.ca.Issue(1, "*.elsewhere.example", "mirra.example.test")
	if err != nil {
		t.Fatal(err)
	}
	nameless, namelessKey, err := good.ca.Issue(1)
	if err != nil {
		t.Fatal(err)
	}
	domain := []string{tlsDomain}
	for name, tc := range map[string]struct {
		files   assembly.TLSFiles
		domains []string
		addr    string
		want    []string // in message and hint
	}{
		"no key":         {assembly.TLSFiles{Cert: good.Cert}, domain, "", []string{"mirra.tls.no_key", "and no key", "--tls-key FILE"}},
		"no certificate": {assembly.TLSFiles{Key: good.Key}, nil, "", []string{"mirra.tls.no_certificate", "and no certificate", "no domain that it is for"}},
		"no domain":      {good.TLSFiles, nil, "", []string{"mirra.tls.no_domain", "--domain"}},
		"missing files":  {assembly.TLSFiles{Cert: filepath.Join(folder, "c.pem"), Key: filepath.Join(folder, "k.pem")}, domain, "", []string{"mirra.tls.missing", "c.pem", "k.pem", "is the path right?"}},
		"a folder":       {assembly.TLSFiles{Cert: folder, Key: good.Key}, domain, "", []string{"mirra.tls.unreadable", folder}},
		"mismatched":     {assembly.TLSFiles{Cert: good.Cert, Key: other.Key}, domain, "", []string{"mirra.tls.pair", good.Cert, other.Key, "does not match"}},
		"swapped":        {assembly.TLSFiles{Cert: good.Key, Key: good.Cert}, domain, "", []string{"mirra.tls.pair", "no pair"}},
		"no PEM":         {assembly.TLSFiles{Cert: file("text", []byte("hello")), Key: good.Key}, domain, "", []string{"mirra.tls.pair", "PEM"}},
		"not covered": {assembly.TLSFiles{Cert: file("foreign.pem", foreign), Key: file("foreign-key.pem", foreignKey)}, []string{tlsDomain, "*.elsewhere.example", "third.example"}, "",
			[]string{"mirra.tls.not_covered", "does not cover *." + tlsDomain, "it is for *.elsewhere.example, mirra.example.test", "does not cover *.third.example", "order one for *." + tlsDomain}},
		"without names": {assembly.TLSFiles{Cert: file("nameless.pem", nameless), Key: file("nameless-key.pem", namelessKey)}, domain, "", []string{"it is for no name"}},
		"bad domain":    {good.TLSFiles, []string{"https://mirra.example", "a..b"}, "", []string{"mirra.server.domain", `"https://mirra.example"`, `"a..b"`}},
		"port in use":   {good.TLSFiles, domain, "taken", []string{"mirra.tls.port", "for TLS", "--tls-port 8443"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := "127.0.0.1:0"
			if tc.addr == "taken" {
				l, err := net.Listen("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				addr = l.Addr().String()
			}
			_, err := assembly.New(assembly.Config{CacheDir: t.TempDir(), VendorAddr: "127.0.0.1:0", Domains: tc.domains, TLS: tc.files, TLSAddr: addr})
			if err == nil {
				t.Fatal("it starts")
			}
			e := host.AsError(err)
			for _, want := range tc.want {
				if got := e.Code + " " + e.Error() + " " + e.Hint; !strings.Contains(got, want) {
					t.Errorf("got %s, want %q in it", got, want)
				}
			}
		})
	}
}

// An expired certificate does not keep the server from starting: mirrors are
// reached without TLS, and a renewed one is used at once.
func TestExpiredCertificate(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	cert, key, err := p.ca.IssueUntil(time.Now().Add(-time.Minute), 1, "*."+tlsDomain)
	if err != nil {
		t.Fatal(err)
	}
	p.write(p.Cert, cert)
	p.write(p.Key, key)
	var log logText
	s := MustServer(t, func(c *assembly.Config) {
		overTLS(p)(c)
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	if log.count("the certificate has expired") != 1 {
		t.Error("the log does not warn")
	}
	url := MustSession(t, s, nil).Mirrors[0].URL
	if _, err := p.client(s, "HTTP/1.1").Get(url); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("a client says %v", err)
	}
	p.renew(2, "*."+tlsDomain)
	if resp, text := fetch(t, p.client(s, "HTTP/1.1"), url+"/greetings"); resp.StatusCode != 200 {
		t.Errorf("renewed: %s %s", resp.Status, text)
	}
}
