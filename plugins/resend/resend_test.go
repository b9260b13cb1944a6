package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

const testKey = "re_123456789"

// start runs the mirror with a key on every request.
func start(t testing.TB, options ...sdktest.Option) *sdktest.Mirror {
	t.Helper()
	return sdktest.Start(t, append([]sdktest.Option{sdktest.Header("Authorization", "Bearer "+testKey), sdktest.Header("Content-Type", "application/json")}, options...)...)
}

func email(to string) string {
	return `{"from":"Acme <onboarding@resend.dev>","to":["` + to + `"],"subject":"hello world","html":"<p>it works!</p>"}`
}

// send sends an email and returns its id.
func send(t testing.TB, m *sdktest.Mirror, body string) string {
	t.Helper()
	return m.Request("POST", "/emails", body).Want(200).Get("id")
}

// delivery is what an endpoint received.
type delivery struct {
	Type      string         `json:"type"`
	CreatedAt string         `json:"created_at"`
	Data      map[string]any `json:"data"`
	raw       sdktest.Received
}

func take(t testing.TB, sink *sdktest.Sink) []delivery {
	t.Helper()
	var out []delivery
	for _, r := range sink.Take() {
		d := delivery{raw: r}
		if err := json.Unmarshal([]byte(r.Body), &d); err != nil {
			t.Fatalf("%v: %s", err, r.Body)
		}
		out = append(out, d)
	}
	return out
}

func typesOf(all []delivery) string {
	var names []string
	for _, d := range all {
		names = append(names, d.Type)
	}
	return strings.Join(names, " ")
}

// verify checks a signature as Standard Webhooks says, with the endpoint's secret.
func verify(t testing.TB, r sdktest.Received, secret string) bool {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < 24 {
		t.Fatalf("secret %q: %v", secret, err)
	}
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", r.Header.Get("svix-id"), r.Header.Get("svix-timestamp"), r.Body)
	return r.Header.Get("svix-signature") == "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func TestEndpointsHaveTheirOwnSecrets(t *testing.T) {
	sink := sdktest.NewSink(t)
	m := start(t)
	made := m.Request("POST", "/webhooks", `{"endpoint":"`+sink.URL+`/a","events":["email.sent"]}`).Want(201)
	other := m.Request("POST", "/webhooks", `{"endpoint":"`+sink.URL+`/b","events":["email.sent","email.delivered"]}`).Want(201)
	secret := made.Get("signing_secret")
	if got := m.Request("GET", "/webhooks/"+made.Get("id"), "").Want(200).Get("signing_secret"); got != secret || secret == other.Get("signing_secret") {
		t.Fatalf("secrets %q, %q, %q", secret, got, other.Get("signing_secret"))
	}
	send(t, m, email("delivered@resend.dev"))
	m.Settle()
	got := take(t, sink)
	if len(got) != 2 {
		t.Fatalf("received %s", typesOf(got))
	}
	for _, d := range got {
		own, foreign := secret, other.Get("signing_secret")
		if d.raw.Path == "/b" {
			own, foreign = foreign, own
		}
		if !verify(t, d.raw, own) || verify(t, d.raw, foreign) {
			t.Errorf("%s is signed %q", d.raw.Path, d.raw.Header.Get("svix-signature"))
		}
		if stamp := strconv.FormatInt(sdktest.Epoch.Unix(), 10); d.raw.Header.Get("svix-timestamp") != stamp {
			t.Errorf("stamped %s, want %s", d.raw.Header.Get("svix-timestamp"), stamp)
		}
	}
	if a, b := got[0].raw.Header.Get("svix-id"), got[1].raw.Header.Get("svix-id"); a != b || !strings.HasPrefix(a, "msg_") {
		t.Errorf("one event has the ids %q and %q", a, b)
	}
	m.Advance(time.Minute)
	if got := take(t, sink); typesOf(got) != "email.delivered" || got[0].raw.Path != "/b" {
		t.Errorf("later received %s", typesOf(got))
	}
	m.Request("PATCH", "/webhooks/"+other.Get("id"), `{"status":"disabled"}`).Want(200)
	m.Request("DELETE", "/webhooks/"+made.Get("id"), "").Want(200)
	send(t, m, email("delivered@resend.dev"))
	m.Advance(time.Minute)
	if got := take(t, sink); len(got) != 0 {
		t.Errorf("a disabled and a deleted endpoint received %s", typesOf(got))
	}
}

