package vendorsuite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const shopScript = `
vendor: stripe
key: KEY
header: {Stripe-Version: 2024-06-20}
steps:
- {send: POST /v1/customers, form: {name: "a{run}"}, save: {one: "", born: created}, clean: "DELETE /v1/customers/{one}"}
- {send: POST /v1/customers, form: {name: "{born}"}, header: {Idempotency-Key: "k-{run}"}, save: two, clean: "DELETE /v1/customers/{two}"}
- {send: "GET /v1/customers/{one}?expand[]={two}"}
- {send: GET /v1/customers, list: true}
`

// vendorShop plays the vendor for scripts: it keeps what was sent, and can fail.
type vendorShop struct {
	sent []string
	fail func(n int, r *Request) (*Response, error)
}

func (v *vendorShop) send(ctx context.Context, r *Request) (*Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v.sent = append(v.sent, strings.TrimSpace(strings.Join([]string{r.Method, r.Target, r.Body, r.Header.Get("Idempotency-Key")}, " ")))
	if v.fail != nil {
		if a, err := v.fail(len(v.sent), r); a != nil || err != nil {
			return a, err
		}
	}
	a := ok(fmt.Sprintf(`{"id":"cus_0000000000000%d","object":"customer","created":1723305600,"key":%q}`, len(v.sent), r.Header.Get("Authorization")))
	a.Header.Set("Date", "Sat, 10 Aug 2024 16:00:00 GMT")
	return a, nil
}

