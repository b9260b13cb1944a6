package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math/bits"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

const (
	account = "AC0123456789abcdef0123456789abcdef"
	path    = "/2010-04-01/Accounts/" + account
	token   = "fedcba9876543210fedcba9876543210"
	number  = "+14155550100"
	person  = "+15558675310"
)

func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+token))
}

func start(t testing.TB, options ...sdktest.Option) *sdktest.Mirror {
	t.Helper()
	return sdktest.Start(t, append([]sdktest.Option{sdktest.Header("Authorization", basic(account)), sdktest.Env("TWILIO_AUTH_TOKEN", token)}, options...)...)
}

// product sends fields to another of the vendor's hosts.
func product(m *sdktest.Mirror, host, method, target string, fields ...string) *sdktest.Response {
	values := neturl.Values{}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		values.Add(name, value)
	}
	return m.RequestHost(host, method, target, values.Encode(), "Content-Type: application/x-www-form-urlencoded")
}

// hooked is a request that the application got.
type hooked struct {
	method, url string
	form        neturl.Values
	header      http.Header
	body        string
}

// application answers webhooks with what the test says of a path.
type application struct {
	url     string
	mu      sync.Mutex
	got     []hooked
	answers map[string]func(w http.ResponseWriter)
}

func newApplication(t testing.TB) *application {
	t.Helper()
	a := &application{answers: map[string]func(http.ResponseWriter){}}
	s := httptest.NewServer(a)
	t.Cleanup(s.Close)
	a.url = s.URL
	return a
}

func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	values, _ := neturl.ParseQuery(string(body))
	a.mu.Lock()
	a.got = append(a.got, hooked{r.Method, "http://" + r.Host + r.URL.RequestURI(), values, r.Header, string(body)})
	answer := a.answers[r.URL.Path]
	a.mu.Unlock()
	if answer != nil {
		answer(w)
	}
}

// twiml makes the application answer a path with a document.
func (a *application) twiml(path, document string) {
	a.answers[path] = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, document)
	}
}

func (a *application) take() []hooked {
	a.mu.Lock()
	defer a.mu.Unlock()
	got := a.got
	a.got = nil
	return got
}

