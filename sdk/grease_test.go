//go:build !wasip1

package sdk

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host/tape"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// frameHost is a host that gives one frame and keeps the answer. What else a
// plugin calls is a nil method and fails the test.
type frameHost struct {
	wire.Host
	frame, out []byte
}

func (h *frameHost) Input(off uint32, p []byte) uint32 {
	if int(off) < len(h.frame) {
		copy(p, h.frame[off:])
	}
	return uint32(len(h.frame))
}

func (h *frameHost) Output(p []byte) { h.out = append(h.out, p...) }

// answerTo runs one call. A panic is what a guest would be stopped for.
func answerTo(p *Plugin, frame string) (out string, panicked any) {
	h := &frameHost{frame: []byte(frame)}
	func() {
		defer func() { panicked = recover() }()
		Native{}.Call(p, h)
	}()
	return string(h.out), panicked
}

// critical is a section of a later host that a plugin must understand.
func critical() string {
	b := abi.AppendGrease(nil, 1)
	b[2] |= byte(abi.FlagCritical)
	return string(b)
}

// greasePlugin answers every kind with something that depends on its frame.
func greasePlugin() *Plugin {
	p := New(Manifest{Hosts: []Host{{ID: "api"}}})
	p.Handle("POST /things/{id}", "PostThing", Exact, func(c *Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		d := c.NewObject()
		d.SetString("id", c.Value("id"))
		d.SetDoc("params", params)
		d.SetString("account", c.Account())
		d.SetString("header", c.Header("x-h"))
		d.SetInt("now", c.Unix())
		d.SetString("forwards", strings.Join(c.Forwards, ","))
		return c.JSON(d)
	})
	p.OnTimer("expire", func(c *Call, payload string) error { return c.Send(c.Name + payload) })
	p.Simulate("lost", func(c *Call) error {
		params, err := c.Params()
		c.AddFault("params", params.JSON())
		return err
	})
	p.Fixture("demo", "", func(c *Call) error { c.AddFault("demo", c.Context.Mirror); return nil })
	p.Attempt = func(c *Call, d Delivery) error { c.Post(d.Label, "text/plain", d.Event+d.Payload); return nil }
	p.Outcome = func(c *Call, d Delivery, r Result) error {
		if !r.OK() {
			c.RetryAt(c.Now().Add(time.Duration(r.Status) * time.Second))
		}
		return nil
	}
	return p
}

