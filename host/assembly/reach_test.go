package assembly_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/host/httpapi"
)

// A mirror answers by port, path and host name, its other hosts too.
func TestWaysToAMirror(t *testing.T) {
	t.Parallel()
	s := MustServer(t, func(c *assembly.Config) { c.Domains = []string{"*.mirra.example"} })
	info := MustSession(t, s, func(r *host.NewSession) { r.Ports, r.Project = true, "/some/project" })
	m := info.Mirrors[0]
	id := info.SessionID[4:]
	if m.URL == m.PathURL || !strings.HasPrefix(m.URL, "http://127.0.0.1:") {
		t.Fatalf("no port of its own: %s", m.URL)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(m.URL, "http://"), ":")
	for name, want := range map[string]string{"HELLO_BASE_URL": m.URL, "HELLO_FILES": s.VendorURL() + "/s/" + id + "/hello/files", "HELLO_PORT": port} {
		if m.Env[name] != want {
			t.Errorf("%s=%s, want %s", name, m.Env[name], want)
		}
	}
	if m.Env["HELLO_WEBHOOK_SECRET"] == "" {
		t.Error("the derived secret is not in the environment")
	}
	vendor := s.VendorURL()
	for _, tc := range []struct{ name, url, host string }{
		{"port", m.URL, ""},
		{"path", vendor + "/s/" + id + "/hello", ""},
		{"default host by path", vendor + "/s/" + id + "/hello/api", ""},
		{"host name", vendor, "hello-" + id + ".localhost:4401"},
		{"host name in capitals", vendor, "HELLO-" + id + ".Localhost"},
		{"configured domain", vendor, "hello-" + id + ".mirra.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			headers := []string{asApp}
			if tc.host != "" {
				headers = append(headers, "Host: "+tc.host)
			}
			resp, text := call(t, "GET", tc.url+"/greetings", "", headers...)
			if resp.StatusCode != 200 || !strings.Contains(text, `"data":[`) {
				t.Errorf("got %s %s", resp.Status, text)
			}
			if got, want := resp.Header.Get("X-Mirra-Version"), m.Version; !strings.HasPrefix(got, want) {
				t.Errorf("X-Mirra-Version %q, want %q", got, want)
			}
		})
	}
	// The plugin serves nothing on its other host, and says so itself.
	for _, h := range [][2]string{{vendor + "/s/" + id + "/hello/files/greetings", "Accept: */*"}, {vendor + "/greetings", "Host: files.hello-" + id + ".localhost"}, {m.URL + "/greetings", "X-Mirra-Host: files"}} {
		resp, text := call(t, "GET", h[0], "", asApp, h[1])
		if resp.StatusCode != 404 || !strings.Contains(text, "no such operation") || resp.Header.Get("X-Mirra-Version") == "" {
			t.Errorf("the vendor's other host, %s: %s %s", h, resp.Status, text)
		}
	}
	for _, tc := range []struct{ name, url, host string }{
		{"other session", vendor + "/s/zzzz/hello/greetings", ""},
		{"other mirror", vendor + "/s/" + id + "/stripe/greetings", ""},
		{"nothing", vendor + "/greetings", ""},
		{"foreign domain", vendor + "/greetings", "hello-" + id + ".evil.example"},
		{"session of the name only", vendor + "/greetings", id + ".localhost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			headers := []string{asApp}
			if tc.host != "" {
				headers = append(headers, "Host: "+tc.host)
			}
			resp, text := call(t, "GET", tc.url, "", headers...)
			if resp.StatusCode != 404 || !strings.Contains(text, "mirra.vendor.no_mirror") || !strings.Contains(text, `"hint"`) {
				t.Errorf("got %s %s", resp.Status, text)
			}
		})
	}
	if err := s.EndSession(t.Context(), info.SessionID, false); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		c.Close()
		t.Error("the port of an ended session is still open")
	}
	again := MustSession(t, s, func(r *host.NewSession) { r.Ports, r.Project = true, "/some/project" })
	if again.Mirrors[0].URL != m.URL {
		t.Errorf("the project's port moved from %s to %s", m.URL, again.Mirrors[0].URL)
	}
}

