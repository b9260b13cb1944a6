package httpapi

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

func TestLocate(t *testing.T) {
	manifest := &abi.Manifest{
		Hosts:      []abi.Host{{ID: "api"}, {ID: "verify"}, {ID: "v1"}},
		Operations: []abi.Operation{{Path: "/v1/customers"}, {Path: "/verifyall"}},
	}
	for _, tc := range []struct {
		host, uri, header string
		want              place
		ok                bool
	}{
		{host: "127.0.0.1:4401", uri: "/s/a7k2/stripe/v1/customers?a=%2F", want: place{session: "a7k2", mirror: "stripe", base: "http://127.0.0.1:4401/s/a7k2/stripe", target: "/v1/customers?a=%2F"}, ok: true},
		{host: "x", uri: "/s/a7k2/stripe", want: place{session: "a7k2", mirror: "stripe", base: "http://x/s/a7k2/stripe", target: "/"}, ok: true},
		{host: "x", uri: "/s/a7k2/stripe?q", want: place{session: "a7k2", mirror: "stripe", base: "http://x/s/a7k2/stripe", target: "/?q"}, ok: true},
		{host: "x", uri: "/s/a7k2/twilio/verify/v2//x/../y", want: place{session: "a7k2", mirror: "twilio", host: "verify", base: "http://x/s/a7k2/twilio/verify", target: "/v2//x/../y"}, ok: true},
		{host: "x", uri: "/s/a7k2/twilio/verify", want: place{session: "a7k2", mirror: "twilio", host: "verify", base: "http://x/s/a7k2/twilio/verify", target: "/"}, ok: true},
		{host: "x", uri: "/s/a7k2/twilio/verify?q", want: place{session: "a7k2", mirror: "twilio", host: "verify", base: "http://x/s/a7k2/twilio/verify", target: "/?q"}, ok: true},
		{host: "x", uri: "/s/a7k2/twilio/verifyall", want: place{session: "a7k2", mirror: "twilio", base: "http://x/s/a7k2/twilio", target: "/verifyall"}, ok: true},
		// A path of the default host wins over a host of the same name.
		{host: "x", uri: "/s/a7k2/twilio/v1/customers", want: place{session: "a7k2", mirror: "twilio", base: "http://x/s/a7k2/twilio", target: "/v1/customers"}, ok: true},
		{host: "x", uri: "/s/a7k2/twilio/v2", header: "verify", want: place{session: "a7k2", mirror: "twilio", host: "verify", base: "http://x/s/a7k2/twilio", target: "/v2"}, ok: true},
		{host: "stripe-a7k2.localhost:4401", uri: "/s/x/y/z", want: place{session: "a7k2", mirror: "stripe", base: "http://stripe-a7k2.localhost:4401", target: "/s/x/y/z"}, ok: true},
		{host: "my-vendor-a7k2.localhost", uri: "/", want: place{session: "a7k2", mirror: "my-vendor", base: "http://my-vendor-a7k2.localhost", target: "/"}, ok: true},
		{host: "verify.twilio-a7k2.localhost", uri: "/v2", want: place{session: "a7k2", mirror: "twilio", host: "verify", base: "http://verify.twilio-a7k2.localhost", target: "/v2"}, ok: true},
		{host: "two-words.twilio-a7k2.mirra.example.", uri: "/v2", want: place{session: "a7k2", mirror: "twilio", host: "two-words", base: "http://two-words.twilio-a7k2.mirra.example.", target: "/v2"}, ok: true},
		{host: "verify--twilio-a7k2.mirra.example:8443", uri: "/v2", want: place{session: "a7k2", mirror: "twilio", host: "verify", base: "http://verify--twilio-a7k2.mirra.example:8443", target: "/v2"}, ok: true},
		{host: "two-words--my-vendor-a7k2.localhost", uri: "/v2", want: place{session: "a7k2", mirror: "my-vendor", host: "two-words", base: "http://two-words--my-vendor-a7k2.localhost", target: "/v2"}, ok: true},
		{host: "stripe-a7k2.localhost", uri: "http://stripe-a7k2.localhost/v1?x", want: place{session: "a7k2", mirror: "stripe", base: "http://stripe-a7k2.localhost", target: "/v1?x"}, ok: true},
		{host: "x", uri: "http://x/s/a7k2/stripe/v1", want: place{session: "a7k2", mirror: "stripe", base: "http://x/s/a7k2/stripe", target: "/v1"}, ok: true},
		{host: "x", uri: "/"},
		{host: "x", uri: "/s/"},
		{host: "x", uri: "/s/a7k2/"},
		{host: "x", uri: "/s//stripe/"},
		{host: "x", uri: "*"},
		{host: "stripe-a7k2.evil.example", uri: "/v1"},
		{host: "localhost", uri: "/v1"},
		{host: "-a7k2.localhost", uri: "/v1"},
		{host: "stripe-.localhost", uri: "/v1"},
		{host: "a7k2.localhost", uri: "/v1"},
		{host: "[::1]:80", uri: "/v1"},
	} {
		t.Run(tc.host+tc.uri, func(t *testing.T) {
			r := &http.Request{Host: tc.host, RequestURI: tc.uri, Header: http.Header{}}
			if tc.header != "" {
				r.Header.Set("X-Mirra-Host", tc.header)
			}
			got, ok := locate(r, []string{"*.mirra.example"})
			if ok && got.way == byPath {
				got.takeHost(manifest)
			}
			got.root, got.way = "", 0 // see TestHostURL
			if ok != tc.ok || got != tc.want {
				t.Errorf("got %+v %v, want %+v %v", got, ok, tc.want, tc.ok)
			}
		})
	}
}

