package main

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// replies are the bodies of outgoing messages, oldest first.
func replies(t testing.TB, m *sdktest.Mirror) []string {
	t.Helper()
	var out []string
	for _, doc := range m.State("messages") {
		if v := sdktest.ParseJSON(t, doc); v.Get("direction") != "inbound" {
			out = append(out, v.Get("direction")+" "+v.Get("to")+" "+v.Get("body"))
		}
	}
	return out
}

func receiveIn(t testing.TB, m *sdktest.Mirror, body string, more ...string) {
	t.Helper()
	if err := m.Simulate("message.received", append([]string{"from=" + person, "to=" + number, "body=" + body}, more...)...); err != nil {
		t.Fatal(err)
	}
	m.Settle()
}

func withNumber(t testing.TB, app *application, fields ...string) *sdktest.Mirror {
	t.Helper()
	m := start(t)
	m.Form("POST", path+"/IncomingPhoneNumbers.json", append([]string{"PhoneNumber=" + number, "SmsUrl=" + app.url + "/sms"}, fields...)...).Want(201)
	return m
}

// TestInbound: the webhook of a number, its fields, and the TwiML it answers.
func TestInbound(t *testing.T) {
	app := newApplication(t)
	m := withNumber(t, app)
	app.twiml("/sms", `<?xml version="1.0" encoding="UTF-8"?><!-- hi --><Response><Message>Hello &amp; <![CDATA[<welcome>]]></Message><Message to="+14158675309" statusCallback="/done"><Body>Two</Body><Media>/cat.png</Media></Message></Response>`)
	receiveIn(t, m, "Hey", "media_url=https://example.com/in.jpg")
	m.Advance(time.Minute)
	got := app.take()
	if len(got) != 3 || got[0].url != app.url+"/sms" || got[1].url != app.url+"/done" {
		t.Fatalf("webhooks %v", got)
	}
	for i := range got {
		got[i].verify(t, token)
	}
	f := got[0].form
	for name, want := range map[string]string{"From": person, "To": number, "Body": "Hey", "NumMedia": "1", "NumSegments": "1", "SmsStatus": "received", "AccountSid": account, "ApiVersion": "2010-04-01", "MediaContentType0": "image/jpeg", "FromCountry": "US"} {
		if f.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, f.Get(name), want)
		}
	}
	if f.Get("MessageSid") == "" || f.Get("MessageSid") != f.Get("SmsSid") || f.Get("SmsMessageSid") != f.Get("SmsSid") || !strings.HasPrefix(f.Get("MessageSid"), "MM") {
		t.Errorf("sids %v", f)
	}
	medium := f.Get("MediaUrl0")
	if r := m.Request("GET", medium[strings.Index(medium, "/2010"):], "").Want(307); r.Header("Location") != "https://example.com/in.jpg" {
		t.Errorf("the medium leads to %s", r.Header("Location"))
	}
	want := []string{"outbound-reply " + person + " Hello & <welcome>", "outbound-reply +14158675309 Two"}
	if got := replies(t, m); !slices.Equal(got, want) {
		t.Errorf("replies %q, want %q", got, want)
	}
	// Answers in plain text are the reply; empty ones are none.
	app.answers["/sms"] = func(w http.ResponseWriter) { _, _ = w.Write([]byte("plain")) }
	receiveIn(t, m, "again")
	app.twiml("/sms", "<Response/>")
	receiveIn(t, m, "and again")
	if got := replies(t, m); len(got) != 3 || got[2] != "outbound-reply "+person+" plain" {
		t.Errorf("replies %q", got)
	}
}

// TestRedirect: TwiML leads on, relative to where it stands; what follows is not
// reached, and a circle ends.
func TestRedirect(t *testing.T) {
	app := newApplication(t)
	m := withNumber(t, app)
	app.twiml("/sms", `<Response><Message>first</Message><Redirect method="GET">next?step=2</Redirect><Message>unreachable</Message></Response>`)
	app.twiml("/next", `<Response><Message>second</Message></Response>`)
	receiveIn(t, m, "Hey")
	got := app.take()
	if len(got) != 2 || got[1].method != "GET" || !strings.HasPrefix(got[1].url, app.url+"/next?step=2&") || !strings.Contains(got[1].url, "Body=Hey") {
		t.Fatalf("webhooks %v", got)
	}
	got[1].verify(t, token)
	if r := replies(t, m); len(r) != 2 || !strings.HasSuffix(r[1], "second") {
		t.Errorf("replies %q", r)
	}
	app.twiml("/sms", `<Response><Redirect/></Response>`)
	receiveIn(t, m, "round")
	if n := len(app.take()); n != mostRedirects+1 {
		t.Errorf("%d requests of a circle", n)
	}
}

