package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// What is to be passed through reaches the vendor whichever way it comes, and nothing
// beside it does; what a mirror serves stays the mirror's.
func TestPassThrough(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	vendor := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(vendor.Close)
	s := w.session("a1")
	s.PassThrough = []string{"dash.vendor.test", "*.files.vendor.test", "*.second.test", "api.vendor.test"}
	refusing := w.session("b2")
	refusing.PassThrough, refusing.NoEgress = s.PassThrough, true
	w.session("c3")

	front, door := w.front.Listener.Addr().String(), w.door("a1")
	// outcome of a name: the proxy looks it up, answers itself, or refuses.
	connect := func(session, target string) string {
		resp, fault, _ := send(t, front, "CONNECT "+target+" HTTP/1.1\r\nHost: x\r\n"+basic(session+":x")+"\r\n")
		if resp.StatusCode == 200 {
			return "answers"
		}
		return fault.Code
	}
	const leads, answers = "mirra.proxy.unreachable", "answers" // there is no name server here
	for _, c := range []struct{ session, target, want string }{
		{"a1", "dash.vendor.test:443", leads}, {"a1", "dash.vendor.test:8443", leads}, {"a1", "DASH.vendor.test.:443", leads},
		{"a1", "x.files.vendor.test:443", leads}, {"a1", "a.b.second.test:443", leads},
		{"a1", "api.vendor.test:443", answers}, {"a1", "files.vendor.test:443", answers}, {"a1", "x.dash.vendor.test:443", answers}, {"a1", "second.test:443", answers}, {"a1", "notdash.vendor.test:443", answers},
		{"b2", "dash.vendor.test:443", answers}, {"c3", "dash.vendor.test:443", answers}, {"ended", "dash.vendor.test:443", "mirra.proxy.session_ended"},
	} {
		before := len(w.dials())
		if got := connect(c.session, c.target); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.session, c.target, got, c.want)
		}
		if dials := w.dials()[before:]; (len(dials) > 0) != (c.want == leads) {
			t.Errorf("%s to %s: dialled %v", c.session, c.target, dials)
		}
	}
	for target, want := range map[string]string{"http://dash.vendor.test/": leads, "http://x.dash.vendor.test/": "mirra.proxy.not_served"} {
		if _, fault, _ := send(t, front, "GET "+target+" HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n"); fault.Code != want {
			t.Errorf("%s: %+v, want %s", target, fault, want)
		}
	}
	if _, fault, _ := send(t, door, "GET / HTTP/1.1\r\nHost: dash.vendor.test\r\n\r\n"); fault.Code != leads {
		t.Errorf("plain HTTP by the door: %+v", fault)
	}
	resp, text, err := get(w.client("b2", false), "https://dash.vendor.test/")
	if err != nil || resp.StatusCode != 502 || !strings.Contains(text, "--no-egress, which goes before") {
		t.Errorf("with --no-egress: %v %q", err, text)
	}
	// By address a name that passes through reaches the vendor; another does not.
	at := vendor.Listener.Addr().String()
	for name, reaches := range map[string]bool{"dash.vendor.test": true, "other.vendor.test": false} {
		_, _, c := send(t, front, "CONNECT "+at+" HTTP/1.1\r\nHost: x\r\n"+basic("a1:x")+"\r\n")
		err := tls.Client(c, &tls.Config{ServerName: name, InsecureSkipVerify: true}).Handshake()
		if (err == nil) != reaches {
			t.Errorf("%s by address: %v", name, err)
		}
	}
	// A door hears the name in TLS and passes on all that was said; the certificate is
	// the vendor's own. This proxy's proxy stands for the look-up.
	shown := func(name string) (*x509.Certificate, error) {
		c, err := tls.Dial("tcp", door, &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			return nil, err
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0], nil
	}
	if _, err := shown("dash.vendor.test"); err == nil {
		t.Error("the door shows a certificate of its own for a host that passes through")
	}
	corp := newCorporate(t, at)
	if err := w.p.SetUpstream(s, host.Upstream{HTTPS: corp.url(url.UserPassword("ada", "s3cret"))}); err != nil {
		t.Fatal(err)
	}
	if c, err := shown("dash.vendor.test"); err != nil || !c.Equal(vendor.Certificate()) {
		t.Errorf("by the door the certificate is %v, %v", c, err)
	}
	if c, err := shown("api.vendor.test"); err != nil || c.Equal(vendor.Certificate()) {
		t.Errorf("what the mirror serves has the certificate %v, %v", c, err)
	}
	if got := corp.take(); !slices.Equal(got, []string{"CONNECT dash.vendor.test:443"}) {
		t.Errorf("asked %q", got)
	}
	refused, passed := false, false
	for _, h := range w.p.Tried("ses_a1") {
		refused = refused || strings.HasPrefix(h.Host, "dash.vendor.test:443 (connect to dash.vendor.test:443: ") && h.Refused == 1
		passed = passed || h.Host == "dash.vendor.test:443" && h.Refused == 0 && h.Count > 1
	}
	if !refused || !passed {
		t.Errorf("tried %+v", w.p.Tried("ses_a1"))
	}
}

// Entries are names, or all below one.
func TestParsePassThrough(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Dash.Vendor.test.": "dash.vendor.test", "*.vendor.test": "*.vendor.test", "vendor.test": "vendor.test",
		"": "", "*": "", "*.": "", "*.com": "", "com": "", "a.*.test": "", "**.vendor.test": "", "https://vendor.test": "", "vendor.test:443": "", "127.0.0.1": "", "*.127.0.0.1": "", "::1": "", "bücher.example": "",
	} {
		got, err := ParsePassThrough(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}
