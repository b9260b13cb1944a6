package sdktest_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// notes is a mirror with all that the package is to test: a resource, an error,
// a URL of its own, a panic, a timer, a simulation, a signed delivery.
var notes = func() *sdk.Plugin {
	p := sdk.New(sdk.Manifest{
		Name: "notes", Vendor: "Notes", Line: "v1", Build: 1,
		Hosts:   []sdk.Host{{ID: "api", Name: "api.notes.example"}, {ID: "files", Name: "files.notes.example"}},
		Secrets: []sdk.SecretSpec{{Name: "webhook", Env: []string{"NOTES_SECRET"}, Prefix: "ns_", Bytes: 16}},
		Errors:  []sdk.ErrorSpec{{Name: "internal", Status: 500, Body: `{"error":"{message}"}`}},
	})
	kept := p.Collect(&sdk.Collection{Type: "note", Entity: "notes", Prefix: "no_", Random: 8})
	add := func(c *sdk.Call, text string) (sdk.Doc, error) {
		d := c.NewObject()
		d.SetString("id", kept.NewID(c))
		d.SetString("text", text)
		d.SetInt("created", c.Unix())
		d.SetURL("file", "files", "/n/1")
		for _, url := range c.Forwards {
			c.Enqueue("note.created", url, d.JSON())
		}
		return d, kept.Insert(c, d)
	}
	p.OnError = func(c *sdk.Call, err error) {
		c.SetStatus(400)
		if errors.Is(err, sdk.ErrNotRouted) {
			c.SetStatus(404)
		}
		c.WriteString(err.Error())
	}
	p.Handle("POST /notes", "CreateNote", sdk.Modelled, func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		if params.Get("text").String() == "" {
			return errors.New("no text")
		}
		if at, ok := params.Get("after").Int(); ok {
			c.SetTimer("late", "1", c.Now().Add(time.Duration(at)*time.Second), params.Get("text").String())
		}
		d, err := add(c, params.Get("text").String())
		if err != nil {
			return err
		}
		return c.JSON(d)
	})
	p.Handle("GET /panic", "Panic", sdk.Modelled, func(c *sdk.Call) error {
		if _, err := add(c, "lost"); err != nil {
			return err
		}
		panic("on purpose")
	})
	p.OnTimer("late", func(c *sdk.Call, payload string) error {
		_, err := add(c, "late "+payload)
		return err
	})
	p.Simulate("note.added", func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		_, err = add(c, params.Get("text").String())
		return err
	})
	p.Attempt = func(c *sdk.Call, d sdk.Delivery) error {
		c.SetHeader("Notes-Signature", c.HMACHex(sdk.SHA256, c.Secret("webhook"), d.Payload))
		c.Post(d.Label, "application/json", d.Payload)
		return nil
	}
	p.Outcome = func(c *sdk.Call, d sdk.Delivery, r sdk.Result) error {
		if !r.OK() && d.Attempt < 3 {
			c.RetryAt(c.Now().Add(time.Minute))
		}
		return nil
	}
	p.Serve()
	return p
}()

func TestRequests(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(notes))
	made := m.Form("POST", "/notes", "text=a & b = c").Want(200)
	if got := made.Get("text"); got != "a & b = c" {
		t.Errorf("text %q", got)
	}
	if got, want := made.Get("file"), "http://mirra.test/files/n/1"; got != want {
		t.Errorf("file %q, want %q", got, want)
	}
	if got := made.Get("created"); got != strconv.FormatInt(sdktest.Epoch.Unix(), 10) {
		t.Errorf("created %s", got)
	}
	m.Form("POST", "/notes").Want(400)
	m.Form("GET", "/nothing").Want(404)
	if n := len(m.State("notes")); n != 1 {
		t.Errorf("%d notes, want 1", n)
	}
}

func TestPanicRollsBack(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(notes))
	m.Form("GET", "/panic").Want(500)
	if n := len(m.State("notes")); n != 0 {
		t.Errorf("%d notes after a panic", n)
	}
	m.Form("POST", "/notes", "text=next").Want(200)
}

func TestSameSeedSameBytes(t *testing.T) {
	var first string
	for range 2 {
		m := sdktest.Start(t, sdktest.Plugin(notes), sdktest.SeedValue(7))
		body := m.Form("POST", "/notes", "text=x").Want(200).Body
		if first == "" {
			first = body
		} else if body != first {
			t.Errorf("%s, then %s", first, body)
		}
	}
}

func TestClockTimersAndDeliveries(t *testing.T) {
	sink := sdktest.NewSink(t)
	m := sdktest.Start(t, sdktest.Plugin(notes), sdktest.Forward(sink.URL+"/hook"), sdktest.Env("NOTES_SECRET", "ns_secret"))
	if got := m.Secret("webhook"); got != "ns_secret" {
		t.Errorf("secret %q", got)
	}
	m.Form("POST", "/notes", "text=one", "after=3600").Want(200)
	m.Settle()
	if got := sink.Take(); len(got) != 1 || got[0].Path != "/hook" || len(got[0].Header.Get("Notes-Signature")) != 64 {
		t.Fatalf("got %+v", got)
	}
	answers := []int{500, 500, 200}
	sink.Answer(func(sdktest.Received) int {
		s := answers[0]
		answers = answers[1:]
		return s
	})
	m.Advance(time.Hour)
	if got := sink.Take(); len(got) != 1 {
		t.Fatalf("%d deliveries at the hour, want 1", len(got))
	}
	m.Advance(2 * time.Minute)
	if got := sink.Take(); len(got) != 2 {
		t.Errorf("%d retries, want 2", len(got))
	}
	if got := sdktest.ParseJSON(t, m.State("notes")[1]).Get("text"); got != "late one" {
		t.Errorf("timer left %q", got)
	}
}

func TestSimulateAndFault(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(notes))
	if err := m.Simulate("note.added", "text=from outside"); err != nil {
		t.Fatal(err)
	}
	if err := m.Simulate("nothing"); err == nil {
		t.Error("an unknown event was simulated")
	}
	if n := len(m.State("notes")); n != 1 {
		t.Errorf("%d notes, want 1", n)
	}
	m.Fault(`{"error":"internal","count":1}`)
	m.Form("POST", "/notes", "text=x").Want(500)
	m.Form("POST", "/notes", "text=x").Want(200)
}

func TestKeys(t *testing.T) {
	got := sdktest.Keys(t, `{"b":{"x":1,"y":[1,{"z":2}]},"a":"b","c":[1],"d":null}`)
	want := []string{"b", "a", "c", "d"}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