// TestFallback: an application that fails is asked at its fallback, which learns
// why.
func TestFallback(t *testing.T) {
	app := newApplication(t)
	m := withNumber(t, app, "SmsFallbackUrl="+app.url+"/fallback", "SmsFallbackMethod=GET")
	app.answers["/sms"] = func(w http.ResponseWriter) { w.WriteHeader(500) }
	app.twiml("/fallback", `<Response><Message>sorry</Message></Response>`)
	for _, code := range []string{"11200", "12100"} {
		if code == "12100" {
			app.twiml("/sms", "<Response><Message>")
		}
		receiveIn(t, m, "Hey")
		got := app.take()
		if len(got) != 2 || got[1].method != "GET" || !strings.Contains(got[1].url, "ErrorCode="+code) || !strings.Contains(got[1].url, "ErrorUrl=") {
			t.Fatalf("%s: %v", code, got)
		}
	}
	if r := replies(t, m); len(r) != 2 {
		t.Errorf("replies %q", r)
	}
}

// TestKeywords: STOP, START and HELP.
func TestKeywords(t *testing.T) {
	app := newApplication(t)
	m := withNumber(t, app)
	send := func(status int) {
		t.Helper()
		r := m.Form("POST", path+"/Messages.json", "To="+person, "From="+number, "Body=Hi").Want(status)
		if status == 400 {
			refused(t, r, 400, "21610")
		}
	}
	receiveIn(t, m, "please stop")
	send(201)
	receiveIn(t, m, " Stop ")
	send(400)
	m.Form("POST", path+"/Messages.json", "To=+14158675309", "From="+number, "Body=Hi").Want(201) // others are not
	receiveIn(t, m, "HELP")
	send(400)
	// What the application answers to somebody who opted out does not go out.
	app.twiml("/sms", "<Response><Message>no</Message></Response>")
	before := len(replies(t, m))
	receiveIn(t, m, "hello?")
	if after := len(replies(t, m)); after != before {
		t.Error("a reply went to somebody who opted out")
	}
	receiveIn(t, m, "START")
	send(201)
	if got := len(app.take()); got != 5 {
		t.Errorf("the webhook got %d of 5 messages, keywords too", got)
	}
}

// TestServicePool: a service's webhook, sender and opt-outs, and its callback.
func TestServicePool(t *testing.T) {
	app := newApplication(t)
	m := start(t, sdktest.Fixture("messaging-service"))
	service := product(m, "messaging", "GET", "/v1/Services").Want(200).Get("services.0.sid")
	product(m, "messaging", "POST", "/v1/Services/"+service, "InboundRequestUrl="+app.url+"/in", "StatusCallback="+app.url+"/status").Want(200)
	app.twiml("/in", "<Response><Message>hi</Message></Response>")
	send := func() string {
		t.Helper()
		sid := m.Form("POST", path+"/Messages.json", "To="+person, "MessagingServiceSid="+service, "Body=Hi").Want(201).Get("sid")
		m.Advance(time.Minute)
		return m.Request("GET", path+"/Messages/"+sid+".json", "").Want(200).Get("from")
	}
	from := send()
	if again := send(); again != from {
		t.Errorf("sent from %s, then from %s: the sender is sticky", from, again)
	}
	var statuses []string
	for _, h := range app.take() {
		h.verify(t, token)
		statuses = append(statuses, h.form.Get("MessageStatus"))
		if h.form.Get("MessagingServiceSid") != service || h.form.Get("From") != from {
			t.Errorf("callback %v", h.form)
		}
	}
	if got := strings.Join(statuses, " "); got != "queued sent delivered queued sent delivered" {
		t.Errorf("callbacks %s", got)
	}
	if err := m.Simulate("message.received", "from="+person, "to="+from, "body=Hey"); err != nil {
		t.Fatal(err)
	}
	m.Settle()
	got := app.take()
	if len(got) == 0 || got[0].url != app.url+"/in" || got[0].form.Get("MessagingServiceSid") != service {
		t.Fatalf("webhook of the service: %v", got)
	}
	// Opting out of one number is opting out of the service.
	if err := m.Simulate("message.received", "from="+person, "to=+15555550131", "body=STOP"); err != nil {
		t.Fatal(err)
	}
	refused(t, m.Form("POST", path+"/Messages.json", "To="+person, "MessagingServiceSid="+service, "Body=Hi"), 400, "21610")
}