func TestForwardsShareTheApplicationsSecret(t *testing.T) {
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // the example of Standard Webhooks
	sink := sdktest.NewSink(t)
	m := start(t, sdktest.Forward(sink.URL), sdktest.Env("RESEND_WEBHOOK_SECRET", secret))
	send(t, m, email("delivered@resend.dev"))
	m.Settle()
	got := take(t, sink)
	if len(got) != 1 || !verify(t, got[0].raw, secret) {
		t.Fatalf("received %v", got)
	}
}

// TestFates holds events and their order against the page of the test addresses
// (https://resend.com/docs/dashboard/emails/send-test-emails, 2026-11).
func TestFates(t *testing.T) {
	for to, want := range map[string]string{
		"delivered@resend.dev":              "email.sent email.delivered",
		"delivered+a.label@resend.dev":      "email.sent email.delivered",
		"bounced@resend.dev":                "email.sent email.bounced",
		"bounced+label@resend.dev":          "email.sent email.bounced",
		"complained@resend.dev":             "email.sent email.delivered email.complained",
		"complained+label@resend.dev":       "email.sent email.delivered email.complained",
		"suppressed@resend.dev":             "email.sent email.suppressed",
		"owner@mirra.local":                 "email.sent email.delivered",
		"Bounced User <BOUNCED@resend.dev>": "email.sent email.bounced",
	} {
		sink := sdktest.NewSink(t)
		m := start(t, sdktest.Forward(sink.URL))
		id := send(t, m, email(to))
		var got []delivery
		for range 4 { // a delivery a step, so that they arrive in order
			m.Advance(time.Second)
			got = append(got, take(t, sink)...)
		}
		if typesOf(got) != want {
			t.Errorf("%s: %s, want %s", to, typesOf(got), want)
		}
		last := strings.TrimPrefix(want[strings.LastIndexByte(want, ' ')+1:], "email.")
		if have := m.Request("GET", "/emails/"+id, "").Want(200).Get("last_event"); have != last {
			t.Errorf("%s: last_event %s, want %s", to, have, last)
		}
	}
}

// TestEventData holds every event against what the description and
// https://resend.com/docs/webhooks/event-types (2026-11) say is in it.
func TestEventData(t *testing.T) {
	common := "created_at email_id from subject to"
	for event, want := range map[string]string{
		"email.sent": common, "email.delivered": common, "email.delivery_delayed": common, "email.opened": common, "email.complained": common, "email.scheduled": common,
		"email.bounced":    common + " bounce.diagnosticCode bounce.message bounce.subType bounce.type",
		"email.clicked":    common + " click.ipAddress click.link click.timestamp click.userAgent",
		"email.failed":     common + " failed.reason",
		"email.suppressed": common + " suppressed.diagnosticCode suppressed.message suppressed.reason suppressed.type",
		"email.received":   "email_id created_at from to bcc cc message_id subject attachments",
		"contact.created":  "id created_at updated_at email first_name last_name unsubscribed segment_ids",
		"contact.updated":  "id created_at updated_at email first_name last_name unsubscribed segment_ids",
		"contact.deleted":  "id created_at updated_at email first_name last_name unsubscribed segment_ids",
		"domain.created":   "id name status created_at region records",
		"domain.updated":   "id name status created_at region records",
		"domain.deleted":   "id name status created_at region records",
	} {
		sink := sdktest.NewSink(t)
		m := start(t, sdktest.Forward(sink.URL))
		if err := m.Simulate(event); err != nil {
			t.Errorf("%s: %v", event, err)
			continue
		}
		m.Settle()
		var found *delivery
		all := take(t, sink)
		for i := range all {
			if all[i].Type == event {
				found = &all[i]
			}
		}
		if found == nil {
			t.Errorf("%s caused %s", event, typesOf(all))
			continue
		}
		if _, err := time.Parse(time.RFC3339Nano, found.CreatedAt); err != nil {
			t.Errorf("%s: %v", event, err)
		}
		for _, path := range strings.Fields(want) {
			var at any = found.Data
			for _, name := range strings.Split(path, ".") {
				object, _ := at.(map[string]any)
				at = object[name]
			}
			if at == nil {
				t.Errorf("%s has no %s: %s", event, path, found.raw.Body)
			}
		}
	}
}