// TestHostURL holds under which URL an answer names the vendor's hosts, by the
// way its request came.
func TestHostURL(t *testing.T) {
	manifest := &abi.Manifest{Hosts: []abi.Host{{ID: "api"}, {ID: "verify"}, {ID: "hooks"}}}
	for _, tc := range []struct{ host, uri, api, hooks string }{
		{"mirra:4401", "/s/a7k2/twilio/v1", "http://mirra:4401/s/a7k2/twilio", "http://mirra:4401/s/a7k2/twilio/hooks"},
		{"x", "/s/a7k2/twilio/verify/v2", "http://x/s/a7k2/twilio", "http://x/s/a7k2/twilio/hooks"},
		{"twilio-a7k2.localhost:4401", "/v1", "http://twilio-a7k2.localhost:4401", "http://hooks.twilio-a7k2.localhost:4401"},
		{"Verify.twilio-a7k2.Mirra.example.", "/v1", "http://twilio-a7k2.Mirra.example.", "http://hooks.twilio-a7k2.Mirra.example."},
	} {
		p, ok := locate(&http.Request{Host: tc.host, RequestURI: tc.uri, Header: http.Header{}}, []string{"mirra.example"})
		if !ok {
			t.Fatalf("%s%s leads nowhere", tc.host, tc.uri)
		}
		p.takeHost(manifest)
		for id, want := range map[string]string{"": tc.api, "api": tc.api, "hooks": tc.hooks} {
			if got := p.hostURL(manifest, id); got != want {
				t.Errorf("%s%s: host %q is at %s, want %s", tc.host, tc.uri, id, got, want)
			}
		}
	}
	// Over TLS all names are one label below the domain, as a wildcard covers.
	for name, root := range map[string]string{
		"twilio-a7k2.mirra.example": "https://twilio-a7k2.mirra.example", "verify--twilio-a7k2.mirra.example:8443": "https://twilio-a7k2.mirra.example:8443",
	} {
		p, ok := locate(&http.Request{Host: name, RequestURI: "/v1", Header: http.Header{}, TLS: &tls.ConnectionState{}}, []string{"mirra.example"})
		if got := p.hostURL(manifest, "api"); !ok || got != root || p.base != "https://"+name {
			t.Errorf("over TLS %s is below %s, its default host at %s, want %s", name, p.base, got, root)
		}
		if got, want := p.hostURL(manifest, "hooks"), strings.Replace(root, "https://", "https://hooks--", 1); got != want {
			t.Errorf("over TLS another host is at %s, want %s", got, want)
		}
	}
	byPort := place{root: "http://127.0.0.1:5000"}
	if got := byPort.hostURL(manifest, "api"); got != "http://127.0.0.1:5000" {
		t.Errorf("the default host of a port is at %s", got)
	}
	if got := byPort.hostURL(manifest, "hooks"); got != "" {
		t.Errorf("another host of a port is at %s, want none: it is named by a header", got)
	}
}