// TestMovedNumber: a number that left a pool is in the one it joined alone.
func TestMovedNumber(t *testing.T) {
	m := start(t, sdktest.Fixture("verified-numbers"))
	number := m.Request("GET", path+"/IncomingPhoneNumbers.json?PhoneNumber=0123", "").Want(200).Get("incoming_phone_numbers.0.sid")
	var pools []string
	for _, name := range []string{"first", "second"} {
		pools = append(pools, "/v1/Services/"+product(m, "messaging", "POST", "/v1/Services", "FriendlyName="+name).Want(201).Get("sid"))
	}
	product(m, "messaging", "POST", pools[0]+"/PhoneNumbers", "PhoneNumberSid="+number).Want(201)
	refused(t, product(m, "messaging", "POST", pools[1]+"/PhoneNumbers", "PhoneNumberSid="+number), 409, "21712")
	product(m, "messaging", "DELETE", pools[0]+"/PhoneNumbers/"+number).Want(204)
	product(m, "messaging", "POST", pools[1]+"/PhoneNumbers", "PhoneNumberSid="+number).Want(201)
	first := strings.TrimPrefix(pools[0], "/v1/Services/")
	refused(t, m.Form("POST", path+"/Messages.json", "To="+person, "MessagingServiceSid="+first, "Body=Hi"), 400, "21704")
	for i, want := range []int{0, 1} {
		if got := product(m, "messaging", "GET", pools[i]+"/PhoneNumbers").Want(200).JSON().Len("phone_numbers"); got != want {
			t.Errorf("pool %d has %d numbers, want %d", i, got, want)
		}
	}
}

// TestPoolPages: the pages of a pool, whose elements are kept by their URL, join up
// forwards and backwards.
func TestPoolPages(t *testing.T) {
	m := start(t, sdktest.Fixture("messaging-service"))
	next := "/v1/Services/" + product(m, "messaging", "GET", "/v1/Services").Want(200).Get("services.0.sid") + "/PhoneNumbers?PageSize=2"
	var pages []string
	previous := ""
	for next != "" {
		r := product(m, "messaging", "GET", next).Want(200)
		for i := range r.JSON().Len("phone_numbers") {
			pages = append(pages, r.Get("phone_numbers."+strconv.Itoa(i)+".phone_number"))
		}
		pages = append(pages, "|")
		_, next, _ = strings.Cut(r.Get("meta.next_page_url"), "/messaging")
		_, previous, _ = strings.Cut(r.Get("meta.previous_page_url"), "/messaging")
	}
	if got := strings.Join(pages, " "); got != "+15555550135 +15555550134 | +15555550133 +15555550132 | +15555550131 |" {
		t.Errorf("pages %s", got)
	}
	if r := product(m, "messaging", "GET", previous).Want(200); r.Get("phone_numbers.0.phone_number") != "+15555550133" || r.JSON().Len("phone_numbers") != 2 {
		t.Errorf("the page before the last: %s", r.Body)
	}
}

// TestFilteredPages: a filter that the database cannot apply pages backwards to the
// elements next to the page it came from.
func TestFilteredPages(t *testing.T) {
	m := start(t, sdktest.Fixture("messaging-service"))
	list := func(target string) (*sdktest.Response, string) {
		r := m.Request("GET", target, "").Want(200)
		return r, r.Get("incoming_phone_numbers.0.phone_number")
	}
	r, _ := list(path + "/IncomingPhoneNumbers.json?PhoneNumber=5550*&PageSize=1")
	for range 3 {
		r, _ = list(r.Get("next_page_uri"))
	}
	if _, got := list(r.Get("previous_page_uri")); got != "+15555550133" {
		t.Errorf("in front of the fourth number is %s", got)
	}
}