func TestSimulateNamesWhatItDoesNotKnow(t *testing.T) {
	m := start(t)
	if err := m.Simulate("email.bounced", "colour=red"); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("got %v", err)
	}
	if err := m.Simulate("email.opened", "id=none"); err == nil {
		t.Error("an email that is not there was opened")
	}
}

// TestBouncesSuppress: an address that bounced gets nothing any more, until it is
// taken off the list.
func TestBouncesSuppress(t *testing.T) {
	m := start(t)
	body := strings.Replace(email("ada@acme-customers.com"), "onboarding@resend.dev", "hi@acme.com", 1)
	id := send(t, m, body)
	if err := m.Simulate("email.bounced", "id="+id); err != nil {
		t.Fatal(err)
	}
	again := send(t, m, body)
	m.Advance(time.Minute)
	if got := m.Request("GET", "/emails/"+again, "").Get("last_event"); got != "suppressed" {
		t.Errorf("last_event %s, want suppressed", got)
	}
	listed := m.Request("GET", "/suppressions/ada@acme-customers.com", "").Want(200)
	if listed.Get("origin") != "bounce" || listed.Get("source_id") != id {
		t.Errorf("listed as %s", listed.Body)
	}
	m.Request("DELETE", "/suppressions/ada@acme-customers.com", "").Want(200)
	after := send(t, m, body)
	m.Advance(time.Minute)
	if got := m.Request("GET", "/emails/"+after, "").Get("last_event"); got != "delivered" {
		t.Errorf("last_event %s, want delivered", got)
	}
}

// TestRetries follows https://resend.com/docs/webhooks/retries-and-replays (2026-11).
func TestRetries(t *testing.T) {
	sink := sdktest.NewSink(t)
	sink.Answer(func(sdktest.Received) int { return 500 })
	m := start(t, sdktest.Forward(sink.URL), sdktest.At(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)))
	m.Request("POST", "/contacts", `{"email":"steve@acme.com"}`).Want(201)
	m.Settle()
	first := sink.Take()
	if len(first) != 1 {
		t.Fatalf("%d tries at once, want 1", len(first))
	}
	for _, pause := range []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour} {
		m.Advance(pause - time.Second)
		if n := len(sink.Take()); n != 0 {
			t.Errorf("%d tries before %s", n, pause)
		}
		m.Advance(time.Second)
		got := sink.Take()
		if len(got) != 1 || got[0].Header.Get("svix-id") != first[0].Header.Get("svix-id") || got[0].Header.Get("svix-timestamp") == first[0].Header.Get("svix-timestamp") {
			t.Errorf("after %s: %d tries, want one more of the same id", pause, len(got))
		}
	}
	m.Advance(100 * time.Hour)
	if n := len(sink.Take()); n != 0 {
		t.Errorf("%d tries after the last", n)
	}
}

