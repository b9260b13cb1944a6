package vendorsuite

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Rules is what a comparison has to know of a vendor. Nothing in it makes
// differing values equal but where the vendor's own answers differ from run to
// run: there the form is compared.
type Rules struct {
	Vendor string // as mirrors are named: "stripe"
	// Hosts are the vendor's API hosts; exchanges with others are left out. A
	// host of *.name fits all below name.
	Hosts []string
	// Credential is the header that a request gets in place of the recorded one,
	// which recorders redact.
	Credential http.Header
	// Refused finds the credential in an answer that refuses it: recorders redact
	// credentials, but not there.
	Refused *regexp.Regexp
	// Live matches credentials that move money or reach people; nil means that
	// the vendor's do not tell.
	Live *regexp.Regexp
	// Secrets are what recordings must not have.
	Secrets []Secret
	// Version is the header that names the API's version, in requests and
	// answers; "" if the vendor has none.
	Version string
	// Echoed are request headers that the vendor's answer repeats: a recorder
	// that left one out of the request is corrected by the answer.
	Echoed []string
	// IDs are the forms of the vendor's ids, each with the group "random". An id
	// ends where the word does, but at an underscore.
	IDs []*regexp.Regexp
	// IDMark is a character that stands in every id, so that most texts need no
	// second look; 0 is none.
	IDMark byte
	// IDFields are the members that hold an object's id, whatever its form.
	IDFields []string
	// Kinds are types of objects by the prefix of their ids, for objects that
	// recordings name and never show.
	Kinds map[string]string
	// Named are types of objects by the parameter that names them, for those that
	// have an id of the client's choice and are never shown.
	Named map[string]string
	// Times are members that hold a time; their values may differ by
	// timeTolerance.
	Times []string
	// Random are values that the vendor makes up anew for each account or object.
	Random []Random
	// Headers are those that the vendor's clients read.
	Headers []HeaderRule
	// Masks are texts that recorders put in place of others, and what they hide.
	Masks map[string]string
	// Errors are the fields that make an error body what it is.
	Errors []string
	// History, if any, makes what gathers how the recorder's account is set up.
	History func() History
	// AccountOf finds ids that name the account they are of, as the group 1; where
	// no ids do it is nil, and all that one recorder made is of one account.
	// AccountHeader is the request header that names another account. OwnerMember
	// says the same of an object that is imported; those of Unowned types are the
	// key's in any case. "" if the vendor has no such header.
	AccountOf                  *regexp.Regexp
	AccountHeader, OwnerMember string
	Unowned                    []string
	// AccountPrefix begins the ids of accounts. What was imported goes on to name
	// the recorder's account, and what the mirror makes names its own.
	AccountPrefix string
	// SameAs are types of which objects share their ids with one of another type
	// that says as much and more.
	SameAs map[string]string
	// Expand is the request parameter that puts objects in place of their ids.
	Expand string

	ids    *regexp.Regexp
	times  map[string]bool
	random map[string][]*Random
}

// Random is a value of which the form is compared, not the content.
type Random struct {
	// Field is the member's name.
	Field string
	// Form matches whole values. Its groups are random: both sides need groups of
	// the same lengths, and what is outside of groups has to be equal. Without
	// groups a value needs no more than to match. A group named "time" is a
	// number of seconds.
	Form *regexp.Regexp
	// Without, if any, takes out of a value what Form could not: it is packed.
	Without func(string) string
	// Why is the reason, with its source.
	Why string
}

// HeaderRule says how a header is compared.
type HeaderRule struct {
	Name string
	// Form, if any, is what values match; else they have to be equal.
	Form *regexp.Regexp
	// Always is for headers that the vendor puts on every answer: where one is
	// not recorded the recorder left it out, and it is not compared.
	Always bool
	// With names a header of the Always kind: where that one is not recorded the
	// recorder left out headers, and this one is not compared.
	With string
	Why  string
}

// All returns the rules of every vendor that has some.
func All() []*Rules { return []*Rules{Stripe(), Resend(), Twilio()} }

// For returns a vendor's rules, or those that fit any vendor.
func For(vendor string) *Rules {
	for _, r := range All() {
		if r.Vendor == vendor {
			return r
		}
	}
	return (&Rules{
		Vendor: vendor, IDs: []*regexp.Regexp{uuidForm}, IDMark: '-', IDFields: []string{"id"},
		Headers: []HeaderRule{{Name: "Content-Type"}, {Name: "Retry-After"}},
	}).compile()
}

var uuidForm = regexp.MustCompile(`\b(?P<random>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})`)

// compile prepares what comparisons look up.
func (r *Rules) compile() *Rules {
	r.times, r.random = map[string]bool{}, map[string][]*Random{}
	if r.Masks == nil {
		r.Masks = map[string]string{}
	}
	for _, name := range r.Times {
		r.times[name] = true
	}
	for _, rule := range r.Random {
		rule.Form = regexp.MustCompile("^(?:" + rule.Form.String() + ")$")
		r.random[rule.Field] = append(r.random[rule.Field], &rule)
	}
	var all []string
	for _, id := range r.IDs {
		all = append(all, "(?:"+id.String()+")")
	}
	r.ids = regexp.MustCompile(strings.Join(all, "|"))
	return r
}

// MainHost is the host of the vendor's that scripts are for.
func (r *Rules) MainHost() string { return strings.Replace(r.Hosts[0], "*", "api", 1) }

// serves tells whether a host is the vendor's.
func (r *Rules) serves(host string) bool {
	return len(r.Hosts) == 0 || slices.ContainsFunc(r.Hosts, func(h string) bool {
		if below, ok := strings.CutPrefix(h, "*"); ok {
			return strings.HasSuffix(host, below)
		}
		return h == host
	})
}

// unmask puts back what recorders are known to have hidden.
func (r *Rules) unmask(s string) string {
	if len(r.Masks) == 0 {
		return s
	}
	for _, mask := range sortedKeys(r.Masks) {
		s = strings.ReplaceAll(s, mask, r.Masks[mask])
	}
	return s
}

// mask finds what recorders put in place of secrets.
var mask = regexp.MustCompile(`<[A-Z][A-Z_ ]*>|<redacted>|(?:%3C|%3c)[A-Z][A-Z_+]*(?:%3E|%3e)|\bre_REDACTED[A-Z_]*|\[(?:FILTERED|REDACTED)\]`)

// isMasked tells whether a recorder hid something of a text.
func isMasked(s string) bool {
	for _, sign := range [...]string{"<", "%3C", "%3c", "REDACTED", "FILTERED"} {
		if strings.Contains(s, sign) {
			return mask.MatchString(s)
		}
	}
	return false
}

// masked tells whether a recorder hid something of an exchange. That it hid
// the credential goes without saying.
func (r *Rules) masked(e *Exchange) bool {
	hidden := func(s string) bool { return isMasked(r.unmask(s)) }
	if hidden(e.URL) || hidden(e.RequestBody) || hidden(e.Body) {
		return true
	}
	for _, h := range r.Headers {
		if hidden(e.Header.Get(h.Name)) {
			return true
		}
	}
	return false
}

// version returns the version of the vendor's API that an exchange was in.
func (r *Rules) version(e *Exchange) string {
	if r.Version == "" {
		return ""
	}
	v := e.Header.Get(r.Version)
	if v == "" {
		v = e.RequestHeader.Get(r.Version)
	}
	switch v = r.unmask(v); {
	case v == "":
		return "not named"
	case isMasked(v):
		return "masked"
	}
	return v
}