// TestUnknownSections has plugins answer frames of a later host: an unknown
// section at every place, unknown flags, critical ones, and unknown kinds.
func TestUnknownSections(t *testing.T) {
	p := greasePlugin()
	context := abi.Context{NowNS: 1_700_000_000e9, Session: "s", Mirror: "m"}
	headers := abi.MakePairs([]abi.Pair{{Name: "X-H", Value: "v"}})
	var parser tape.Parser
	http := (&abi.Request{Kind: abi.KindHTTP, Method: "POST", Target: "/things/1?q=2", Headers: headers, Context: context,
		Credential: abi.Credential{Status: abi.CredentialAccepted, Account: "acct"}, Forwards: []string{"http://a", "http://b"}}).Append(nil)
	http, _ = parser.Append(http, "/things/1?q=2", "application/json", []byte(`{"a":[1,{"b":null}]}`))
	simulate, _ := parser.Append((&abi.Request{Kind: abi.KindSimulate, Name: "lost", Context: context}).Append(nil), "/?why=x", "", nil)
	frames := map[string][]byte{
		"http": http, "simulate": simulate,
		"timer":   (&abi.Request{Kind: abi.KindTimer, Name: "expire/1", Payload: "p", Context: context}).Append(nil),
		"attempt": (&abi.Request{Kind: abi.KindAttempt, Payload: "p", Context: context, Delivery: abi.Delivery{ID: 1, Attempt: 1, Event: "e", Label: "http://a"}}).Append(nil),
		"outcome": (&abi.Request{Kind: abi.KindOutcome, Payload: "p", Context: context, Delivery: abi.Delivery{ID: 1, Attempt: 1, Event: "e", Label: "l"}, Result: abi.Result{Status: 500, Headers: headers}}).Append(nil),
		"seed":    (&abi.Request{Kind: abi.KindSeed, Name: "demo", Context: context}).Append(nil),
		"migrate": (&abi.Request{Kind: abi.KindMigrate, SchemaVersion: 1, Context: context}).Append(nil),
		"warmup":  (&abi.Request{Kind: abi.KindWarmup, Context: context}).Append(nil),
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			want, panicked := answerTo(p, string(frame))
			if panicked != nil {
				t.Fatal(panicked)
			}
			if quiet := name == "migrate" || name == "warmup"; quiet != (want == "") {
				t.Fatalf("the plain frame was answered with %q", want)
			}
			for rest, at := string(frame), 0; ; at = len(frame) - len(rest) {
				for _, n := range []uint32{uint32(at), uint32(at) | 1<<12} {
					if got, panicked := answerTo(p, string(frame[:at])+string(abi.AppendGrease(nil, n))+rest); got != want || panicked != nil {
						t.Errorf("unknown section at byte %d: got %q, %v, want %q", at, got, panicked, want)
					}
				}
				if got, panicked := answerTo(p, string(frame[:at])+critical()+rest); got != "" || panicked == nil {
					t.Errorf("critical section at byte %d was answered with %q", at, got)
				} else if text, ok := panicked.(string); !ok || !strings.Contains(text, "newer") {
					t.Errorf("critical section at byte %d: %v", at, panicked)
				}
				if rest == "" {
					break
				}
				var err error
				if _, rest, err = abi.NextSection(rest); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if got, panicked := answerTo(p, string(abi.AppendUint16Section(nil, abi.TagKind, 99))); got != "" || panicked != nil {
		t.Errorf("an unknown kind was answered with %q, %v", got, panicked)
	}
	if got, panicked := answerTo(p, string(http[:len(http)-3])); got != "" || panicked == nil {
		t.Errorf("a frame cut short was answered with %q", got)
	}
}

// TestLargeFrames holds that a frame larger than the first buffer is read whole.
func TestLargeFrames(t *testing.T) {
	p := New(Manifest{})
	p.Handle("POST /", "Echo", Exact, func(c *Call) error { return c.Send(c.Body[len(c.Body)-3:]) })
	body := strings.Repeat("x", 100<<10) + "end"
	out, panicked := answerTo(p, string((&abi.Request{Kind: abi.KindHTTP, Method: "POST", Target: "/", Body: body}).Append(nil)))
	r, err := abi.DecodeResponse(out)
	if err != nil || panicked != nil || r.Body != "end" {
		t.Errorf("got %+v, %v, %v", r, err, panicked)
	}
}

// TestAnswers holds what the parts of an answer look like on the wire.
func TestAnswers(t *testing.T) {
	p := New(Manifest{})
	p.Layout = Indented2
	fixed := NewHeaders("Server", "x", "Content-Type", "application/json")
	for path, h := range map[string]Handler{
		"/script": func(c *Call) error {
			c.Chunk(0, "a")
			c.Chunk(time.Second, "b")
			c.SetTrailer("X-Sum", "2")
			return nil
		},
		"/headers": func(c *Call) error {
			c.FixedHeaders(fixed)
			c.SetHeader("A", "1")
			c.SetHeader("a", "2") // another spelling is another header
			c.SetHeader("A", "3")
			c.AddHeader("A", "4")
			c.SetHeader("B", "5")
			c.DeleteHeader("B")
			c.Note("k", "v")
			c.SetStatus(202)
			return c.JSON(c.NewObject())
		},
		"/text":    func(c *Call) error { return c.SendText("text/html", "<p>") },
		"/blob":    func(c *Call) error { return c.BlobBody(3, 10, 20) },
		"/fail":    func(c *Call) error { return Fail(418, "a \"teapot\"") },
		"/lacking": func(c *Call) error { return &NotImplementedError{"X"} },
		"/error":   func(c *Call) error { return errors.New("plain") },
		"/param":   func(c *Call) error { return &ParamError{Text: "bad"} },
	} {
		p.Handle("GET "+path, path, Exact, h)
	}
	p.Handle("GET /none", "GetNone", None, nil)
	p.Handle("GET /generic", "GetGeneric", Generic, func(c *Call) error { return c.Send("x") })
	ask := func(path string, flags abi.ContextFlags) *abi.Response {
		t.Helper()
		out, panicked := answerTo(p, string((&abi.Request{Kind: abi.KindHTTP, Method: "GET", Target: path, Context: abi.Context{Flags: flags}}).Append(nil)))
		r, err := abi.DecodeResponse(out)
		if err != nil || panicked != nil {
			t.Fatalf("%s: %v, %v", path, err, panicked)
		}
		return r
	}
	r := ask("/script", 0)
	if got, want := []byte(r.Script), abi.AppendScript(nil, []uint64{0, 1e9}, []string{"a", "b"})[8:]; !r.HasScript || string(got) != string(want) || r.Trailers != abi.MakePairs([]abi.Pair{{Name: "X-Sum", Value: "2"}}) {
		t.Errorf("script: got %+v", r)
	}
	r = ask("/headers", 0)
	var headers []string
	for n, v := range r.Headers.All {
		headers = append(headers, n+"="+v)
	}
	if got := strings.Join(headers, " "); got != "Server=x Content-Type=application/json A=3 a=2 A=4" || r.Status != 202 || r.Layout != Indented2 || r.Operation != "/headers" || r.Level != Exact || len(r.Notes) != 1 {
		t.Errorf("headers: got %s and %+v", got, r)
	}
	if r = ask("/text", 0); r.Layout != AsIs || r.Body != "<p>" {
		t.Errorf("text: got %+v", r)
	}
	if r = ask("/blob", 0); r.Blob != (abi.BlobRange{Handle: 3, Offset: 10, Length: 20}) || !r.HasBlob {
		t.Errorf("blob: got %+v", r)
	}
	for path, want := range map[string]struct {
		status uint16
		body   string
	}{
		"/fail": {418, `{"error":"a \"teapot\""}`}, "/lacking": {501, `{"error":"operation X is not mirrored"}`}, "/none": {501, `{"error":"operation GetNone is not mirrored"}`},
		"/error": {500, `{"error":"plain"}`}, "/param": {400, `{"error":"bad"}`}, "/nothing": {404, `{"error":"no such operation"}`},
	} {
		r := ask(path, 0)
		if contentType, _ := r.Headers.Find("content-type"); r.Status != want.status || r.Body != want.body || contentType != "application/json" {
			t.Errorf("%s: got %d, %s, %s", path, r.Status, r.Body, contentType)
		}
	}
	p.Handle("GET /flight", "GetFlight", Exact, func(c *Call) error {
		if check, _ := c.CheckIdempotency("k", "", 1); check != KeyInFlight {
			return Fail(500, "not in flight")
		}
		return Fail(409, "in flight")
	})
	if r := ask("/flight", abi.InFlightDuplicate); r.Status != 409 {
		t.Errorf("in flight: %d", r.Status)
	}
	p.Handle("GET /versions", "GetVersions", Exact, func(c *Call) error {
		if c.RefuseVersions() {
			return Fail(400, "no such version")
		}
		return c.Send("{}")
	})
	for flags, want := range map[abi.ContextFlags]uint16{0: 200, abi.Strict | abi.LimitsOff: 200, abi.RefuseVersions: 400} {
		if r := ask("/versions", flags); r.Status != want {
			t.Errorf("versions with flags %d: %d, want %d", flags, r.Status, want)
		}
	}
	if r := ask("/generic", 0); r.Status != 200 {
		t.Errorf("generic: %d", r.Status)
	}
	if r := ask("/generic", abi.Strict); r.Status != 501 {
		t.Errorf("generic, strictly: %d", r.Status)
	}
}