// signature is X-Twilio-Signature by the vendor's description.
func signature(key, url string, fields neturl.Values) string {
	text := url
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for n := range fields {
			if !yield(n) {
				return
			}
		}
	}) {
		values := slices.Clone(fields[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			text += name + v
		}
	}
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (h *hooked) verify(t testing.TB, key string) {
	t.Helper()
	fields := h.form
	if h.method == "GET" || strings.HasPrefix(h.header.Get("Content-Type"), "application/json") {
		fields = nil
	}
	if got, want := h.header.Get("X-Twilio-Signature"), signature(key, h.url, fields); got != want {
		t.Errorf("signature of %s is %s, want %s", h.url, got, want)
	}
	if u, err := neturl.Parse(h.url); err == nil && u.Query().Has("bodySHA256") {
		sum := sha256.Sum256([]byte(h.body))
		if got := u.Query().Get("bodySHA256"); got != hex.EncodeToString(sum[:]) {
			t.Errorf("bodySHA256 %s of %s", got, h.body)
		}
	}
}

// refused wants an error in the vendor's shape.
func refused(t testing.TB, r *sdktest.Response, status int, code string) {
	t.Helper()
	r.Want(status)
	if got := r.Get("code"); got != code || r.Get("more_info") != "https://www.twilio.com/docs/errors/"+code {
		t.Errorf("code %s, want %s: %s", got, code, r.Body)
	}
}

// TestOperations: every operation of the descriptions is routed, by hand or to
// 501 by name, and every handler has one.
func TestOperations(t *testing.T) {
	levels := map[string]sdk.Level{}
	for _, op := range twilio.Manifest.Operations {
		if _, twice := levels[op.ID]; twice {
			t.Errorf("%s stands twice", op.ID)
		}
		levels[op.ID] = op.Level
	}
	hosts := map[string]int{}
	for i := range tables.Operations {
		op := &tables.Operations[i]
		product := products[bits.TrailingZeros64(uint64(op.In))]
		hosts[product.host]++
		level, ok := levels[product.prefix+op.ID]
		if !ok || level == sdk.Generic {
			t.Errorf("%s%s: routed %v, level %s", product.prefix, op.ID, ok, level)
		}
	}
	if len(hosts) != len(products) {
		t.Errorf("operations of %v", hosts)
	}
	for id := range byHand {
		if levels[id] != sdk.Modelled {
			t.Errorf("%s has a handler and level %s", id, levels[id])
		}
	}
	m := start(t)
	r := m.RequestHost("voice", "GET", "/v1/ByocTrunks", "").Want(501)
	if !strings.Contains(r.Body, "VoiceV1ListByocTrunk") {
		t.Errorf("not named: %s", r.Body)
	}
	if r := m.Request("GET", path+"/Messages", "").Want(501); !strings.Contains(r.Body, "Messages.json") {
		t.Errorf("XML: %s", r.Body)
	}
	m.Form("POST", path+"/Calls.json", "To="+person, "From="+number).Want(501)
}

// TestStatusCallbacks: sent and delivered, signed, with exactly the vendor's
// fields; nothing for the initial status.
func TestStatusCallbacks(t *testing.T) {
	app := newApplication(t)
	m := start(t)
	callback := app.url + "/status?order=1&x=a%20b"
	r := m.Form("POST", path+"/Messages.json", "To="+person, "From="+number, "Body=Hi", "StatusCallback="+callback).Want(201)
	m.Settle()
	if got := app.take(); len(got) != 0 {
		t.Fatalf("%d callbacks of the initial status", len(got))
	}
	m.Advance(time.Minute)
	got := app.take()
	if len(got) != 2 {
		t.Fatalf("%d callbacks, want sent and delivered", len(got))
	}
	for i, status := range []string{"sent", "delivered"} {
		h := got[i]
		h.verify(t, token)
		want := neturl.Values{"SmsSid": {r.Get("sid")}, "MessageSid": {r.Get("sid")}, "SmsStatus": {status}, "MessageStatus": {status}, "To": {person}, "From": {number}, "AccountSid": {account}, "ApiVersion": {"2010-04-01"}}
		if status == "delivered" {
			want.Set("RawDlrDoneDate", "2407011200")
		}
		if h.url != callback || h.form.Encode() != want.Encode() {
			t.Errorf("%s of %s\n%s, want\n%s", status, h.url, h.form.Encode(), want.Encode())
		}
		if ct := h.header.Get("Content-Type"); ct != "application/x-www-form-urlencoded; charset=UTF-8" {
			t.Errorf("content type %s", ct)
		}
		// A tampered one does not verify.
		h.form.Set("MessageStatus", "failed")
		if signature(token, h.url, h.form) == h.header.Get("X-Twilio-Signature") {
			t.Error("a tampered callback has the same signature")
		}
	}
	d := m.Request("GET", path+"/Messages/"+r.Get("sid")+".json", "").Want(200)
	if d.Get("status") != "delivered" || d.Get("price") != "-0.00790" || d.Get("date_sent") != "Mon, 01 Jul 2024 12:00:01 +0000" {
		t.Errorf("delivered: %s", d.Body)
	}
}

// TestSignatureVectors are the vendor's [S twilio-python
// tests/unit/test_request_validator.py, 2026-11].
func TestSignatureVectors(t *testing.T) {
	const page = "https://mycompany.com/myapp.php?foo=1&bar=2"
	for want, c := range map[string]struct {
		url    string
		fields [][2]string
	}{
		"RSOYDt4T1cUTdK1PDd93/VVr8B8=": {page, [][2]string{{"CallSid", "CA1234567890ABCDE"}, {"Digits", "1234"}, {"From", "+14158675309"}, {"To", "+18005551212"}, {"Caller", "+14158675309"}}},
		"IK+Dwps556ElfBT0I3Rgjkr1wJU=": {page, [][2]string{{"Sid", "CA123"}, {"SidAccount", "AC123"}, {"Digits", "5678"}, {"Digits", "1234"}, {"Digits", "1234"}}},
		"a9nBmqA0ju/hNViExpshrM61xv4=": {withQuery(page, "bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"), nil},
	} {
		mac := hmac.New(sha1.New, []byte("12345"))
		mac.Write([]byte(c.url + sorted(c.fields)))
		if got := base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
			t.Errorf("%v: %s, want %s", c.fields, got, want)
		}
	}
}

