package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// sharedFolder names the folder that has recordings/stripe.jsonl.gz.
const sharedFolder = "MIRRA_SHARED"

// exchange is one line of the recordings.
type exchange struct {
	Source  string
	Order   int
	Method  string
	URL     string            `json:"url"`
	Headers map[string]string `json:"req_headers"`
	Body    string            `json:"req_body"`
	Status  int
	Answer  map[string]string `json:"resp_headers"`
	JSON    string            `json:"resp_body"`
}

func (e *exchange) header(name string) string {
	for k, v := range e.Answer {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}

// TestReplay sends the recorded requests of the line's version that the mirror
// serves and that need nothing the cassette did not make, and compares answers:
// members, their order and types for all, and values but for what is random.
func TestReplay(t *testing.T) {
	shared := os.Getenv(sharedFolder)
	if shared == "" {
		t.Logf("%s is not set: only the built-in cassette is replayed", sharedFolder)
	}
	cassettes := map[string][]exchange{"built in": builtIn}
	if shared != "" {
		for source, list := range readRecordings(t, filepath.Join(shared, "recordings", "stripe.jsonl.gz"), cmp.Or(os.Getenv("MIRRA_REPLAY_VERSION"), lineVersion)) {
			cassettes[source] = list
		}
	}
	var total replayCount
	for _, list := range cassettes {
		replayCassette(t, list, &total)
	}
	t.Logf("replayed %d: %d exact, %d exact but for the recorder's account settings, %d of the same shape, %d others; %d not in the slice, %d need what was made elsewhere", total.sent, total.exact, total.settings, total.shape, total.other, total.outside, total.foreign)
	if total.sent == 0 {
		t.Error("nothing was replayed")
	}
	if total.other > 0 && os.Getenv("MIRRA_REPLAY_VERSION") == "" {
		t.Errorf("%d answers have another shape than the recorded ones", total.other)
	}
}

// builtIn is what is replayed without the recordings: the members of a customer
// at 2024-06-20, with values of ours.
var builtIn = []exchange{{
	Method: "POST", URL: "https://api.stripe.com/v1/customers", Body: "email=test%40example.org&name=Test", Status: 200,
	Answer: map[string]string{"date": "Sat, 10 Aug 2024 16:00:00 GMT"},
	JSON:   `{"id":"cus_AAAAAAAAAAAAAA","object":"customer","address":null,"balance":0,"created":1723305600,"currency":null,"default_source":null,"delinquent":false,"description":null,"discount":null,"email":"test@example.org","invoice_prefix":"00000000","invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,"rendering_options":null},"livemode":false,"metadata":{},"name":"Test","next_invoice_sequence":1,"phone":null,"preferred_locales":[],"shipping":null,"tax_exempt":"none","test_clock":null}`,
}}

type replayCount struct{ sent, exact, settings, shape, other, outside, foreign int }

func readRecordings(t *testing.T, path, version string) map[string][]exchange {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	cassettes := map[string][]exchange{}
	lines := bufio.NewScanner(z)
	lines.Buffer(make([]byte, 1<<20), 64<<20)
	for lines.Scan() {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			continue // headers of another form
		}
		if e.header("stripe-version") == version {
			e.JSON = strings.NewReplacer("client_<PADDLE_API_KEY>", "client_secret", "_<PADDLE_API_KEY>_", "_secret_").Replace(e.JSON)
			cassettes[e.Source] = append(cassettes[e.Source], e)
		}
	}
	for _, list := range cassettes {
		slices.SortFunc(list, func(a, b exchange) int { return cmp.Compare(a.Order, b.Order) })
	}
	return cassettes
}

// vendorID finds ids in requests. Test names such as pm_card_visa are none.
var vendorID = regexp.MustCompile(`\b(?:acct|ba|card|ch|cus|dp|evt|in|mandate|pi|pm|price|prod|py|re|setatt|seti|si|src|sub|tok|txn|we)_[A-Za-z0-9]{8,}\b`)

func replayCassette(t *testing.T, list []exchange, total *replayCount) {
	t.Helper()
	at, err := http.ParseTime(list[0].header("date"))
	if err != nil {
		at = sdktest.Epoch
	}
	m := start(t, sdktest.At(at))
	ids := map[string]string{}
	for i := range list {
		e := &list[i]
		if now, err := http.ParseTime(e.header("date")); err == nil && now.After(at) {
			m.Advance(now.Sub(at))
			at = now
		}
		u, err := url.Parse(e.URL)
		if err != nil || !served(e.Method, u.Path) {
			total.outside++
			continue
		}
		target, body, known := u.RequestURI(), e.Body, true
		translate := func(id string) string {
			to, ok := ids[id]
			known = known && ok
			return to
		}
		target = vendorID.ReplaceAllStringFunc(target, translate)
		body = vendorID.ReplaceAllStringFunc(body, translate)
		want, ok := flatten(e.JSON)
		if !known || !ok {
			total.foreign++
			continue
		}
		headers := []string{formType}
		if key := e.header("idempotency-key"); key != "" {
			headers = append(headers, "Idempotency-Key: "+key)
		}
		got := m.Request(e.Method, target, body, headers...)
		total.sent++
		have, ok := flatten(got.Body)
		if e.Status < 300 && got.Get("error.code") == "resource_missing" {
			total.foreign++ // by an id that its maker chose
			continue
		}
		if !ok || got.Status != e.Status {
			total.other++
			t.Logf("%s %s %s: status %d, recorded %d: %s", e.Method, u.Path, e.Body, got.Status, e.Status, got.Body)
			continue
		}
		learn(ids, want, have)
		if len(e.Answer) > 5 && e.header("stripe-version") == lineVersion {
			compareHeaders(t, e, got)
		}
		switch shape, settings, exact := compare(t, e, ids, want, have); {
		case exact:
			total.exact++
		case settings:
			total.settings++
		case shape:
			total.shape++
		default:
			total.other++
		}
	}
}