// What a project says of its traffic is true of its sessions only.
func TestSettingsOfASession(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	plain := MustSession(t, s, nil).Mirrors[0].URL
	set := MustSession(t, s, func(r *host.NewSession) { r.HideHeaders, r.AllowLiveKeys = true, true }).Mirrors[0].URL
	resp, text := call(t, "GET", plain+"/greetings", "", liveKey)
	if resp.StatusCode != 401 || !strings.Contains(text, "allow-live-keys") {
		t.Errorf("a live key: %s %s", resp.Status, text)
	}
	resp, _ = call(t, "GET", set+"/greetings", "", asApp)
	if v := resp.Header.Get("X-Mirra-Version"); v != "" {
		t.Errorf("X-Mirra-Version %q in spite of mirra-headers: off", v)
	}
	if resp, _ = call(t, "GET", plain+"/greetings", "", asApp); resp.Header.Get("X-Mirra-Version") == "" {
		t.Error("another session's mirra-headers: off counts")
	}
}

// What a mirror says of itself is for its user only, whatever name a page has
// for this address.
func TestMirrorsOwnPages(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	info := MustSession(t, s, func(r *host.NewSession) { r.Ports = true })
	url := info.Mirrors[0].URL
	byName := "Host: hello-" + info.SessionID[4:] + ".localhost"
	for _, tc := range []struct {
		name, method, url, body string
		headers                 []string
		status                  int
		want                    string
	}{
		{"without token", "GET", url + "/_mirra/state", "", nil, 401, "mirra.auth.token"},
		{"by path, without token", "GET", info.Mirrors[0].PathURL + "/_mirra/state", "", nil, 401, "mirra.auth.token"},
		{"rebound name", "GET", url + "/_mirra/state", "", []string{asUser, "Host: evil.example"}, 403, "mirra.auth.host"},
		{"page of another origin", "POST", url + "/_mirra/state/reset", "", []string{asUser, "Origin: http://evil.example"}, 403, "mirra.auth.origin"},
		{"state", "GET", url + "/_mirra/state", "", []string{asUser}, 200, `{}`},
		{"state by name", "GET", s.VendorURL() + "/_mirra/state", "", []string{asUser, byName}, 200, `{}`},
		{"metadata", "GET", url + "/_mirra/metadata", "", []string{asUser}, 200, `"level":"modelled"`},
		{"snapshot", "POST", url + "/_mirra/state/snapshot", `{"name":"a"}`, []string{asUser, asJSON}, 201, `"name":"a"`},
		{"restore", "POST", url + "/_mirra/state/restore", `{"name":"a"}`, []string{asUser, asJSON}, 204, ``},
		{"reset", "POST", url + "/_mirra/state/reset", ``, []string{asUser}, 204, ``},
		{"simulate", "POST", url + "/_mirra/simulate", `{"event":"x"}`, []string{asUser, asJSON}, 422, `mirra.simulate`},
		{"retry", "POST", url + "/_mirra/webhooks/retry", `{}`, []string{asUser, asJSON}, 404, `no_attempt`},
		{"nothing", "GET", url + "/_mirra/else", ``, []string{asUser}, 404, `/_mirra/{state,metadata}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, text := call(t, tc.method, tc.url, tc.body, tc.headers...)
			if resp.StatusCode != tc.status || !strings.Contains(text, tc.want) {
				t.Errorf("got %s %s, want %d and %s", resp.Status, text, tc.status, tc.want)
			}
		})
	}
}

// An application that registers Mirra's own control API as its webhook endpoint
// gets an attempt that says why nothing was sent.
func TestDeliveryAtTheControlPort(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	for name, target := range map[string]string{
		"control port":     s.ControlURL() + "/v1/server/stop",
		"by another name":  strings.Replace(s.ControlURL(), "127.0.0.1", "localhost", 1) + "/v1/sessions",
		"elsewhere":        "http://192.0.2.1/hook",
		"another protocol": "https://192.0.2.1:1/hook",
	} {
		t.Run(name, func(t *testing.T) {
			info := MustSession(t, s, func(r *host.NewSession) { r.Mirrors[0].Forwards = []string{target} })
			call(t, "POST", info.Mirrors[0].URL+"/greetings", "text=hi", asApp, asForm)
			if _, err := s.MoveClock(t.Context(), info.SessionID, &host.ClockMove{Advance: host.Duration(time.Second)}); err != nil {
				t.Fatal(err)
			}
			page, err := s.WebhookAttempts(t.Context(), info.SessionID, host.TraceQuery{})
			if err != nil || len(page.Entries) == 0 {
				t.Fatalf("no attempt: %v", err)
			}
			if e := page.Entries[0]; e.Outcome != "refused" || e.Fault == "" || e.Status != 0 {
				t.Errorf("got %+v", e)
			}
		})
	}
}

// A delivery goes where the project allows it, under the registered URL's
// signature.
func TestRewrite(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	got := make(chan string, 10)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Path }))
	defer app.Close()
	info := MustSession(t, s, func(r *host.NewSession) {
		r.Mirrors[0].Forwards = []string{"https://app.example.com/hook"}
		r.Rewrite = map[string]string{"https://app.example.com": app.URL}
	})
	call(t, "POST", info.Mirrors[0].URL+"/greetings", "text=hi", asApp, asForm)
	if path := <-got; path != "/hook" {
		t.Errorf("got %s", path)
	}
	if err := s.HoldWebhooks(t.Context(), info.SessionID, true); err != nil {
		t.Fatal(err)
	}
	call(t, "POST", info.Mirrors[0].URL+"/greetings", "text=held", asApp, asForm)
	if n := len(got); n != 0 {
		t.Errorf("%d sent although webhooks are held", n)
	}
	if err := s.HoldWebhooks(t.Context(), info.SessionID, false); err != nil {
		t.Fatal(err)
	}
	<-got
	// The application has the webhooks a moment before the trace has.
	for attempts := 0; attempts < 2; {
		page, err := s.WebhookAttempts(t.Context(), info.SessionID, host.TraceQuery{})
		if err != nil {
			t.Fatal(err)
		}
		attempts = len(page.Entries)
	}
	if err := s.RetryWebhook(t.Context(), info.SessionID, 0); err != nil {
		t.Fatal(err)
	}
	<-got
	if err := s.ForwardWebhooks(t.Context(), info.SessionID, "hello", []string{app.URL + "/new"}); err != nil {
		t.Fatal(err)
	}
	call(t, "POST", info.Mirrors[0].URL+"/greetings", "text=new", asApp, asForm)
	if path := <-got; path != "/new" {
		t.Errorf("got %s", path)
	}
}

// Two projects that pin different builds of a vendor run on one server at once.
func TestTwoBuildsAtOnce(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	all, err := s.Mirrors(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, e := range all {
		info := MustSession(t, s, func(r *host.NewSession) { r.Mirrors[0] = host.MirrorRequest{Ref: "hello", Digest: e.Digest} })
		resp, _ := call(t, "GET", info.Mirrors[0].URL+"/greetings", "", asApp)
		if got, want := resp.Header.Get("X-Mirra-Version"), "hello@"+e.Version; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	_, err = s.CreateSession(t.Context(), &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: "stripe", Digest: all[0].Digest}}})
	if err == nil || !strings.Contains(err.Error(), "is hello") {
		t.Errorf("another plugin's digest: %v", err)
	}
}

// A session of a foreground command ends with it, however that ends.
func TestHold(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	c := httpapi.NewClient(s.ControlURL(), s.Token())
	info := MustSession(t, c, func(r *host.NewSession) { r.Hold = true })
	if info.ExpiresAt != nil {
		t.Errorf("a held session expires at %s", info.ExpiresAt)
	}
	seen := 0
	err := c.Events(t.Context(), info.SessionID, 0, true, func(host.TraceEntry) bool {
		seen++
		return false // the command is gone
	})
	if err != nil || seen == 0 {
		t.Fatalf("events: %d, %v", seen, err)
	}
	// It ends by itself five seconds after; a second holder keeps it until then.
	if _, err := c.Session(t.Context(), info.SessionID); err != nil {
		t.Fatalf("it ended at once: %v", err)
	}
	for range 200 {
		if _, err = c.Session(t.Context(), info.SessionID); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err == nil {
		t.Error("it lives on although nobody holds it")
	}
}

// A stream that was cut off goes on where it was, and ends with the session.
func TestEvents(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	info := MustSession(t, s, nil)
	c := httpapi.NewClient(s.ControlURL(), s.Token())
	for i := range 3 {
		call(t, "POST", info.Mirrors[0].URL+"/greetings", fmt.Sprintf("text=%d", i), asApp, asForm)
	}
	var seqs []uint64
	follow := func(after uint64, stop func(host.TraceEntry) bool) {
		t.Helper()
		err := c.Events(t.Context(), info.SessionID, after, false, func(e host.TraceEntry) bool {
			seqs = append(seqs, e.Seq)
			return !stop(e)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	follow(0, func(e host.TraceEntry) bool { return e.Seq == 2 })
	// Then a change of state is told too, as somebody follows.
	done, connected := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		follow(2, func(e host.TraceEntry) bool {
			if e.Seq == 3 {
				close(connected)
			}
			return false
		})
	}()
	<-connected
	call(t, "POST", info.Mirrors[0].URL+"/greetings", "text=last", asApp, asForm)
	if err := s.EndSession(t.Context(), info.SessionID, false); err != nil {
		t.Fatal(err)
	}
	<-done
	for i, seq := range seqs {
		if seq != uint64(i+1) {
			t.Fatalf("got events %v", seqs)
		}
	}
	if len(seqs) < 6 {
		t.Errorf("got events %v, want those of 4 requests and of the session's life", seqs)
	}
	resp, text := call(t, "GET", s.ControlURL()+"/v1/sessions/"+info.SessionID+"/events", "", asUser)
	if resp.StatusCode != 404 {
		t.Errorf("events of an ended session: %s %s", resp.Status, text)
	}
}

// A persistent session is whole after a restart: objects, name, ports, settings.
func TestRestart(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	set := func(c *assembly.Config) { c.DataDir = data }
	var url string // its port comes from the project's name, which no other test has
	t.Run("before", func(t *testing.T) {
		s := MustServer(t, set)
		info, created, err := s.PutSession(t.Context(), "kept", &host.NewSession{
			Mirrors: []host.MirrorRequest{{Ref: "hello"}}, Persistent: true, Ports: true, Project: "/restarted", HideHeaders: true,
		})
		if err != nil || !created {
			t.Fatal(created, err)
		}
		url = info.Mirrors[0].URL
		if resp, text := call(t, "POST", url+"/greetings", "text=kept", asApp, asForm); resp.StatusCode >= 300 {
			t.Fatal(resp.Status, text)
		}
	})
	t.Run("after", func(t *testing.T) {
		s := MustServer(t, set)
		resp, text := call(t, "GET", url+"/greetings", "", asApp)
		if !strings.Contains(text, `"text":"kept"`) || resp.Header.Get("X-Mirra-Version") != "" {
			t.Errorf("got %s %v", text, resp.Header)
		}
		info, created, err := s.PutSession(t.Context(), "kept", &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: "hello"}}, Persistent: true})
		if err != nil || created || info.Project != "/restarted" || !info.Persistent {
			t.Fatal(info, created, err)
		}
		if err := s.EndSession(t.Context(), "kept", false); err != nil {
			t.Fatal(err)
		}
		// down archives it, up brings it back.
		if info, created, err = s.PutSession(t.Context(), "kept", &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: "hello"}}, Persistent: true}); err != nil || created {
			t.Fatal(info, created, err)
		}
		if _, text := call(t, "GET", info.Mirrors[0].URL+"/greetings", "", asApp); !strings.Contains(text, `"text":"kept"`) {
			t.Errorf("revived: %s", text)
		}
		if err := s.EndSession(t.Context(), "kept", true); err != nil {
			t.Fatal(err)
		}
		if _, created, err = s.PutSession(t.Context(), "kept", &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: "hello"}}, Persistent: true}); err != nil || !created {
			t.Fatal("purged, but still there", err)
		}
	})
}

// Sessions end after their time-out, and the server when there are none.
func TestIdleServer(t *testing.T) {
	t.Parallel()
	s := MustServer(t, func(c *assembly.Config) { c.IdleExit = time.Second })
	one := 1
	info := MustSession(t, s, func(r *host.NewSession) { r.TimeoutSeconds = &one })
	if info.ExpiresAt == nil {
		t.Fatal("no expiry")
	}
	select {
	case <-s.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the server goes on without sessions")
	}
	if _, err := s.Session(t.Context(), info.SessionID); err == nil {
		t.Error("the session did not expire")
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	_, err := assembly.New(assembly.Config{CacheDir: t.TempDir(), ControlAddr: strings.TrimPrefix(s.ControlURL(), "http://"), VendorAddr: "127.0.0.1:0"})
	if e := host.AsError(err); err == nil || e.Code != "mirra.server.port_in_use" || !strings.Contains(e.Hint, "--port") {
		t.Errorf("got %v", err)
	}
}

// Both implementations of host.Control list the same.
func TestClientSeesWhatServerHas(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	info := MustSession(t, s, func(r *host.NewSession) { r.Name = "same" })
	call(t, "POST", info.Mirrors[0].URL+"/greetings", "text=hi", asApp, asForm)
	client := httpapi.NewClient(s.ControlURL(), s.Token())
	see := func(c host.Control) string {
		var all []any
		add := func(v any, err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
			all = append(all, v)
		}
		ctx := t.Context()
		page, err := c.Sessions(ctx, host.SessionQuery{Name: "same"})
		for i := range page.Sessions {
			page.Sessions[i].Clock.Now = time.Time{}
		}
		add(page, err)
		state, err := c.State(ctx, "same", "hello", "")
		add(state, err)
		trace, err := c.Trace(ctx, "same", host.TraceQuery{Bodies: true, Types: []string{host.EventTraffic}})
		add(trace, err)
		mirrors, err := c.Mirrors(ctx)
		add(mirrors, err)
		faults, err := c.Faults(ctx, "same")
		add(faults, err)
		_, err = c.State(ctx, "same", "nope", "")
		e := host.AsError(err)
		add([]string{string(e.Kind), e.Code, e.Message, e.Hint}, nil)
		b, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if direct, remote := see(s), see(client); direct != remote {
		t.Errorf("the server has\n%s\nthe client sees\n%s", direct, remote)
	}
	gone := httpapi.NewClient("http://127.0.0.1:1", "x")
	if _, err := gone.Sessions(t.Context(), host.SessionQuery{}); host.AsError(err).Code != "mirra.server.unreachable" {
		t.Errorf("no server: %v", err)
	}
	foreign := httptest.NewServer(http.NotFoundHandler())
	defer foreign.Close()
	if _, err := httpapi.NewClient(foreign.URL, "x").Sessions(t.Context(), host.SessionQuery{}); host.AsError(err).Code != "mirra.server.foreign" {
		t.Errorf("another program's server: %v", err)
	}
}

// What is to pass through, and by which proxy others are reached, belongs to a session;
// a fork has the first, and nobody gets the credentials back.
func TestProxySettings(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	_, err := s.CreateSession(t.Context(), &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: "hello"}}, PassThrough: []string{"api.hello.example", "nobodys.test", "com"}})
	for _, want := range []string{"passThrough: api.hello.example is served by the mirror hello itself", "nobodys.test is below no domain", `"com" is no host name`} {
		if e := host.AsError(err); e.Kind != host.KindInvalid || !strings.Contains(e.Message, want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	info := MustSession(t, s, func(r *host.NewSession) { r.PassThrough = []string{"*.Api.hello.example"} })
	fork, err := s.Fork(t.Context(), info.SessionID, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetUpstream(t.Context(), info.SessionID, host.Upstream{HTTPS: "http://ada:s3cret@proxy.test:3128"}); err != nil {
		t.Fatal(err)
	}
	for id, upstream := range map[string]string{info.SessionID: "proxy.test:3128", fork.SessionID: ""} {
		p, err := s.Proxy(t.Context(), id)
		if err != nil || !slices.Equal(p.PassThrough, []string{"*.api.hello.example"}) || p.Upstream != upstream {
			t.Errorf("%s: %+v %v", id, p, err)
		}
	}
	if err := s.SetUpstream(t.Context(), info.SessionID, host.Upstream{HTTPS: s.VendorURL()}); host.AsError(err).Kind != host.KindInvalid {
		t.Errorf("through itself: %v", err)
	}
	if err := s.SetUpstream(t.Context(), "ses_none", host.Upstream{}); host.AsError(err).Kind != host.KindNotFound {
		t.Errorf("of nobody: %v", err)
	}
	closed := MustSession(t, s, func(r *host.NewSession) { r.PassThrough, r.NoEgress = []string{"x.api.hello.example"}, true })
	if p, err := s.Proxy(t.Context(), closed.SessionID); err != nil || len(p.PassThrough) != 0 {
		t.Errorf("with NoEgress: %+v %v", p, err)
	}
}