// TestOverrides: what a webhook's fragment sets is not sent, and failed tries
// are made again as it says.
func TestOverrides(t *testing.T) {
	for fragment, want := range map[string]int{"": 1, "#rc=2&rp=5xx": 3, "#rc=2&rp=4xx": 1, "#rc=0&rp=all": 1, "#rc=5&rp=all": 6, "#rc=9&rp=5xx": 2} {
		app := newApplication(t)
		app.answers["/status"] = func(w http.ResponseWriter) { w.WriteHeader(503) }
		m := start(t)
		m.Form("POST", path+"/Messages.json", "To="+person, "From="+number, "Body=Hi", "StatusCallback="+app.url+"/status"+fragment).Want(201)
		m.Advance(1500 * time.Millisecond) // sent alone
		got := app.take()
		if len(got) != want {
			t.Errorf("%q: %d tries, want %d", fragment, len(got), want)
		}
		for _, h := range got {
			h.verify(t, token)
		}
	}
}

// TestSubaccountSigns: deliveries of a subaccount are signed with its own token.
func TestSubaccountSigns(t *testing.T) {
	app := newApplication(t)
	m := start(t)
	sub := m.Form("POST", "/2010-04-01/Accounts.json", "FriendlyName=Sub").Want(201)
	own := sub.Get("auth_token")
	if len(own) != 32 || own == token {
		t.Fatalf("token %q", own)
	}
	if main := m.Request("GET", path+".json", "").Want(200).Get("auth_token"); main != token {
		t.Errorf("the account's token is %q", main)
	}
	m.Request("POST", "/2010-04-01/Accounts/"+sub.Get("sid")+"/Messages.json", "To=%2B15558675310&From=%2B14155550100&Body=x&StatusCallback="+neturl.QueryEscape(app.url+"/s"),
		"Content-Type: application/x-www-form-urlencoded", "Authorization: "+basic(sub.Get("sid"))).Want(201)
	m.Advance(time.Minute)
	got := app.take()
	if len(got) != 2 {
		t.Fatalf("%d callbacks", len(got))
	}
	for i := range got {
		got[i].verify(t, own)
	}
}

// TestKeys: an API key acts for its account until it is deleted.
func TestKeys(t *testing.T) {
	m := start(t)
	k := m.Form("POST", path+"/Keys.json", "FriendlyName=ci").Want(201)
	if len(k.Get("secret")) != 32 || m.Request("GET", path+"/Keys/"+k.Get("sid")+".json", "").JSON().Exists("secret") {
		t.Errorf("secret: %s", k.Body)
	}
	as := "Authorization: " + basic(k.Get("sid"))
	m.RequestHost("verify", "POST", "/v2/Services", "FriendlyName=x", "Content-Type: application/x-www-form-urlencoded", as).Want(201)
	if r := m.RequestHost("verify", "GET", "/v2/Services", ""); r.JSON().Len("services") != 1 {
		t.Errorf("the key made it elsewhere: %s", r.Body)
	}
	m.Request("DELETE", path+"/Keys/"+k.Get("sid")+".json", "").Want(204)
	refused(t, m.Request("GET", path+"/Messages.json", "", as), 401, "20003")
}

// TestTestCredentials: nothing is kept and nobody is called back.
func TestTestCredentials(t *testing.T) {
	app := newApplication(t)
	m := start(t)
	as := "Authorization: " + basic(testAccount)
	of := "/2010-04-01/Accounts/" + testAccount
	m.Form("POST", of+"/Messages.json", "To="+person, "From=+15005550006", "Body=x", "StatusCallback="+app.url+"/s", as).Want(201)
	m.Advance(time.Hour)
	if got := app.take(); len(got) != 0 || len(m.State("messages")) != 0 {
		t.Errorf("%d callbacks, messages %v", len(got), m.State("messages"))
	}
	refused(t, m.Request("GET", of+"/Messages.json", "", as), 403, "20008")
}

