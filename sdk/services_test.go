package sdk_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

var algorithms = map[uint32]func() hash.Hash{sdk.SHA1: sha1.New, sdk.SHA256: sha256.New, sdk.SHA512: sha512.New, abi.MD5: md5.New}

// services is a mirror with an operation for each thing a host does for a
// plugin beside storing objects.
var services = func() *sdk.Plugin {
	p := sdk.New(sdk.Manifest{
		Name: "services", Vendor: "Services", Line: "v1", Build: 1,
		Hosts:   []sdk.Host{{ID: "api", Name: "api.services.example"}, {ID: "files", Name: "files.services.example"}},
		Secrets: []sdk.SecretSpec{{Name: "webhook", Env: []string{"SERVICES_SECRET"}}},
		Errors:  []sdk.ErrorSpec{sdk.JSONError("internal", 500, "{message}")},
		Credentials: []sdk.Credentials{
			{Class: "key", Scheme: "bearer", Pattern: `sk_([a-z]+)_\d+`, Account: "acct_$1"},
		},
	})
	events := p.Collect(&sdk.Collection{Type: "event", Entity: "events", Prefix: "ev_", Random: 8})
	record := func(c *sdk.Call, what string) error {
		d := c.NewObject()
		d.SetString("id", events.NewID(c))
		d.SetString("what", what)
		d.SetInt("created", c.Unix())
		return events.Insert(c, d)
	}
	p.Handle("POST /timers", "SetTimer", sdk.Exact, func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		key := params.Get("key").String()
		switch params.Get("do").String() {
		case "set":
			c.SetTimer("ring", key, c.Now().Add(time.Duration(params.Get("in").Int64())*time.Second), params.Get("say").String())
		case "clear":
			d := c.NewObject()
			d.SetBool("cleared", c.ClearTimer("ring", key))
			return c.JSON(d)
		case "continue":
			c.Continue("ring", key, params.Get("say").String())
		}
		return nil
	})
	p.OnTimer("ring", func(c *sdk.Call, payload string) error { return record(c, c.Name+" "+payload) })
	p.Handle("GET /take", "Take", sdk.Exact, func(c *sdk.Call) error {
		wait := c.Take("api", 1, 0.5, 2)
		d := c.NewObject()
		d.SetInt("wait_ms", wait.Milliseconds())
		d.SetInt("left", c.Remaining("api", 0.5, 2))
		d.SetBool("off", c.LimitsOff())
		d.SetBool("test", c.LimitsTest())
		return c.JSON(d)
	})
	p.Handle("GET /crypto", "Crypto", sdk.Exact, func(c *sdk.Call) error {
		made := c.NewSecret("ss_", 20)
		d := c.NewObject()
		for alg := range algorithms {
			name := fmt.Sprint(alg)
			d.SetString("digest"+name, hex.EncodeToString(c.Digest(alg, "data")))
			if alg != abi.MD5 {
				d.SetString("named"+name, c.HMACHex(alg, c.Secret("webhook"), "data"))
				d.SetString("made"+name, c.HMACHex(alg, made, "data"))
				d.SetString("credential"+name, c.HMACHex(alg, sdk.Secret(c.Credential.Handle), "data"))
			}
		}
		d.SetSecret("secret", made)
		d.SetSecret("key", sdk.Secret(c.Credential.Handle)) // shows nothing
		d.SetString("account", c.Account())
		d.SetURL("file", "files", "/f")
		return c.JSON(d)
	})
	p.Handle("GET /crypto/{fault}", "CryptoFault", sdk.Exact, func(c *sdk.Call) error {
		if err := record(c, "lost"); err != nil {
			return err
		}
		switch c.Value("fault") {
		case "secret":
			c.Secret("nothing")
		case "handle":
			c.HMAC(sdk.SHA256, 999, "")
		case "algorithm":
			c.HMAC(abi.MD5, c.Secret("webhook"), "")
		case "keygen":
			c.NewSecret("", 0)
		case "limit":
			c.Take("api", 3, 1, 2)
		}
		return nil
	})
	p.Handle("GET /large", "Large", sdk.Exact, func(c *sdk.Call) error {
		for range 3 {
			if err := record(c, strings.Repeat("x", 200<<10)); err != nil {
				return err
			}
		}
		page, err := events.Find(c, sdk.ListQuery{Limit: 10})
		if err != nil {
			return err
		}
		docs, _ := page.Docs(c)
		d := c.NewObject()
		for i, doc := range docs {
			d.SetInt(fmt.Sprint(i), int64(len(doc.Get("what").String())))
		}
		return c.JSON(d)
	})
	p.Serve()
	return p
}()

func serve(t *testing.T, options ...sdktest.Option) *sdktest.Mirror {
	t.Helper()
	return sdktest.Start(t, append([]sdktest.Option{sdktest.Plugin(services), sdktest.Header("Authorization", "Bearer sk_demo_7")}, options...)...)
}