// TestDeepTwiML: a document may be nested as deep as an answer may be long; what is
// below a noun is passed over.
func TestDeepTwiML(t *testing.T) {
	app := newApplication(t)
	m := withNumber(t, app)
	app.twiml("/sms", "<Response><Message>one<Body>two"+strings.Repeat("<a>", 8000)+strings.Repeat("</a>", 8000)+"</Body></Message></Response>")
	receiveIn(t, m, "Hi")
	if got := replies(t, m); len(got) != 1 || got[0] != "outbound-reply "+person+" onetwo" {
		t.Errorf("replies %q", got)
	}
}

// TestForward: a number without a webhook is answered for by where every event
// goes.
func TestForward(t *testing.T) {
	app := newApplication(t)
	m := start(t, sdktest.Forward(app.url+"/all"), sdktest.Fixture("verified-numbers"))
	app.twiml("/all", "<Response><Message>pong</Message></Response>")
	if err := m.Simulate("message.received", "from="+person, "to=+15555550123", "body=ping"); err != nil {
		t.Fatal(err)
	}
	m.Advance(time.Minute)
	got := app.take()
	if len(got) != 3 || got[0].form.Get("Body") != "ping" || got[1].form.Get("MessageStatus") != "sent" {
		t.Fatalf("forwarded %v", got)
	}
	for i := range got {
		got[i].verify(t, token)
	}
	if r := m.Request("GET", path+"/Messages.json", "").Want(200); r.JSON().Len("messages") != 2 {
		t.Errorf("the application's account has %s", r.Body)
	}
}

// TestSimulateStatus: a message fails, or is read.
func TestSimulateStatus(t *testing.T) {
	app := newApplication(t)
	m := start(t)
	send := func() string {
		return m.Form("POST", path+"/Messages.json", "To="+person, "From="+number, "Body=Hi", "StatusCallback="+app.url+"/s").Want(201).Get("sid")
	}
	sid := send()
	if err := m.Simulate("message.undelivered", "message="+sid, "error_code=30006"); err != nil {
		t.Fatal(err)
	}
	m.Advance(time.Hour)
	var got []string
	for _, h := range app.take() {
		got = append(got, h.form.Get("MessageStatus")+h.form.Get("ErrorCode"))
	}
	if strings.Join(got, " ") != "sent undelivered30006" {
		t.Errorf("callbacks %q", got)
	}
	r := m.Request("GET", path+"/Messages/"+sid+".json", "").Want(200)
	if r.Get("status") != "undelivered" || r.Get("error_code") != "30006" || r.Get("error_message") != "Landline or unreachable carrier" {
		t.Errorf("undelivered: %s", r.Body)
	}
	for _, args := range [][]string{{"message.read"}, {"message.failed", "error_code=30007"}} {
		send()
		if err := m.Simulate(args[0], args[1:]...); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	for _, args := range [][]string{{"message.sent", "message=SMnone"}, {"message.failed", "error_code=7"}, {"message.received", "from=" + person}, {"message.received", "from=x", "to=" + number}} {
		if m.Simulate(args[0], args[1:]...) == nil {
			t.Errorf("%v: no fault", args)
		}
	}
}

func TestParseXML(t *testing.T) {
	for s, want := range map[string]bool{
		"<Response/>": true, "\ufeff<?xml version='1.0'?>\n<Response>\n</Response>\n": true, "<Response a='1' b=\"2\">x</Response>": true,
		"": false, "hello": false, "<Response>": false, "<Response></Other>": false, "<A/><B/>": false, "<Response>&nope;</Response>": false, "<Response a=1/>": false,
	} {
		if _, ok := parseXML(s); ok != want {
			t.Errorf("%q: %v, want %v", s, ok, want)
		}
	}
}

func FuzzParseXML(f *testing.F) {
	f.Add("<Response><Message to='+1'>a<Media>b</Media></Message></Response>")
	f.Add("<![CDATA[")
	f.Fuzz(func(t *testing.T, s string) {
		if root, ok := parseXML(s); ok && root.XMLName.Local == "" {
			t.Errorf("%q has a root without a name", s)
		}
	})
}

func TestResolve(t *testing.T) {
	for to, want := range map[string]string{
		"": "http://a.example/x/y", "z": "http://a.example/x/z", "/z?q=1": "http://a.example/z?q=1", "//b.example/z": "http://b.example/z", "https://b.example": "https://b.example",
	} {
		if got := resolve("http://a.example/x/y?p=1#rc=2", to); got != want {
			t.Errorf("%q: %s, want %s", to, got, want)
		}
	}
}