func TestRateLimit(t *testing.T) {
	for year, want := range map[int]string{2025: "2", 2026: "5"} {
		m := start(t, sdktest.At(time.Date(year, 3, 1, 0, 0, 0, 0, time.UTC)))
		if got := m.Request("GET", "/emails", "").Want(200).Header("ratelimit-limit"); got != want {
			t.Errorf("in %d: a limit of %s, want %s", year, got, want)
		}
	}
	m := start(t, sdktest.Limits("vendor"), sdktest.At(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)))
	for i := range 10 {
		if r := m.Request("GET", "/emails", "").Want(200); r.Header("ratelimit-remaining") != strconv.Itoa(9-i) {
			t.Errorf("request %d: %s left", i, r.Header("ratelimit-remaining"))
		}
	}
	r := m.Request("GET", "/emails", "").Want(429)
	if r.Get("name") != "rate_limit_exceeded" || r.Header("retry-after") != "1" || r.Header("ratelimit-remaining") != "0" || r.Header("ratelimit-policy") != "10;w=1" {
		t.Errorf("got %s", r.Body)
	}
	m.Advance(time.Second)
	m.Request("GET", "/emails", "").Want(200)
	slow := start(t, sdktest.Limits("vendor"), sdktest.State(`{"account":[{"plan":"pro","rate_limit":2}]}`))
	slow.Request("GET", "/emails", "").Want(200)
	slow.Request("GET", "/emails", "").Want(200)
	if r := slow.Request("GET", "/emails", "").Want(429); r.Header("ratelimit-limit") != "2" || r.Header("x-resend-daily-quota") != "" {
		t.Errorf("limit %s, daily %q", r.Header("ratelimit-limit"), r.Header("x-resend-daily-quota"))
	}
}

func TestQuotas(t *testing.T) {
	m := start(t, sdktest.Limits("vendor"))
	batch := "[" + strings.Repeat(email("delivered@resend.dev")+",", 99) + email("delivered@resend.dev") + "]"
	m.Request("POST", "/emails/batch", batch).Want(200)
	if r := m.Request("POST", "/emails", email("delivered@resend.dev")).Want(429); r.Get("name") != "daily_quota_exceeded" || r.Header("x-resend-daily-quota") != "100" {
		t.Errorf("got %s", r.Body)
	}
	m.Advance(24 * time.Hour) // another day
	m.Request("POST", "/emails", email("delivered@resend.dev")).Want(200)
	for range 28 {
		m.Advance(24 * time.Hour)
		m.Request("POST", "/emails/batch", batch).Want(200)
	}
	m.Advance(24 * time.Hour) // still July, with 2,901 sent
	if r := m.Request("POST", "/emails/batch", batch).Want(429); r.Get("name") != "monthly_quota_exceeded" {
		t.Errorf("got %s", r.Body)
	}
	over := start(t, sdktest.Fixture("over-quota"))
	if r := over.Request("POST", "/emails", email("delivered@resend.dev")).Want(429); r.Get("name") != "daily_quota_exceeded" {
		t.Errorf("got %s", r.Body)
	}
}

func TestKeys(t *testing.T) {
	m := start(t)
	made := m.Request("POST", "/api-keys", `{"name":"sends","permission":"sending_access"}`).Want(201)
	key := "Authorization: Bearer " + made.Get("token")
	m.Request("POST", "/emails", email("delivered@resend.dev"), key).Want(200)
	if r := m.Request("GET", "/emails", "", key).Want(401); r.Get("name") != "restricted_api_key" {
		t.Errorf("got %s", r.Body)
	}
	m.Request("DELETE", "/api-keys/"+made.Get("id"), "").Want(200)
	m.Request("POST", "/emails", email("delivered@resend.dev"), key).Want(401)
	m.Request("GET", "/emails", "", key).Want(400)
	full := m.Request("POST", "/api-keys", `{"name":"all"}`).Want(201)
	if got := m.Request("GET", "/emails", "", "Authorization: Bearer "+full.Get("token")).Want(200); got.JSON().Len("data") != 1 {
		t.Errorf("another key of the team sees %s", got.Body)
	}
	if keys := m.Request("GET", "/api-keys", "").Want(200); keys.Get("data.0.last_used_at") == "null" {
		t.Errorf("keys %s", keys.Body)
	}
}

func TestAttachmentsAreDownloaded(t *testing.T) {
	m := start(t)
	body := strings.Replace(email("delivered@resend.dev"), `"subject"`, `"attachments":[{"filename":"a.txt","content":"SGVsbG8="},{"filename":"b.bin","content":[1,2,3]}],"subject"`, 1)
	id := send(t, m, body)
	list := m.Request("GET", "/emails/"+id+"/attachments", "").Want(200)
	for i, want := range []string{"Hello", "\x01\x02\x03"} {
		url := list.Get("data." + strconv.Itoa(i) + ".download_url")
		path, ok := strings.CutPrefix(url, "http://mirra.test/outbound")
		if !ok {
			t.Fatalf("url %s", url)
		}
		if got := m.RequestHost(hostOutbound, "GET", path, "", "Authorization: ").Want(200); got.Body != want {
			t.Errorf("file %d holds %q, want %q", i, got.Body, want)
		}
	}
}

