package vendorsuite

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Exchange is one recorded request with the vendor's answer.
type Exchange struct {
	Source string // the cassette it belongs to
	Order  int    // its place there
	Place  string // where it was read: "stripe.jsonl.gz:12", "charge.yml: interaction 3"

	Method        string
	URL           string // absolute, as recorded
	RequestHeader http.Header
	RequestBody   string

	Status int
	Header http.Header
	Body   string
	At     time.Time // when the vendor answered; zero if the recording does not say

	Class Class
	// Stated says that the answer was written from documentation: what it does not
	// name is not compared.
	Stated bool
}

// Class says how an exchange counts.
type Class string

// Classes.
const (
	// Counted exchanges are compared whole.
	Counted Class = "yes"
	// Listed ones list what the recorder's account has: elements that the
	// cassette made are compared.
	Listed Class = "list"
	// Outside ones name an object that was made outside of the cassette. They
	// are sent, because later ones may depend on what they do, and never counted.
	Outside Class = "outside"
	// Unlisted ones are missing from the list of eligible exchanges. They are
	// sent for the same reason, and never counted.
	Unlisted Class = "unlisted"
	// Setup ones make what a documented case needs.
	Setup Class = "setup"
	// Believed ones say what no page of the documentation does.
	Believed Class = "believed"
)

// Cassette is the exchanges that one fresh session answers, in order.
type Cassette struct {
	Source    string
	Exchanges []*Exchange
}

// Note says what was left out or changed of the recordings, and why.
type Note struct {
	Kind  string // groups notes: "not JSON", "truncated"
	Place string
	Text  string
}

// Corpora: what exchanges are evidence of.
const (
	// Recorded exchanges were recorded of the vendor.
	Recorded = "recorded"
	// Documented ones were written by hand from the vendor's documentation.
	Documented = "documented"
	// Live ones are what the vendor answered to a drift script in this run.
	Live = "live"
)

// Recordings is what was read.
type Recordings struct {
	Cassettes []*Cassette // by source
	Notes     []Note
	bySource  map[string]*Cassette
	only      string // part of the names of cassettes that are read
	live      bool   // of the vendor just now
}

func (r *Recordings) note(kind, place, text string) {
	r.Notes = append(r.Notes, Note{kind, place, text})
}

func (r *Recordings) add(e *Exchange) {
	if r.bySource == nil {
		r.bySource = map[string]*Cassette{}
	}
	c := r.bySource[e.Source]
	if c == nil {
		c = &Cassette{Source: e.Source}
		r.bySource[e.Source] = c
		r.Cassettes = append(r.Cassettes, c)
	}
	c.Exchanges = append(c.Exchanges, e)
}

// finish puts cassettes and exchanges in order. Exchanges that stand out of
// order are sorted, of two with one place the first stays.
func (r *Recordings) finish() {
	slices.SortFunc(r.Cassettes, func(a, b *Cassette) int { return cmp.Compare(a.Source, b.Source) })
	for _, c := range r.Cassettes {
		for i := 1; i < len(c.Exchanges); i++ {
			if e := c.Exchanges[i]; e.Order < c.Exchanges[i-1].Order {
				r.note("out of order", e.Place, "stands behind a later exchange of its cassette; sorted by order")
			}
		}
		slices.SortStableFunc(c.Exchanges, func(a, b *Exchange) int { return cmp.Compare(a.Order, b.Order) })
		kept := c.Exchanges[:0]
		for _, e := range c.Exchanges {
			if n := len(kept); n > 0 && e.Order == kept[n-1].Order {
				r.note("recorded twice", e.Place, "has the order of "+kept[n-1].Place+"; left out")
				continue
			}
			kept = append(kept, e)
		}
		c.Exchanges = kept
	}
}

// Len counts the exchanges.
func (r *Recordings) Len() int {
	n := 0
	for _, c := range r.Cassettes {
		n += len(c.Exchanges)
	}
	return n
}

// Has tells whether a cassette has source in its name.
func (r *Recordings) Has(source string) bool {
	return slices.ContainsFunc(r.Cassettes, func(c *Cassette) bool { return strings.Contains(c.Source, source) })
}

// Corpus returns what the exchanges are evidence of. An error says that they
// are of two kinds: their figures are not to be added up.
func (r *Recordings) Corpus() (string, error) {
	var first [2]*Exchange
	for _, c := range r.Cassettes {
		for _, e := range c.Exchanges {
			if i := btoi(e.Stated); first[i] == nil {
				first[i] = e
			}
		}
	}
	switch {
	case first[0] != nil && first[1] != nil:
		return "", fmt.Errorf("%s was recorded and %s written from documentation: measure them apart", first[0].Place, first[1].Place)
	case first[1] != nil:
		return Documented, nil
	case r.live:
		return Live, nil
	}
	return Recorded, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Vendor returns the vendor that most exchanges are with, "" if none is known.
func (r *Recordings) Vendor() string {
	best, most := "", 0
	for _, rules := range All() {
		n := 0
		for _, c := range r.Cassettes {
			for _, e := range c.Exchanges {
				if rules.serves(hostOf(e.URL)) {
					n++
				}
			}
		}
		if n > most {
			best, most = rules.Vendor, n
		}
	}
	return best
}