// No name or path makes locate or takeHost panic, or leave a target that is no
// path.
func FuzzLocate(f *testing.F) {
	f.Add("127.0.0.1:4401", "/s/a7k2/stripe/v1?x")
	f.Add("verify.twilio-a7k2.localhost", "http://x/s/a/b")
	f.Add("[::1", "/s/a/b?")
	manifest := &abi.Manifest{Hosts: []abi.Host{{ID: "api"}, {ID: "v1"}}, Operations: []abi.Operation{{Path: "/v"}}}
	f.Fuzz(func(t *testing.T, name, uri string) {
		p, ok := locate(&http.Request{Host: name, RequestURI: uri, Header: http.Header{}}, []string{"mirra.example"})
		if !ok || p.way != byPath {
			return
		}
		p.takeHost(manifest)
		if p.session == "" || p.mirror == "" || !strings.HasPrefix(p.target, "/") {
			t.Errorf("%q %q: %+v", name, uri, p)
		}
	})
}

// fake is a mirror that answers by a function.
type fake struct {
	answer func(r *host.Request) *host.Response
	max    int64
}

func (f *fake) Serve(_ context.Context, r *host.Request) *host.Response { return f.answer(r) }
func (f *fake) Manifest() *abi.Manifest                                 { return &abi.Manifest{Hosts: []abi.Host{{ID: "api"}}} }
func (f *fake) MaxBody() int64                                          { return f.max }

// serve starts a vendor listener with one mirror and returns its base URL.
func serve(t *testing.T, answer func(r *host.Request) *host.Response) string {
	t.Helper()
	x := &fake{answer, 1 << 20}
	s := httptest.NewServer(&Vendor{Route: func(session, mirror string) Exchanger {
		if session == "a7k2" && mirror == "m" {
			return x
		}
		return nil
	}})
	t.Cleanup(s.Close)
	return s.URL + "/s/a7k2/m"
}

// Targets reach a plugin as they were sent.
func TestRawTarget(t *testing.T) {
	var got host.Request
	base := serve(t, func(r *host.Request) *host.Response {
		got = *r
		out := host.NewResponse(nil)
		out.Status = 200
		return out
	})
	address := strings.TrimPrefix(strings.TrimSuffix(base, "/s/a7k2/m"), "http://")
	for _, target := range []string{"//v1/../x", "/v1/%2e%2E/a%2Fb", "/a?b[c]=d&&;e", "/%", "/./", "/ü?ä=%zz"} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "GET /s/a7k2/m"+target+" HTTP/1.1\r\nHost: "+address+"\r\nx-Odd-CASE: 1\r\nConnection: close\r\n\r\n")
		answer, _ := io.ReadAll(c)
		c.Close()
		if strings.HasPrefix(string(answer), "HTTP/1.1 400") && target == "/%" {
			continue // net/http refuses what is no URL at all
		}
		if got.Target != target && !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
			t.Errorf("%s arrived as %s: %.80q", target, got.Target, answer)
		}
	}
}

