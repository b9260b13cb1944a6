// Hello-mirror is the smallest useful mirror: one resource with a list, an
// error shape, and a signed webhook that is retried.
package main

import (
	"errors"
	"strconv"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var hello = sdk.New(sdk.Manifest{
	Name: "hello", Vendor: "Hello", Line: "v1", Build: 1,
	Summary: "Greetings, kept and announced",
	API:     sdk.API{Default: "v1"},
	Hosts:   []sdk.Host{{ID: "api", Name: "api.hello.example"}},
	Credentials: []sdk.Credentials{
		{Class: "key", Scheme: "bearer", Pattern: `hk_test_[a-z0-9]{4,}`},
		{Class: "live", Scheme: "bearer", Pattern: `hk_live_[a-z0-9]{4,}`, Live: true},
	},
	Secrets: []sdk.SecretSpec{{Name: "webhook", Env: []string{"HELLO_WEBHOOK_SECRET"}, Prefix: "hs_", Bytes: 24}},
	Env:     []sdk.EnvVar{{Name: "HELLO_BASE_URL", Value: "{url}"}},
	Events:  []string{"greeting.created"},
	Errors: []sdk.ErrorSpec{
		{Name: "internal", Status: 500, Body: `{"error":"{message}"}`, Headers: json},
		{Name: "live-key", Status: 401, Body: `{"error":"{message}"}`, Headers: json},
		{Name: "rate-limit", Status: 429, Body: `{"error":"slow down"}`, Headers: json},
	},
})

var json = []sdk.HeaderSpec{{Name: "Content-Type", Value: "application/json"}}

var greetings = hello.Collect(&sdk.Collection{Type: "greeting", Entity: "greetings", Prefix: "gr_", Random: 12})

var greeting = sdk.MustTemplate(`{"id":"","text":"","created":0}`)

// failure is an error with the status and text the client sees.
type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

func init() {
	hello.Before = func(c *sdk.Call) error {
		c.SetHeader("Content-Type", "application/json")
		if c.Credential.Status != 1 {
			return &failure{401, "send a key: Authorization: Bearer hk_test_…"}
		}
		return nil
	}
	hello.OnError = func(c *sdk.Call, err error) {
		status := 500
		if f, ok := errors.AsType[*failure](err); ok {
			status = f.status
		} else if errors.Is(err, sdk.ErrNotRouted) {
			status = 404
		} else if _, ok := errors.AsType[*sdk.ParamError](err); ok {
			status = 400
		}
		c.SetStatus(status)
		d := c.NewObject()
		d.SetString("error", err.Error())
		_ = c.JSON(d)
	}
	hello.Handle("POST /greetings", "CreateGreeting", sdk.Modelled, create)
	hello.Handle("GET /greetings", "ListGreetings", sdk.Modelled, list)
	hello.Handle("GET /greetings/{id}", "GetGreeting", sdk.Modelled, get)
	hello.Attempt = func(c *sdk.Call, d sdk.Delivery) error {
		stamp := strconv.FormatInt(c.PeerUnix(), 10)
		mac := c.HMACHex(sdk.SHA256, c.Secret("webhook"), stamp+"."+d.Payload)
		c.SetHeader("Hello-Signature", "t="+stamp+",v1="+mac)
		c.Post(d.Label, "application/json", d.Payload)
		return nil
	}
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
		return &failure{400, "text is missing"}
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
	for _, url := range c.Forwards {
		c.Enqueue("greeting.created", url, event.JSON())
	}
	c.SetStatus(201)
	return c.JSON(d)
}

func get(c *sdk.Call) error {
	d, ok := greetings.Get(c, c.Value("id"))
	if !ok {
		return &failure{404, "no greeting " + c.Value("id")}
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