// served tells whether an operation has a handler.
func served(method, path string) bool {
	for _, op := range stripe.Manifest.Operations {
		if op.Method == method && op.Level != sdk.None && op.Host == "" && matches(op.Path, path) {
			return true
		}
	}
	return false
}

func matches(pattern, path string) bool {
	p, q := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] && !strings.HasPrefix(p[i], "{") {
			return false
		}
	}
	return true
}

// leaf is a value of a JSON text with its path; empty containers are leaves.
type leaf struct{ path, value string }

// flatten lists the leaves of a JSON text in their order.
func flatten(text string) ([]leaf, bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out []leaf
	var value func(path string) bool
	value = func(path string) bool {
		token, err := d.Token()
		if err != nil {
			return false
		}
		delim, ok := token.(json.Delim)
		if !ok {
			b, err := json.Marshal(token)
			out = append(out, leaf{path, string(b)})
			return err == nil
		}
		n := 0
		for ; d.More(); n++ {
			at := path + "." + strconv.Itoa(n)
			if delim == '{' {
				key, err := d.Token()
				if err != nil {
					return false
				}
				at = path + "." + key.(string)
			}
			if !value(at) {
				return false
			}
		}
		if n == 0 {
			out = append(out, leaf{path, string(delim)})
		}
		_, err = d.Token()
		return err == nil
	}
	return out, value("")
}

// learn maps recorded ids to the mirror's, by their places.
func learn(ids map[string]string, want, have []leaf) {
	at := map[string]string{}
	for _, l := range have {
		at[l.path] = l.value
	}
	for _, l := range want {
		if id := strings.Trim(l.value, `"`); vendorID.FindString(id) == id && id != "" {
			if to := strings.Trim(at[l.path], `"`); strings.Contains(to, "_") {
				ids[id] = to
			}
		}
	}
}

// random is what differs from run to run at the vendor too; settings are those
// of the recorder's account.
var (
	random   = regexp.MustCompile(`(^|\.)(client_secret|fingerprint|risk_score|receipt_url|invoice_prefix|request_log_url|stripe_js|source|created|available_on|capture_before|client_ip|secret|exp_month|exp_year|url)$`)
	settings = regexp.MustCompile(`(^|\.)(payment_method_types|payment_method_options|payment_method_configuration_details|calculated_statement_descriptor)(\.|$)`)
)

// ignored are members that another version than the line's is known to differ
// in, by the variable MIRRA_REPLAY_IGNORE.
var ignored = func() *regexp.Regexp {
	if pattern := os.Getenv("MIRRA_REPLAY_IGNORE"); pattern != "" {
		return regexp.MustCompile(pattern)
	}
	return nil
}()

func compare(t *testing.T, e *exchange, ids map[string]string, want, have []leaf) (shape, exactButSettings, exact bool) {
	t.Helper()
	drop := func(list []leaf) []leaf {
		return slices.DeleteFunc(slices.Clone(list), func(l leaf) bool {
			return settings.MatchString(l.path) || ignored != nil && ignored.MatchString(l.path)
		})
	}
	same := func(want, have []leaf, values bool) bool {
		if len(want) != len(have) {
			return false
		}
		for i := range want {
			w, h := want[i], have[i]
			if w.path != h.path {
				return false
			}
			if !values || random.MatchString(w.path) {
				continue
			}
			if to, ok := ids[strings.Trim(w.value, `"`)]; ok {
				w.value = `"` + to + `"`
			}
			if w.value != h.value {
				return false
			}
		}
		return true
	}
	exact = same(want, have, true)
	want, have = drop(want), drop(have)
	exactButSettings, shape = same(want, have, true), same(want, have, false)
	if !exactButSettings {
		for i := range want {
			if i >= len(have) || want[i].path != have[i].path {
				t.Logf("%s %s: member %d is %v, recorded %v", e.Method, e.URL, i, at(have, i), want[i])
				break
			}
			if _, mapped := ids[strings.Trim(want[i].value, `"`)]; !mapped && want[i].value != have[i].value && !random.MatchString(want[i].path) {
				t.Logf("%s %s: %s is %s, recorded %s", e.Method, e.URL, want[i].path, have[i].value, want[i].value)
			}
		}
	}
	return shape, exactButSettings, exact
}

func at(list []leaf, i int) leaf {
	if i < len(list) {
		return list[i]
	}
	return leaf{}
}

// wireHeaders are the server's that no mirror's plugin sets.
const wireHeaders = " date content-length connection transfer-encoding x-wc stripe-account "

// compareHeaders holds the names of the headers against the recorded ones.
func compareHeaders(t *testing.T, e *exchange, got *sdktest.Response) {
	t.Helper()
	have := map[string]bool{}
	for _, h := range got.Headers {
		have[strings.ToLower(h[0])] = true
	}
	for name := range e.Answer {
		if n := strings.ToLower(name); !have[n] && !strings.Contains(wireHeaders, " "+n+" ") {
			t.Errorf("%s %s: no header %s", e.Method, e.URL, n)
		}
		delete(have, strings.ToLower(name))
	}
	for n := range have {
		t.Errorf("%s %s: header %s, which is not recorded", e.Method, e.URL, n)
	}
}