func TestTimers(t *testing.T) {
	m := serve(t)
	rung := func(want ...string) {
		t.Helper()
		var got []string
		for _, doc := range m.State("events") {
			v := sdktest.ParseJSON(t, doc)
			got = append(got, v.Get("what"))
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("rang %q, want %q", got, want)
		}
	}
	set := func(fields ...string) *sdktest.Response {
		t.Helper()
		return m.Form("POST", "/timers", fields...).Want(200)
	}
	set("do=set", "key=a", "in=60", "say=first")
	set("do=set", "key=b/c", "in=30", "say=other")
	set("do=set", "key=a", "in=90", "say=replaced")
	set("do=set", "key=d", "in=10", "say=never")
	if got := set("do=clear", "key=d").Get("cleared"); got != "true" {
		t.Errorf("cleared: %s", got)
	}
	if got := set("do=clear", "key=d").Get("cleared"); got != "false" {
		t.Errorf("cleared twice: %s", got)
	}
	m.Advance(29 * time.Second)
	rung()
	m.Advance(time.Second)
	rung("b/c other")
	m.Advance(time.Hour)
	rung("b/c other", "a replaced")
	if got := sdktest.ParseJSON(t, m.State("events")[1]).Get("created"); got != fmt.Sprint(sdktest.Epoch.Unix()+90) {
		t.Errorf("rang at %s", got)
	}
	set("do=set", "key=late", "in=-5", "say=past")
	set("do=continue", "key=now", "say=go on")
	m.Settle()
	rung("b/c other", "a replaced", "late past", "now go on")
}

func TestLimits(t *testing.T) {
	m := serve(t, sdktest.Limits("vendor"))
	take := func(want, left int64) {
		t.Helper()
		r := m.Request("GET", "/take", "").Want(200)
		if got := r.JSON().At("wait_ms").String(); got != fmt.Sprint(want) || r.Get("off") != "false" || r.Get("left") != fmt.Sprint(left) {
			t.Errorf("got %s, want a wait of %d ms and %d left", r.Body, want, left)
		}
	}
	take(0, 1)
	take(0, 0)
	take(2000, 0)
	m.Advance(time.Second)
	take(1000, 0)
	m.Advance(time.Second)
	take(0, 0)
	take(2000, 0)
	// The accounts of two credentials have buckets of their own.
	if r := m.Request("GET", "/take", "", "Authorization: Bearer sk_other_7").Want(200); r.Get("wait_ms") != "0" {
		t.Errorf("another account waits: %s", r.Body)
	}
	if r := serve(t).Request("GET", "/take", "").Want(200); r.Get("off") != "true" || r.Get("test") != "false" {
		t.Errorf("limits off: %s", r.Body)
	}
	if r := serve(t, sdktest.Limits("test")).Request("GET", "/take", "").Want(200); r.Get("test") != "true" {
		t.Errorf("limits of the test mode: %s", r.Body)
	}
}

func TestCrypto(t *testing.T) {
	m := serve(t, sdktest.Env("SERVICES_SECRET", "named_secret"))
	r := m.Request("GET", "/crypto", "").Want(200)
	secret := r.Get("secret")
	if len(secret) != 23 || !strings.HasPrefix(secret, "ss_") {
		t.Errorf("secret %q", secret)
	}
	if r.Get("key") != "" || r.Get("account") != "acct_demo" || r.Get("file") != "http://mirra.test/files/f" {
		t.Errorf("got %s", r.Body)
	}
	for alg, h := range algorithms {
		sum := h()
		sum.Write([]byte("data"))
		if got := r.Get(fmt.Sprint("digest", alg)); got != hex.EncodeToString(sum.Sum(nil)) {
			t.Errorf("digest %d: %s", alg, got)
		}
		for name, key := range map[string]string{"named": "named_secret", "made": secret, "credential": "sk_demo_7"} {
			mac := hmac.New(h, []byte(key))
			mac.Write([]byte("data"))
			if got := r.Get(fmt.Sprint(name, alg)); alg != abi.MD5 && got != hex.EncodeToString(mac.Sum(nil)) {
				t.Errorf("%s %d: %s", name, alg, got)
			}
		}
	}
	for _, fault := range []string{"secret", "handle", "algorithm", "keygen", "limit"} {
		m.Request("GET", "/crypto/"+fault, "").Want(500)
	}
	if n := len(m.State("events")); n != 0 {
		t.Errorf("%d events of calls that were stopped", n)
	}
}

// TestLargeResults has statements return more than the sdk offers room for.
func TestLargeResults(t *testing.T) {
	if got, want := serve(t).Request("GET", "/large", "").Want(200).Body, `{"0":204800,"1":204800,"2":204800}`; got != want {
		t.Errorf("got %s", got)
	}
}