// TestOffers: what a search finds is where it asks for, and is not offered again
// once it is bought.
func TestOffers(t *testing.T) {
	m := start(t)
	search := func(query string) *sdktest.Response {
		return m.Request("GET", path+"/AvailablePhoneNumbers/"+query, "").Want(200)
	}
	for query, want := range map[string]string{
		"US/Local.json": "415 CA San Francisco", "US/Local.json?AreaCode=619": "619 CA San Diego", "US/Local.json?AreaCode=307": "307 WY null",
		"US/Local.json?InRegion=tx": "210 TX San Antonio", "US/Local.json?InRegion=WY": "307 WY null", "US/Local.json?InLocality=Honolulu": "808 HI Honolulu",
		"US/Local.json?InPostalCode=10001": "212 NY New York", "US/Local.json?NearNumber=%2B12065550123": "206 WA Seattle", "CA/Local.json": "416 ON Toronto",
		"US/Local.json?Contains=206555****": "206 WA Seattle", "US/TollFree.json": "833 null null",
	} {
		r := search(query)
		first := "available_phone_numbers.0."
		number := r.Get(first + "phone_number")
		if got := number[2:5] + " " + r.Get(first+"region") + " " + r.Get(first+"locality"); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		m.Form("POST", path+"/IncomingPhoneNumbers.json", "PhoneNumber="+number).Want(201)
		if after := search(query); after.Get(first+"phone_number") == number || after.JSON().Len("available_phone_numbers") != offered {
			t.Errorf("%s: %s is offered after it was bought, or fewer than before", query, number)
		}
	}
	for _, query := range []string{"US/Local.json?AreaCode=416", "CA/Local.json?AreaCode=415", "US/Local.json?InRegion=ON", "US/Local.json?FaxEnabled=true", "US/Local.json?AreaCode=415&InRegion=TX", "US/Local.json?Contains=41555501234"} {
		if n := search(query).JSON().Len("available_phone_numbers"); n != 0 {
			t.Errorf("%s: %d numbers", query, n)
		}
	}
	refused(t, m.Request("GET", path+"/AvailablePhoneNumbers/US/Local.json?NearLatLong=37,-122", ""), 501, "20501")
	if r := search("GB/Mobile.json?PageSize=2"); r.Get("available_phone_numbers.1.friendly_name") != "+447700900001" {
		t.Errorf("British numbers: %s", r.Body)
	}
}

// TestEarlierDays: answers are as the vendor's of the session's day.
func TestEarlierDays(t *testing.T) {
	for day, want := range map[string]string{"2015-09-11": "absent", "2017-06-29": "true", "2026-11-27": "false"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		m := start(t, sdktest.At(at))
		bought := m.Form("POST", path+"/IncomingPhoneNumbers.json", "PhoneNumber="+number).Want(201)
		offer := m.Request("GET", path+"/AvailablePhoneNumbers/US/Local.json?PageSize=1", "").Want(200)
		for what, got := range map[string]string{"bought": faxOf(bought, "capabilities.fax"), "offered": faxOf(offer, "available_phone_numbers.0.capabilities.fax")} {
			if got != want {
				t.Errorf("%s, %s: fax is %s, want %s", day, what, got, want)
			}
		}
		if old := strings.HasPrefix(bought.Body, `{"sid":`); old != (day < "2018") {
			t.Errorf("%s: the order of members is %.40s", day, bought.Body)
		}
	}
}

func faxOf(r *sdktest.Response, member string) string {
	if !r.JSON().Exists(member) {
		return "absent"
	}
	return r.Get(member)
}

// TestForms: a body in JSON says nothing, as the vendor reads forms alone.
func TestForms(t *testing.T) {
	m := start(t)
	refused(t, m.Request("POST", path+"/Messages.json", `{"To":"`+person+`","From":"`+number+`","Body":"x"}`, "Content-Type: application/json"), 400, "21604")
}