// TestLargeAttachment sends a file of 3 MB, which a guest has to read within its budget
// and memory; that more than it may have is refused by name is translate's.
func TestLargeAttachment(t *testing.T) {
	m := start(t)
	content := []byte(strings.Repeat("\x00\x01ab", 3<<20/4))
	id := send(t, m, strings.Replace(email("delivered@resend.dev"), `"subject"`, `"attachments":[{"filename":"a.bin","content":"`+base64.StdEncoding.EncodeToString(content)+`"}],"subject"`, 1))
	list := m.Request("GET", "/emails/"+id+"/attachments", "").Want(200)
	if got := list.Get("data.0.size"); got != strconv.Itoa(len(content)) {
		t.Errorf("%s bytes were kept", got)
	}
	path := strings.TrimPrefix(list.Get("data.0.download_url"), "http://mirra.test/outbound")
	if got := m.RequestHost(hostOutbound, "GET", path, "", "Authorization: ").Want(200); got.Body != string(content) {
		t.Errorf("%d other bytes came back", len(got.Body))
	}
	f := translate(&sdk.ParamError{Reason: abi.ReasonTooLarge, Text: "the body is larger than 8388608 bytes"})
	if f.status != 413 || f.message != "Mirra: the body is larger than 8388608 bytes, of the 40 MB that an email may have at Resend: try with smaller attachments" {
		t.Errorf("a larger one is refused with %d %s", f.status, f.message)
	}
}

// TestKeyOfADomain holds a sending key to the domain it was made for.
func TestKeyOfADomain(t *testing.T) {
	m := start(t, sdktest.State(`{"domains":[{"name":"mail.acme.com","status":"verified"},{"name":"other.com","status":"verified"}]}`))
	domain := m.Request("GET", "/domains", "").Want(200).Get("data.1.id")
	key := "Authorization: Bearer " + m.Request("POST", "/api-keys", `{"name":"s","permission":"sending_access","domain_id":"`+domain+`"}`).Want(201).Get("token")
	body := `{"from":"a@mail.acme.com","to":"delivered@resend.dev","subject":"s","text":"t"}`
	m.Request("POST", "/emails", body, key).Want(200)
	if got := m.Request("POST", "/emails", strings.Replace(body, "mail.acme.com", "other.com", 1), key); got.Status != 401 || got.Get("name") != "restricted_api_key" {
		t.Errorf("from another domain: %d %s", got.Status, got.Body)
	}
}

// TestMembersByCreation puts an older contact into a segment last; the list has it last
// all the same.
func TestMembersByCreation(t *testing.T) {
	m := start(t, sdktest.At(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)))
	segment := m.Request("POST", "/segments", `{"name":"s"}`).Want(201).Get("id")
	older := m.Request("POST", "/contacts", `{"email":"old@acme.co"}`).Want(201).Get("id")
	newer := m.Request("POST", "/contacts", `{"email":"new@acme.co","segments":[{"id":"`+segment+`"}]}`).Want(201).Get("id")
	m.Request("POST", "/contacts/"+older+"/segments/"+segment, "").Want(200)
	list := m.Request("GET", "/contacts?limit=1&segment_id="+segment, "").Want(200)
	if list.Get("data.0.id") != newer || list.Get("has_more") != "true" {
		t.Errorf("first page %s", list.Body)
	}
	list = m.Request("GET", "/contacts?limit=1&segment_id="+segment+"&after="+newer, "").Want(200)
	if list.Get("data.0.id") != older || list.Get("has_more") != "false" {
		t.Errorf("second page %s", list.Body)
	}
}

// TestAnswersAreTagged looks for the entity tag on successes and errors.
func TestAnswersAreTagged(t *testing.T) {
	m := start(t)
	for _, path := range []string{"/emails", "/nope"} {
		if tag := m.Request("GET", path, "").Header("etag"); !strings.HasPrefix(tag, `W/"`) {
			t.Errorf("%s has the tag %q", path, tag)
		}
	}
}

