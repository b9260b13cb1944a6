package e2e

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestRefusedCertificate: clients that pin, that have roots of their own or a clock that
// is off end TLS; the command's last lines say who and why, and doctor does.
func TestRefusedCertificate(t *testing.T) {
	t.Parallel()
	const (
		other = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -keyout key.pem -out other.pem 2>/dev/null; `
		roots = "(unknown certificate authority): it trusts a bundle of its own, or pins the vendor's, see docs/drop-in.md"
		clock = "more than two days off"
		// Of OpenSSL's clients this one alone has a clock that can be set.
		at = `openssl s_client -connect "$MIRRA_DOOR" -servername api.stripe.com -CAfile "$MIRRA_CA_FILE" -verify_return_error </dev/null -attime `
	)
	for name, c := range map[string]struct{ command, says string }{
		"curl":              {other + "curl -sS --cacert other.pem https://api.stripe.com/", roots},
		"python":            {python + ` -B -c 'import ssl, socket; ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(socket.create_connection(("api.stripe.com", 443)), server_hostname="api.stripe.com")'`, roots},
		"node pins":         {`node -e 'require("https").get("https://api.stripe.com/", { checkServerIdentity: () => new Error("pinned") }).on("error", () => process.exit(1))'`, "(the connection was ended): it trusts a bundle of its own, or pins the vendor's"},
		"clock in 2001":     {at + "1000000000", clock},
		"clock in 2096":     {at + "4000000000", "(expired certificate): the client's clock is " + clock},
		"clock a day early": {at + `"$(($(date +%s) - 86400))" >/dev/null`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.mirra("up", "--mirrors", "stripe", "--detach", "--quiet")
			t.Cleanup(func() { p.mirra("down") })
			id := p.mirra("env", "--shell", "sh")
			_, id, _ = strings.Cut(id, "MIRRA_SESSION='")
			id, _, _ = strings.Cut(id, "'")
			_, err := p.try("exec", "--", "sh", "-c", c.command)
			out, _ := p.try("doctor") // other tests' sessions are its too
			if c.says == "" {
				if err != nil || strings.Contains(out, id+": ") {
					t.Errorf("%v; doctor says %s", err, out)
				}
				return
			}
			const refused = "api.stripe.com: the client refused the certificate "
			if err == nil || !strings.Contains(err.Error(), "mirra: "+refused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if !strings.Contains(out, id+": "+refused) {
				t.Errorf("doctor says %s of %s", out, id)
			}
		})
	}
}

// TestProxyBehindProxy: what the user's shell says of proxies is how other hosts are
// reached, whoever started the server; vendors never are.
func TestProxyBehindProxy(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	corporate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Method+" "+r.RequestURI)
		mu.Unlock()
		if r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("ada:s3cret")) {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		w.WriteHeader(http.StatusTeapot) // its word for a host that it has not
	}))
	t.Cleanup(corporate.Close)
	at := corporate.Listener.Addr().String()
	p := newProject(t)
	p.mirra("up", "--mirrors", "stripe", "--detach", "--quiet") // by a shell that knows no proxy
	t.Cleanup(func() { p.mirra("down") })
	// try runs a command in a shell that names the proxy, and returns what that was asked.
	try := func(user, noProxy string, command ...string) (string, []string) {
		t.Helper()
		mu.Lock()
		asked = nil
		mu.Unlock()
		cmd := exec.Command(binary, append([]string{"exec", "--"}, command...)...)
		cmd.Dir = p.folder
		cmd.Env = append(environment(p.home), "HTTPS_PROXY=http://"+user+at, "HTTP_PROXY=http://"+user+at, "NO_PROXY="+noProxy, "no_proxy="+noProxy)
		out, _ := cmd.CombinedOutput() // most fail, and should
		mu.Lock()
		defer mu.Unlock()
		return string(out), slices.Clone(asked)
	}
	const ada = "ada:s3cret@"
	curl := func(url string) []string {
		return []string{"curl", "-sSv", "-u", "sk_test_dropin1234567890:", url}
	}
	for name, c := range map[string]struct {
		user, noProxy string
		command, want []string
		says          string
	}{
		"https":                   {ada, "", curl("https://far.example/"), []string{"CONNECT far.example:443"}, "418"},
		"http":                    {ada, "", curl("http://far.example/x?a;b"), []string{"GET http://far.example/x?a;b"}, "through the proxy that was set: " + at},
		"within another":          {ada, "", append([]string{binary, "exec", "--"}, curl("https://far.example/")...), []string{"CONNECT far.example:443"}, "418"},
		"no credentials":          {"", "", curl("https://far.example/"), []string{"CONNECT far.example:443"}, "407"},
		"NO_PROXY":                {ada, "far.invalid", curl("https://far.invalid/"), nil, "far.invalid"},
		"a vendor":                {ada, "", curl("https://api.stripe.com/v1/customers"), nil, `"object": "list"`},
		"a vendor in plain HTTP":  {ada, "", []string{"curl", "-sS", "http://api.stripe.com/v1/customers", "-u", "sk_test_dropin1234567890:"}, nil, `"object": "list"`},
		"Go in plain HTTP":        {ada, "", []string{"sh", "-c", "echo \"HTTP_PROXY=$HTTP_PROXY.\""}, nil, "HTTP_PROXY=.\n"},
		"a vendor without a host": {ada, "", curl("https://dashboard.stripe.com/"), nil, "never called for real"},
	} {
		out, got := try(c.user, c.noProxy, c.command...)
		if !slices.Equal(got, c.want) || !strings.Contains(out, c.says) || strings.Contains(out, "s3cret") {
			t.Errorf("%s: the proxy was asked %q, want %q; printed %s, want %q", name, got, c.want, out, c.says)
		}
	}
	// A shell that knows none takes it back.
	if _, err := p.try(append([]string{"exec", "--"}, curl("https://far.invalid/")...)...); err == nil || strings.Contains(err.Error(), "through the proxy") {
		t.Errorf("%v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, a := range asked {
		if strings.Contains(a, "far.invalid") {
			t.Errorf("asked %q", asked)
		}
	}
}
