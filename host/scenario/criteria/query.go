package criteria

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Source is where the answer to a Query is looked up.
type Source string

const (
	State       Source = "state"       // the sealed state of mirrors
	Trace       Source = "trace"       // requests that mirrors got
	Attempts    Source = "attempts"    // tries of webhooks
	Probe       Source = "probe"       // deliveries that the run makes to see what the application does
	Application Source = "application" // what a look at the application finds
)

// Subject is what a Query is about.
type Subject string

const (
	Entities   Subject = "entities"   // objects of one kind
	Deliveries Subject = "deliveries" // webhooks, each with all its tries
	Requests   Subject = "requests"
	Retries    Subject = "retries"    // requests that repeat an earlier one which was refused
	Signatures Subject = "signatures" // of webhooks, as the application treats them
	Look       Subject = "look"
)

// Verb narrows a subject to those that something happened to.
type Verb string

const (
	Exists      Verb = "exists"      // entity: there at the end, the seed's included
	Created     Verb = "created"     // entity: since the seed, whether or not it is still there
	Updated     Verb = "updated"     // entity: since the seed
	Deleted     Verb = "deleted"     // entity: since the seed
	Sent        Verb = "sent"        // delivery: tried at least once
	Received    Verb = "received"    // delivery: the application answered a try, whatever it said
	Delivered   Verb = "delivered"   // delivery: a try was answered with 2xx
	Undelivered Verb = "undelivered" // delivery: tried, and no try was answered with 2xx
	Retried     Verb = "retried"     // delivery: tried more than once
	Answered    Verb = "answered"    // delivery or request: the answer has Status
	Called      Verb = "called"      // request: any
	Failed      Verb = "failed"      // request: answered with 400 or more, or not at all
	Succeeded   Verb = "succeeded"   // request: answered with less than 400
	Verified    Verb = "verified"    // signatures: forged, altered, unsigned and stale deliveries are refused, sound ones taken
	BackedOff   Verb = "backed off"  // retries: see docs/scenarios.md
	Shown       Verb = "shown"       // look
)

// Measure says how the records that are left become one answer.
type Measure string

const (
	Count Measure = "count" // how many there are
	One   Measure = "one"   // the value at Path of the only one; several or none do not hold
	Any   Measure = "any"   // the value at Path of at least one
	Every Measure = "every" // the value at Path of each; none does not hold
	Order Measure = "order" // the first of each of Names comes in this order
	Holds Measure = "holds" // whether the verb is true of the subject as a whole
)

// Op compares a value with expected ones. A list equals a value that is one of
// its elements. A number equals a text that reads the same.
type Op string

const (
	Equal      Op = "="
	NotEqual   Op = "!="
	Less       Op = "<"
	AtMost     Op = "<="
	More       Op = ">"
	AtLeast    Op = ">="
	Between    Op = "between" // both ends included
	OneOf      Op = "one of"
	Contains   Op = "contains"
	Lacks      Op = "does not contain"
	StartsWith Op = "starts with"
	EndsWith   Op = "ends with"
	Matches    Op = "matches" // an RE2 expression, anywhere in the text
	IsSet      Op = "is set"  // there, not null, not ""
	IsNotSet   Op = "is not set"
)

// Value is an expected value.
type Value struct {
	Text string    `json:"text"` // as written
	Type ValueType `json:"type"`
}

// ValueType is the JSON type that a Value is compared as.
type ValueType string

const (
	Text   ValueType = "text"
	Number ValueType = "number"
	Bool   ValueType = "bool"
	Null   ValueType = "null"
)

func (v Value) String() string {
	if v.Type == Text {
		return strconv.Quote(v.Text)
	}
	return v.Text
}

// Comparison is an Op with its operands: two of Between, any number of OneOf,
// none of IsSet and IsNotSet, else one.
type Comparison struct {
	Op   Op      `json:"op"`
	Want []Value `json:"want,omitempty"`
}

func (c Comparison) String() string {
	words := make([]string, len(c.Want))
	for i, w := range c.Want {
		words[i] = w.String()
	}
	switch c.Op {
	case Between:
		return "between " + strings.Join(words, " and ")
	case OneOf:
		return "one of " + strings.Join(words, ", ")
	}
	return strings.TrimSpace(string(c.Op) + " " + strings.Join(words, ", "))
}

// Filter leaves the records whose value at Path compares. Of requests, the
// path "header NAME" is a header.
type Filter struct {
	Path string     `json:"path"`
	Is   Comparison `json:"is"`
}