func TestReceiving(t *testing.T) {
	m := start(t)
	if err := m.Simulate("email.received", "from=Ada <ada@acme.com>", "to=help@acme.com, sales@acme.com", "subject=Help", "text=please"); err != nil {
		t.Fatal(err)
	}
	list := m.Request("GET", "/emails/receiving", "").Want(200)
	got := m.Request("GET", "/emails/receiving/"+list.Get("data.0.id"), "").Want(200)
	if got.Get("from") != "Ada <ada@acme.com>" || got.Get("to.1") != "sales@acme.com" || got.Get("text") != "please" || got.Get("subject") != "Help" {
		t.Errorf("got %s", got.Body)
	}
}

// TestBroadcastToAThousand sends the marketing list its third broadcast.
func TestBroadcastToAThousand(t *testing.T) {
	m := start(t, sdktest.Fixture("marketing-list"))
	list := m.Request("GET", "/broadcasts", "").Want(200)
	id := list.Get("data.0.id")
	m.Request("POST", "/broadcasts/"+id+"/send", `{}`).Want(200)
	m.Advance(time.Minute)
	if got := m.Request("GET", "/broadcasts/"+id, "").Want(200); got.Get("status") != "sent" {
		t.Fatalf("got %s", got.Body)
	}
	count := map[string]int{}
	for _, kind := range []string{"sent", "delivered", "bounced", "complained"} {
		after := ""
		for {
			page := m.Request("GET", "/broadcasts/"+id+"/recipients?type="+kind+"&limit=100"+after, "").Want(200)
			n := page.JSON().Len("data")
			count[kind] += n
			if page.Get("has_more") != "true" {
				break
			}
			after = "&after=" + page.Get("data."+strconv.Itoa(n-1)+".id")
		}
	}
	// 25 of the thousand unsubscribed; 20 bounce, 10 complain behind their delivery.
	if want := map[string]int{"sent": 975, "delivered": 955, "bounced": 20, "complained": 10}; fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("counted %v, want %v", count, want)
	}
	if first := m.Request("GET", "/emails?limit=1", "").Want(200); !strings.HasPrefix(first.Get("data.0.to.0"), "delivered+") {
		t.Errorf("got %s", first.Body)
	}
}

func TestFixturesAndStateGoRound(t *testing.T) {
	for _, name := range []string{"transactional-busy", "bounced-domain", "over-quota"} {
		m := start(t, sdktest.Fixture(name))
		var parts []string
		for _, entity := range []string{"account", "domains", "emails", "suppressions"} {
			parts = append(parts, `"`+entity+`":[`+strings.Join(m.State(entity), ",")+"]")
		}
		state := "{" + strings.Join(parts, ",") + "}"
		again := start(t, sdktest.State(state))
		for _, entity := range []string{"account", "domains", "emails", "suppressions"} {
			if a, b := strings.Join(m.State(entity), "\n"), strings.Join(again.State(entity), "\n"); a != b {
				t.Errorf("%s: %s is not the same after import:\n%.300s\n%.300s", name, entity, a, b)
			}
		}
	}
	busy := start(t, sdktest.Fixture("transactional-busy"))
	if n := len(busy.State("emails")); n != 100 {
		t.Errorf("%d emails, want 100", n)
	}
	if d := busy.Request("GET", "/domains", "").Want(200); d.Get("data.0.name") != "mail.acme.com" || d.Get("data.0.status") != "verified" {
		t.Errorf("domains %s", d.Body)
	}
}

func TestSeedsAreChecked(t *testing.T) {
	m := start(t)
	err := m.Seed(`{"account":[{"plan":"gold"}],"contacts":[{"email":"nobody"}],"contact_segments":[{"segment_id":"a","contact_id":"b"}],"webhooks":[{"endpoint":"x"}],"domains":[{"name":"x"}]}`)
	for _, path := range []string{"account[0].plan", "contacts[0].email", "contact_segments[0].segment_id", "webhooks[0].endpoint", "domains[0].name"} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("no fault at %s: %v", path, err)
		}
	}
}
