package mirratest

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Client returns a client whose calls of the vendors' own hosts,
// https://api.stripe.com, reach the session. Loopback is reached as ever; other hosts are
// refused unless the session was started with Egress.
func (s *Session) Client() *http.Client {
	s.t.Helper()
	t := s.transport()
	s.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: t}
}

func (s *Session) transport() *http.Transport {
	s.t.Helper()
	proxy, err := url.Parse(s.proxy.URL)
	if err != nil {
		s.fail("proxy", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // hosts beside the mirrors are then not trusted
	}
	if !roots.AppendCertsFromPEM([]byte(s.proxy.CA)) {
		s.t.Fatal("mirratest: the server's certificate cannot be read; are it and this package of one version?")
	}
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if name := r.URL.Hostname(); isLocal(name) || name == proxy.Hostname() {
				return nil, nil
			}
			return proxy, nil
		},
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2: true,
	}
}

func isLocal(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

// Env returns the variables that lead a program to the session: MIRRA_SESSION and
// others by which Mirra's own commands find it, secrets and base URLs under the names
// that the vendors use, and a proxy and its certificate, the only one trusted then, for
// programs that honour them: those in Go do, Python's requests and curl. Others are run
// as `mirra exec -- CMD` with these variables.
func (s *Session) Env() map[string]string {
	s.t.Helper()
	ca := filepath.Join(s.t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(s.proxy.CA), 0o600); err != nil {
		s.fail("write certificate", err)
	}
	local := "localhost,127.0.0.1,::1,.localhost"
	if u, err := url.Parse(s.proxy.URL); err == nil && !isLocal(u.Hostname()) {
		local += "," + u.Hostname() // mirrors have URLs there
	}
	env := map[string]string{
		"MIRRA_SESSION": s.info.SessionID, "MIRRA_PROXY": s.proxy.URL, "MIRRA_CA_FILE": ca,
		"HTTPS_PROXY": s.proxy.URL, "https_proxy": s.proxy.URL, "http_proxy": s.proxy.URL, "NO_PROXY": local, "no_proxy": local,
		"SSL_CERT_FILE": ca, "REQUESTS_CA_BUNDLE": ca, "CURL_CA_BUNDLE": ca,
	}
	if c, ok := s.control.(interface {
		URL() string
		Token() string
	}); ok {
		env["MIRRA_URL"], env["MIRRA_TOKEN"] = c.URL(), c.Token()
	}
	for _, m := range s.info.Mirrors {
		env["MIRRA_"+strings.ToUpper(strings.ReplaceAll(m.Name, "-", "_"))+"_URL"] = m.URL
		maps.Copy(env, m.Env)
	}
	return env
}

// DropIn makes this whole process the session's until the test ends: it sets Env, and
// http.DefaultTransport to Client's, for code that takes neither a client nor a URL. Like
// testing.T.Setenv it is not for tests in parallel.
func (s *Session) DropIn() {
	s.t.Helper()
	env := s.Env()
	for name, value := range env {
		s.t.Setenv(name, value)
	}
	before := http.DefaultTransport
	t := s.transport()
	http.DefaultTransport = t
	s.t.Cleanup(func() {
		http.DefaultTransport = before
		t.CloseIdleConnections()
	})
}