// Query is what a deterministic criterion asks, bound to what mirrors have.
type Query struct {
	Source  Source  `json:"source"`
	Subject Subject `json:"subject"`
	Mirror  string  `json:"mirror,omitempty"` // "" is all
	// Names are the entity's name, types of events, or METHOD /path of one
	// operation. None is all.
	Names      []string   `json:"names,omitempty"`
	Operations []string   `json:"operations,omitempty"` // ids of those Names says
	Verb       Verb       `json:"verb"`
	Status     string     `json:"status,omitempty"` // of Answered: "200", "2xx"
	Filters    []Filter   `json:"filters,omitempty"`
	Measure    Measure    `json:"measure"`
	Path       string     `json:"path,omitempty"` // of One, Any, Every and of a look
	Is         Comparison `json:"is,omitzero"`    // what the count or the value is compared with
	// Within bounds how long an answer may take, or how long a look is repeated
	// until it holds. 0 is no bound, and one look.
	Within time.Duration `json:"withinNs,omitempty"`
}

// Explanation says how a criterion was understood.
type Explanation struct {
	Query    string `json:"query"`
	Source   Source `json:"source"`
	Expected string `json:"expected"`
}

func (e Explanation) String() string {
	return fmt.Sprintf("%s | %s | %s", e.Query, e.Source, e.Expected)
}

// Explain says in words how the criterion was understood.
func (q *Query) Explain() Explanation {
	return Explanation{Query: q.describe(), Source: q.Source, Expected: q.expected()}
}

func (q *Query) describe() string {
	var b strings.Builder
	switch {
	case q.Subject == Look:
	case q.Measure == Count:
		b.WriteString("number of ")
	case q.Measure == One:
		fmt.Fprintf(&b, "`%s` of the only one of ", q.Path)
	case q.Measure == Any:
		fmt.Fprintf(&b, "`%s` of any of ", q.Path)
	case q.Measure == Every:
		if q.Path != "" {
			fmt.Fprintf(&b, "`%s` of ", q.Path)
		}
		b.WriteString("every one of ")
	case q.Measure == Order:
		b.WriteString("order of first ")
	}
	of := ""
	if q.Mirror != "" {
		of = " of " + q.Mirror
	}
	names := strings.Join(q.Names, ", ")
	switch q.Subject {
	case Entities:
		fmt.Fprintf(&b, "%s%s", names, of)
	case Signatures:
		fmt.Fprintf(&b, "forged, altered, unsigned and stale webhooks%s", of)
	case Look:
		fmt.Fprintf(&b, "`%s` in what the application shows", q.Path)
	case Retries:
		fmt.Fprintf(&b, "gaps between retries%s", of)
		if names != "" {
			b.WriteString(" of " + names)
		}
	case Deliveries:
		b.WriteString("webhooks" + of)
		if names != "" {
			b.WriteString(" " + names)
		}
	case Requests:
		b.WriteString("requests" + of)
		if names != "" {
			b.WriteString(" " + names)
		}
	}
	switch {
	case q.Verb == Exists, q.Verb == Called, q.Verb == Shown, q.Verb == Verified, q.Verb == BackedOff, q.Measure == Every && q.Path == "":
	case q.Verb == Answered:
		b.WriteString(" answered with " + q.Status)
	case q.Verb == Undelivered:
		b.WriteString(" never answered with 2xx")
	case q.Verb == Failed:
		b.WriteString(" answered with 400 or more, or not at all")
	case q.Verb == Succeeded:
		b.WriteString(" answered with less than 400")
	case q.Verb == Delivered:
		b.WriteString(" answered with 2xx")
	default:
		b.WriteString(" " + string(q.Verb))
	}
	for i, f := range q.Filters {
		word := " and"
		if i == 0 {
			word = " where"
		}
		fmt.Fprintf(&b, "%s `%s` %s", word, f.Path, f.Is)
	}
	return b.String()
}

func (q *Query) expected() string {
	text := ""
	switch {
	case q.Measure == Count:
		text = countText(q.Is)
	case q.Measure == Order:
		text = "in this order"
	case q.Measure == Every && q.Path == "":
		text = "each " + string(q.Verb)
		switch q.Verb {
		case Answered:
			text = "each answered with " + q.Status
		case Delivered:
			text = "each answered with 2xx"
		case Succeeded:
			text = "each answered with less than 400"
		}
	case q.Verb == Verified:
		text = "each refused, and a sound one taken"
	case q.Verb == BackedOff:
		text = "gaps that grow, or last as long as Retry-After says"
	default:
		text = q.Is.String()
	}
	if q.Within > 0 {
		text += " within " + q.Within.String()
	}
	return text
}

func countText(c Comparison) string {
	switch c.Op {
	case Equal:
		return "exactly " + c.Want[0].Text
	case AtLeast:
		return "at least " + c.Want[0].Text
	case AtMost:
		return "at most " + c.Want[0].Text
	}
	return c.String()
}