// An answer's memory is another's as soon as it was released, which is before
// net/http sends its headers.
func TestAnswerIsCopiedInTime(t *testing.T) {
	memory := []byte("X-NameValue")
	base := serve(t, func(*host.Request) *host.Response {
		copy(memory, "X-NameValue")
		out := host.NewResponse(func() { copy(memory, "reused-text") })
		out.Status = 200
		out.Headers = []abi.Pair{{Name: view(memory[:6]), Value: view(memory[6:])}}
		out.Body = []byte("ok")
		return out
	})
	resp, err := http.Get(base + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("X-Name"); got != "Value" {
		t.Errorf("got %q of %v", got, resp.Header)
	}
}

type blob string

func (b blob) ReadAt(p []byte, off int64) (int, error) { return copy(p, b[off:]), nil }
func (b blob) Size() int64                             { return int64(len(b)) }

func script(chunks ...string) abi.Script {
	section, _, err := abi.NextSection(string(abi.AppendScript(nil, make([]uint64, len(chunks)), chunks)))
	if err != nil {
		panic(err)
	}
	return abi.Script(section.Data)
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func TestKindsOfAnswers(t *testing.T) {
	for _, tc := range []struct {
		name, method string
		out          host.Response
		status       int
		body         string
		length       int64
	}{
		{"inline", "GET", host.Response{Status: 201, Body: []byte("hello")}, 201, "hello", 5},
		{"head", "HEAD", host.Response{Status: 200, Body: []byte("hello")}, 200, "", 5},
		{"none", "GET", host.Response{Status: 204}, 204, "", 0},
		{"blob", "GET", host.Response{Status: 206, Blob: blob("0123456789"), BlobFrom: 2, BlobLen: 5}, 206, "23456", 5},
		{"script", "GET", host.Response{Status: 200, Script: script("a", "b", "c")}, 200, "abc", -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base := serve(t, func(*host.Request) *host.Response {
				out := host.NewResponse(nil)
				*out = tc.out
				out.Headers = []abi.Pair{{Name: "Set-Cookie", Value: "a"}, {Name: "Set-Cookie", Value: "b"}, {Name: "x-lower", Value: "1"}}
				out.Version = "m@v1.1"
				return out
			})
			req, err := http.NewRequest(tc.method, base+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != tc.status || string(body) != tc.body || resp.ContentLength != tc.length {
				t.Errorf("got %d %q length %d, %v", resp.StatusCode, body, resp.ContentLength, err)
			}
			if c := resp.Header["Set-Cookie"]; len(c) != 2 || resp.Header.Get("X-Mirra-Version") != "m@v1.1" || resp.Header.Get("x-lower") != "1" {
				t.Errorf("headers %v", resp.Header)
			}
		})
	}
}

func TestDroppedConnection(t *testing.T) {
	base := serve(t, func(*host.Request) *host.Response {
		out := host.NewResponse(nil)
		out.Drop = true
		return out
	})
	if resp, err := http.Get(base + "/"); err == nil {
		t.Errorf("got %s, want a closed connection", resp.Status)
	}
}

// What cannot be read of a body is the plugin's to answer, in its vendor's
// words.
func TestBodies(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("text=hi"))
	z.Close()
	var bomb bytes.Buffer
	z = gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 8<<20))
	z.Close()
	for _, tc := range []struct {
		name, encoding, body, want, fault string
		reason                            abi.ParseReason
	}{
		{name: "plain", body: "text=hi", want: "text=hi"},
		{name: "gzip", encoding: "gzip", body: packed.String(), want: "text=hi"},
		{name: "cut gzip", encoding: "gzip", body: packed.String()[:12], fault: "not gzip", reason: abi.ReasonEncoding},
		{name: "no gzip", encoding: "gzip", body: "text", fault: "not gzip", reason: abi.ReasonEncoding},
		{name: "bomb", encoding: "gzip", body: bomb.String(), fault: "larger than 1048576", reason: abi.ReasonTooLarge},
		{name: "unknown", encoding: "br", body: "x", want: "x", fault: "content encoding br", reason: abi.ReasonEncoding},
		{name: "too large", body: strings.Repeat("x", 1<<20+1), fault: "larger than 1048576", reason: abi.ReasonTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			base := serve(t, func(r *host.Request) *host.Response {
				if string(r.Body) != tc.want {
					t.Errorf("the body is %.40q, want %q", r.Body, tc.want)
				}
				switch {
				case tc.fault == "" && r.BodyFault != nil:
					t.Errorf("fault %v", r.BodyFault)
				case tc.fault != "" && (r.BodyFault == nil || r.BodyFault.Reason != tc.reason || !strings.Contains(r.BodyFault.Text, tc.fault)):
					t.Errorf("fault %v, want %q", r.BodyFault, tc.fault)
				}
				out := host.NewResponse(nil)
				out.Status = 200
				return out
			})
			req, err := http.NewRequest("POST", base+"/", strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if tc.encoding != "" {
				req.Header.Set("Content-Encoding", tc.encoding)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		})
	}
}

