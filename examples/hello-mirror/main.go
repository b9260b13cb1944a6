// Hello-mirror is the smallest useful mirror: one resource with a list, an
// error shape, and a signed webhook that is retried. docs/plugins.md walks
// through it.
package main

import (
	"strconv"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var hello = sdk.New(sdk.Manifest{
	Name: "hello", Vendor: "Hello", Line: "v1", Build: 1,
	Summary: "Greetings, kept and announced",
	API:     sdk.API{Default: "v1", Header: "Hello-Version"},
	Hosts:   []sdk.Host{{ID: "api", Name: "api.hello.example"}},
	Credentials: []sdk.Credentials{
		{Class: "key", Scheme: "bearer", Pattern: `hk_test_[a-z0-9]{4,}`},
		{Class: "live", Scheme: "bearer", Pattern: `hk_live_[a-z0-9]{4,}`, Live: true},
	},
	Secrets: []sdk.SecretSpec{{Name: "webhook", Env: []string{"HELLO_WEBHOOK_SECRET"}, Prefix: "hs_", Bytes: 24}},
	Env:     []sdk.EnvVar{{Name: "HELLO_BASE_URL", Value: "{url}"}},
	Events:  []string{"greeting.created"},
	// What the host answers by itself, in this vendor's shape.
	Errors: []sdk.ErrorSpec{
		sdk.JSONError("internal", 500, "{message}"),
		sdk.JSONError("live-key", 401, "{message}"),
		sdk.JSONError("rate-limit", 429, "slow down"),
	},
})

var greetings = hello.Collect(&sdk.Collection{Type: "greeting", Entity: "greetings", Prefix: "gr_", Random: 12})

var greeting = sdk.MustTemplate(`{"id":"","text":"","created":0}`)

func init() {
	hello.Before = func(c *sdk.Call) error {
		c.SetHeader("Content-Type", "application/json")
		if c.Credential.Class != "key" {
			return sdk.Fail(401, "send a key: Authorization: Bearer hk_test_…")
		}
		if asked := c.Header("Hello-Version"); asked != "" && asked != "v1" {
			if c.RefuseVersions() {
				return sdk.Fail(400, "there is no version "+asked)
			}
			c.Warn("asked for " + asked + ", answered as v1")
		}
		return nil
	}
	hello.Handle("POST /greetings", "CreateGreeting", sdk.Modelled, create)
	hello.Handle("GET /greetings", "ListGreetings", sdk.Modelled, list)
	hello.Handle("GET /greetings/{id}", "GetGreeting", sdk.Modelled, get)
	// One try of a webhook, signed with a secret that stays with the host.
	hello.Attempt = func(c *sdk.Call, d sdk.Delivery) error {
		stamp := strconv.FormatInt(c.PeerUnix(), 10)
		mac := c.HMACHex(sdk.SHA256, c.Secret("webhook"), stamp+"."+d.Payload)
		c.SetHeader("Hello-Signature", "t="+stamp+",v1="+mac)
		c.Post(d.Label, "application/json", d.Payload)
		return nil
	}
	// What became of it: two more tries, one and two minutes later.
	hello.Outcome = func(c *sdk.Call, d sdk.Delivery, r sdk.Result) error {
		if !r.OK() && d.Attempt < 3 {
			c.RetryAt(c.Now().Add(time.Duration(d.Attempt) * time.Minute))
		}
		return nil
	}
	hello.Serve()
}

func create(c *sdk.Call) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	if p.Get("text").String() == "" {
		return sdk.Fail(400, "text is missing")
	}
	d := greeting.New(c.Arena)
	d.SetString("id", greetings.NewID(c))
	d.SetString("text", p.Get("text").String())
	d.SetInt("created", c.Unix())
	if err := greetings.Insert(c, d); err != nil {
		return err
	}
	event := c.NewObject()
	event.SetString("type", "greeting.created")
	event.SetDoc("data", d)
	for _, url := range c.Forwards { // a vendor with registered endpoints would look them up
		c.Enqueue("greeting.created", url, event.JSON())
	}
	c.SetStatus(201)
	return c.JSON(d)
}

func get(c *sdk.Call) error {
	d, ok := greetings.Get(c, c.Value("id"))
	if !ok {
		return sdk.Fail(404, "no greeting "+c.Value("id"))
	}
	return c.JSON(d)
}

func list(c *sdk.Call) error {
	page, err := greetings.Find(c, sdk.ListQuery{Limit: 10})
	if err != nil {
		return err
	}
	c.Write(`{"data":[`)
	more, err := page.Emit(c)
	c.Write(`],"more":` + strconv.FormatBool(more) + `}`)
	return err
}

func main() { sdk.Main() }
