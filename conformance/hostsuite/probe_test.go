package hostsuite

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var endless = sdk.Define(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n`)

// probe is the plugin of the suite.
var probe = func() *sdk.Plugin {
	p := sdk.New(sdk.Manifest{
		Name: "probe", Vendor: "Probe", Line: "v1", Build: 1, Summary: "one thing at a time",
		API:         sdk.API{Default: "v1"},
		Hosts:       []sdk.Host{{ID: "api", Name: "api.probe.example"}, {ID: "files", Name: "files.probe.example"}},
		Credentials: []sdk.Credentials{{Class: "key", Scheme: "bearer", Pattern: `pk_test_([a-z]+)`, Account: "$1"}, {Class: "live", Scheme: "bearer", Pattern: `pk_live_[a-z]+`, Live: true}},
		Mask:        sdk.Mask{First: 2, Last: 2, Fill: "*", Whole: 3},
		Secrets:     []sdk.SecretSpec{{Name: "hook", Env: []string{"PROBE_SECRET"}, Prefix: "ps_", Bytes: 16}},
		Idempotency: sdk.IdempotencySpec{Header: "Idempotency-Key", Methods: []string{"POST"}},
		Events:      []string{"thing.created"},
		Errors: []sdk.ErrorSpec{
			{Name: "internal", Status: 500, Body: `{"probe_error":"{message}"}`, Headers: []sdk.HeaderSpec{{Name: "X-Request", Value: "r_{request_id}"}}},
			{Name: "live-key", Status: 401, Body: `{"probe_error":"{message}"}`},
			{Name: "slow", Status: 429, Body: `{"probe_error":"slow down"}`},
		},
	})
	things := p.Collect(&sdk.Collection{Type: "thing", Entity: "things", Prefix: "th_", Random: 12, Index: []string{"tag"}})
	insert := func(c *sdk.Call, tag string) sdk.Doc {
		d := c.NewObject()
		d.SetString("id", things.NewID(c))
		d.SetString("tag", tag)
		d.SetInt("created", c.Unix())
		if err := things.Insert(c, d); err != nil {
			panic(err.Error())
		}
		return d
	}
	p.OnError = func(c *sdk.Call, err error) {
		c.SetStatus(400)
		if errors.Is(err, sdk.ErrNotRouted) {
			c.SetStatus(404)
		}
		_ = c.Send(err.Error())
	}
	handle := func(pattern string, h sdk.Handler) {
		id := strings.Map(func(r rune) rune {
			if r == '/' || r == ' ' || r == '{' || r == '}' {
				return '-'
			}
			return r
		}, pattern)
		p.Handle(pattern, id, sdk.Modelled, h)
	}
	handle("POST /things", func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		d := insert(c, params.Get("tag").String())
		for _, url := range c.Forwards {
			c.EnqueueAt(c.Now(), params.Get("order").String(), "thing.created", url, d.JSON())
		}
		if c.Context.Flags&1 != 0 {
			c.SetHeader("Duplicate", "yes")
		}
		return c.JSON(d)
	})
	handle("GET /things", func(c *sdk.Call) error {
		page, err := things.Find(c, sdk.ListQuery{Limit: 100})
		if err != nil {
			return err
		}
		c.Write("[")
		_, err = page.Emit(c)
		c.Write("]")
		return err
	})
	handle("POST /timers/{key}", func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		c.SetTimer("tick", c.Value("key"), c.Now().Add(time.Duration(params.Get("in").Int64())*time.Second), params.Get("mode").String())
		return c.Send("set")
	})
	p.OnTimer("tick", func(c *sdk.Call, payload string) error {
		if payload == "panic" {
			panic("timer goes wrong")
		}
		d := insert(c, "timer "+c.Name+" at "+strconv.FormatInt(c.Unix(), 10))
		if payload == "deliver" {
			for _, url := range c.Forwards {
				c.Enqueue("thing.created", url, d.JSON())
			}
		}
		return nil
	})
	handle("POST /half", func(c *sdk.Call) error {
		insert(c, "never kept")
		for _, url := range c.Forwards {
			c.Enqueue("thing.created", url, "never sent")
		}
		c.SetTimer("tick", "never", c.Now(), "")
		panic("half way")
	})
	handle("GET /endless", func(c *sdk.Call) error {
		endless.MustRun(c.Args())
		return nil
	})
	handle("POST /limit", func(c *sdk.Call) error {
		return c.Send(strconv.FormatBool(c.Take("calls", 1, 1, 2) == 0))
	})
	handle("GET /account", func(c *sdk.Call) error {
		return c.Send(c.Account() + " " + c.Credential.Masked + " " + c.Header("Authorization"))
	})
	handle("GET /versions", func(c *sdk.Call) error {
		if c.RefuseVersions() {
			return c.Send("refused")
		}
		c.Warn("another version")
		return c.Send("answered")
	})
	handle("POST /echo", func(c *sdk.Call) error {
		d := c.NewObject()
		d.SetString("text", c.Request.Body)
		d.SetURL("url", "files", "/f")
		s := c.NewSecret("sec_", 8)
		d.SetSecret("secret", s)
		d.SetString("mac", c.HMACHex(sdk.SHA256, s, "message"))
		return c.JSON(d)
	})
	handle("POST /blob", func(c *sdk.Call) error {
		b, ok := c.BodyBlob()
		if !ok {
			b = c.NewBlob()
			b.Append([]byte(c.Request.Body))
		}
		return c.Send(b.Seal())
	})
	handle("GET /blob/{digest}", func(c *sdk.Call) error {
		b, ok := c.OpenBlob(c.Value("digest"))
		if !ok {
			c.SetStatus(404)
			return nil
		}
		return c.BlobBody(b, 0, b.Size())
	})
	p.Attempt = func(c *sdk.Call, d sdk.Delivery) error {
		stamp := strconv.FormatInt(c.PeerUnix(), 10)
		c.SetHeader("Probe-Signature", stamp+"."+c.HMACHex(sdk.SHA256, c.Secret("hook"), stamp+"."+d.Payload))
		c.SetHeader("Probe-Attempt", strconv.Itoa(int(d.Attempt)))
		c.Post(d.Label, "application/json", d.Payload)
		return nil
	}
	p.Outcome = func(c *sdk.Call, d sdk.Delivery, r sdk.Result) error {
		insert(c, "outcome "+strconv.Itoa(int(r.Status)))
		if !r.OK() && d.Attempt < 3 {
			c.RetryAt(c.Now().Add(time.Hour))
		}
		return nil
	}
	p.Fixture("three", "three things", func(c *sdk.Call) error {
		for range 3 {
			insert(c, "seeded")
		}
		return nil
	})
	p.Simulate("thing.created", func(c *sdk.Call) error {
		params, _ := c.Params()
		if params.Get("tag").String() == "" {
			c.AddFault("tag", "missing")
			c.AddFault("also", "wrong")
			return nil
		}
		insert(c, params.Get("tag").String())
		return nil
	})
	p.Serve()
	return p
}()