// served is a fake with hosts of its own.
type served struct {
	fake
	hosts []abi.Host
}

func (s *served) Manifest() *abi.Manifest { return &abi.Manifest{Hosts: s.hosts} }

// A request for the vendor's own host reaches it as it stands, and names the vendor's
// URLs.
func TestVendorHost(t *testing.T) {
	t.Parallel()
	var got host.Request
	x := &served{hosts: []abi.Host{{ID: "api", Name: "api.vendor.test"}, {ID: "files", Name: "files.vendor.test"}}}
	x.answer = func(r *host.Request) *host.Response {
		got = *r
		return &host.Response{Status: 200}
	}
	v := &Vendor{
		Route: func(session, mirror string) Exchanger {
			if session != "a7k2" || mirror != "vendor" {
				return nil
			}
			return x
		},
		Meta: func(http.ResponseWriter, *http.Request, string, string, string) {
			t.Error("a vendor's host has no /_mirra")
		},
	}
	for _, tc := range []struct {
		uri, scheme, target string
		tls                 bool
	}{
		{"/v1/x?a=%2F", "https", "/v1/x?a=%2F", true},
		{"/v1//x/../y", "http", "/v1//x/../y", false},
		{"/_mirra/state", "https", "/_mirra/state", true},
		{"https://files.vendor.test/v1?q", "https", "/v1?q", false},
		{"HTTPS://files.vendor.test:443/v1", "https", "/v1", false},
		{"http://files.vendor.test", "http", "/", false},
		{"http://files.vendor.test?q=/a", "http", "/?q=/a", false},
	} {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + tc.uri + " HTTP/1.1\r\nHost: files.vendor.test\r\n\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		if tc.tls {
			r.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		v.Host("a7k2", "vendor", x.hosts, 1).ServeHTTP(w, r)
		if w.Code != 200 || got.Host != "files" || got.Target != tc.target || got.Scheme != tc.scheme || got.BaseURL != tc.scheme+"://files.vendor.test" ||
			got.HostURL("api") != tc.scheme+"://api.vendor.test" || got.HostURL("files") != got.BaseURL || got.HostURL("none") != "" {
			t.Errorf("%s: %d %+v", tc.uri, w.Code, got)
		}
	}
	x.hosts = []abi.Host{{ID: "tenant", Name: "*.vendor.test"}, {ID: "api", Name: "api.vendor.test"}}
	call := func(i int, name string) {
		r := httptest.NewRequest("GET", "/v1", nil)
		r.Host, r.TLS = name, &tls.ConnectionState{}
		v.Host("a7k2", "vendor", x.hosts, i).ServeHTTP(httptest.NewRecorder(), r)
	}
	call(0, "App.eu.vendor.test:443")
	if want := "https://app.eu.vendor.test"; got.Host != "tenant" || got.BaseURL != want || got.HostURL("") != want || got.HostURL("tenant") != want || got.HostURL("api") != "https://api.vendor.test" {
		t.Errorf("a tenant: %+v, %q", got, got.HostURL("tenant"))
	}
	call(1, "api.vendor.test")
	if got.BaseURL != "https://api.vendor.test" || got.HostURL("api") != got.BaseURL || got.HostURL("") != "" || got.HostURL("tenant") != "" {
		t.Errorf("beside tenants: %+v, %q", got, got.HostURL("tenant"))
	}
	w := httptest.NewRecorder()
	v.Host("gone", "vendor", x.hosts, 0).ServeHTTP(w, httptest.NewRequest("GET", "/v1", nil))
	if w.Code != 404 || !strings.Contains(w.Body.String(), "mirra.vendor.no_mirror") {
		t.Errorf("a session that ended: %d %s", w.Code, w.Body)
	}
}