func mustScript(t *testing.T, text string) *Script {
	t.Helper()
	s, err := ReadScript(MustWrite(t, "shop.yaml", text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScript(t *testing.T) {
	t.Parallel()
	v := &vendorShop{}
	script := mustScript(t, shopScript)
	script.Ask("2026-08-26.dahlia") // the script names another
	p, err := script.Play(t.Context(), v.send, "sk_test_51Mine", "r1")
	if err != nil || p.Cleaned != 2 || len(p.Left) != 0 {
		t.Fatalf("%+v %v", p, err)
	}
	if want := []string{
		"POST /v1/customers name=ar1", "POST /v1/customers name=1723305600 k-r1", "GET /v1/customers/cus_00000000000001?expand[]=cus_00000000000002", "GET /v1/customers",
		"DELETE /v1/customers/cus_00000000000002", "DELETE /v1/customers/cus_00000000000001",
	}; !slices.Equal(v.sent, want) {
		t.Errorf("sent %q\nwant %q", v.sent, want)
	}
	all := p.Recordings.Cassettes[0].Exchanges
	if corpus, err := p.Recordings.Corpus(); corpus != Live || err != nil || len(all) != 4 || all[0].Class != Counted || all[3].Class != Listed || all[0].At.Unix() != 1723305600 {
		t.Errorf("%s %v: %+v", corpus, err, all)
	}
	for _, e := range all {
		if e.RequestHeader.Get("Stripe-Version") != "2024-06-20" || e.RequestHeader.Get("Authorization") != "Bearer <redacted>" || strings.Contains(e.Body, "51Mine") {
			t.Errorf("recorded %+v", e)
		}
	}
}

// TestAsk: requests name the version that they are asked to, and may name
// another one by one.
func TestAsk(t *testing.T) {
	t.Parallel()
	script := mustScript(t, step("{send: GET /v1/a}")+"- {send: GET /v1/b, header: {Stripe-Version: 2023-10-16}}\n")
	script.Ask("2024-06-20")
	p, err := script.Play(t.Context(), (&vendorShop{}).send, "x", "r")
	if err != nil {
		t.Fatal(err)
	}
	all := p.Recordings.Cassettes[0].Exchanges
	if a, b := all[0].RequestHeader.Get("Stripe-Version"), all[1].RequestHeader.Get("Stripe-Version"); a != "2024-06-20" || b != "2023-10-16" {
		t.Errorf("asked for %q and %q", a, b)
	}
}

// TestScriptCleans: what was made is removed however the run ends.
func TestScriptCleans(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	for name, c := range map[string]struct {
		ctx  context.Context
		fail func(n int, r *Request) (*Response, error)
		want string // of the error
		left string
		gone string // what was sent to remove
	}{
		"interrupted": {ctx, func(n int, _ *Request) (*Response, error) {
			if n == 2 {
				interrupt()
				return nil, ctx.Err()
			}
			return nil, nil
		}, "step 1 (line 7): POST /v1/customers: context canceled", "", "DELETE /v1/customers/cus_00000000000001"},
		"unreachable": {t.Context(), func(n int, _ *Request) (*Response, error) {
			if n == 3 {
				return nil, errors.New("connection refused")
			}
			return nil, nil
		}, "step 2 (line 8): GET /v1/customers/{one}?expand[]={two}: connection refused", "", "DELETE /v1/customers/cus_00000000000002 DELETE /v1/customers/cus_00000000000001"},
		"refused": {t.Context(), func(n int, _ *Request) (*Response, error) {
			if n == 2 {
				return answer(400, `{"error":{"message":"no"}}`), nil
			}
			return nil, nil
		}, `answered 400 without two: {"error":{"message":"no"}}`, "", "DELETE /v1/customers/cus_00000000000001"},
		"incomplete": {t.Context(), func(n int, _ *Request) (*Response, error) {
			if n == 1 {
				return ok(`{"id":"cus_00000000000001"}`), nil
			}
			return nil, nil
		}, "answered 200 without born", "", "DELETE /v1/customers/cus_00000000000001"},
		"gone already": {t.Context(), func(_ int, r *Request) (*Response, error) {
			if r.Method == http.MethodDelete {
				return answer(404, `{}`), nil
			}
			return nil, nil
		}, "", "", "DELETE /v1/customers/cus_00000000000002 DELETE /v1/customers/cus_00000000000001"},
		"kept": {t.Context(), func(_ int, r *Request) (*Response, error) {
			if r.Method == http.MethodDelete && strings.HasSuffix(r.Target, "2") {
				return answer(500, `{"error": 1}`), nil
			}
			return nil, nil
		}, "", `DELETE /v1/customers/cus_00000000000002: 500 {"error": 1}`, "DELETE /v1/customers/cus_00000000000002 DELETE /v1/customers/cus_00000000000001"},
	} {
		t.Run(name, func(t *testing.T) { // not parallel: one of them ends ctx
			v := &vendorShop{fail: c.fail}
			p, err := mustScript(t, shopScript).Play(c.ctx, v.send, "x", "r")
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("ended with %v, want %q", err, c.want)
			}
			if got := strings.Join(p.Left, "; "); got != c.left {
				t.Errorf("left %q, want %q", got, c.left)
			}
			var gone []string
			for _, s := range v.sent {
				if strings.HasPrefix(s, "DELETE") {
					gone = append(gone, s)
				}
			}
			if got := strings.Join(gone, " "); got != c.gone {
				t.Errorf("removed %q, want %q", got, c.gone)
			}
		})
	}
}

func TestReadScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"vendor: x\n":                              "vendor \"x\" is not known",
		"vendor: stripe\n":                         "key: want the variable",
		"vendor: stripe\nkey: K\n":                 "steps: there are none",
		"vendor: stripe\nkey: K\nsteps: 1":         "cannot unmarshal",
		"vendors: stripe\nkey: K\n":                "field vendors not found",
		step("{send: get /x}"):                     "want method and target",
		step("{send: GET /x, form: 1}"):            "form: want parameters",
		step("{send: GET /x, save: [a]}"):          "save: want a name",
		step("{send: GET /x, save: A}"):            "want a name of lower-case",
		step("{send: GET /x, clean: /x}"):          "clean \"/x\"",
		step(`{send: GET /x, clean: "D /{b}"}`):    "{b} is not saved",
		step(`{send: GET /x, form: {a: "{b}"}}`):   "{b} is not saved",
		step(`{send: GET /x, header: {A: "{b}"}}`): "{b} is not saved",
		step(`{send: "GET /{a}", save: a}`):        "{a} is not saved",
		step(`{send: GET /x, cleen: "DELETE /"}`):  "step 0 (line 4): field cleen not found",
	} {
		if _, err := ReadScript(MustWrite(t, "s.yaml", text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "vendorsuite.") {
			t.Errorf("%s\ngives %v, want %q", text, err, want)
		}
	}
}

func step(text string) string { return "vendor: stripe\nkey: K\nsteps:\n- " + text + "\n" }

// FuzzScript plays whatever is a script, and cleans up behind it.
func FuzzScript(f *testing.F) {
	f.Add([]byte(shopScript), `{"id":"cus_AAAAAAAAAAAAAA","created":1}`)
	f.Add([]byte(step(`{send: "DELETE /v1/x", save: {a: b.c}, clean: "GET /{a}"}`)), `{"b":{"c":"{run}"}}`)
	f.Fuzz(func(t *testing.T, text []byte, body string) {
		s, err := parseScript("s.yaml", text)
		if err != nil {
			return
		}
		sent := 0
		p, err := s.Play(t.Context(), func(context.Context, *Request) (*Response, error) {
			sent++
			return ok(body), nil
		}, "x", "r")
		if err == nil && sent != len(s.steps)+p.Cleaned+len(p.Left) {
			t.Errorf("%d requests for %d steps, %d cleaned", sent, len(s.steps), p.Cleaned)
		}
	})
}

// TestScriptSendsJSON: placeholders stand within the texts of a body, whose own
// braces are none.
func TestScriptSendsJSON(t *testing.T) {
	t.Parallel()
	var bodies []string
	send := func(_ context.Context, r *Request) (*Response, error) {
		bodies = append(bodies, r.Header.Get("Content-Type")+" "+r.Body)
		return &Response{Status: 200, Header: http.Header{}, Body: `{"id":"4ef9a417-02e9-4d39-ad75-9611e0fcc33c"}`}, nil
	}
	const head = "vendor: resend\nkey: RESEND_TEST_KEY\nsteps:\n"
	script := mustScript(t, head+"- {send: POST /emails, json: {subject: \"drift {run}\", tags: [{name: a}]}, save: email}\n- {send: POST /emails, json: {of: \"{email}\"}}\n")
	if _, err := script.Play(t.Context(), send, "re_mine", "r1"); err != nil {
		t.Fatal(err)
	}
	if want := []string{`application/json {"subject":"drift r1","tags":[{"name":"a"}]}`, `application/json {"of":"4ef9a417-02e9-4d39-ad75-9611e0fcc33c"}`}; !slices.Equal(bodies, want) {
		t.Errorf("sent %q, want %q", bodies, want)
	}
	for _, bad := range []string{"- {send: POST /emails, json: {of: \"{email}\"}}", "- {send: POST /emails, json: {a: b}, form: {a: b}}"} {
		if _, err := parseScript("drift.yaml", []byte(head+bad+"\n")); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestBasicScript: a key of Basic is sent as one, its user stands for {user}, and
// what is recorded is of the account that mirrors are asked as.
func TestBasicScript(t *testing.T) {
	t.Parallel()
	const mine = "AC99999999999999999999999999999999"
	s := mustScript(t, "vendor: twilio\nkey: K\nsteps:\n- {send: 'GET /2010-04-01/Accounts/{user}.json'}\n")
	p, err := s.Play(t.Context(), func(_ context.Context, r *Request) (*Response, error) {
		if user, password, ok := (&http.Request{Header: r.Header}).BasicAuth(); !ok || user != mine || password != "secret" {
			t.Errorf("sent as %q with %q", user, password)
		}
		if r.Host != "api.twilio.com" || r.Target != "/2010-04-01/Accounts/"+mine+".json" {
			t.Errorf("sent to %s%s", r.Host, r.Target)
		}
		return ok(`{"sid":"` + mine + `"}`), nil
	}, mine+":secret", "r")
	if err != nil {
		t.Fatal(err)
	}
	e := p.Recordings.Cassettes[0].Exchanges[0]
	if !strings.HasSuffix(e.URL, twilioAccount+".json") || strings.Contains(e.URL+e.Body, mine) || strings.Contains(e.RequestHeader.Get("Authorization"), mine) {
		t.Errorf("recorded %s %s %v", e.URL, e.Body, e.RequestHeader)
	}
	if _, err := parseScript("x.yaml", []byte("vendor: stripe\nkey: K\nsteps:\n- {send: 'GET /v1/{user}'}\n")); err == nil {
		t.Error("{user} of a vendor without Basic")
	}
}
