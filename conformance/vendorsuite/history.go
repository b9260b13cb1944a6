package vendorsuite

import (
	"encoding/json"
	"slices"
)

// History gathers what recordings show of the account that they were made with
// and no request says: how it is set up, and what it sells. Sessions of later
// recordings begin with it, as they would with a user's own settings; nothing is
// ever learned from the cassette that it is used for, or from later ones.
type History interface {
	// Observe takes in an object that an answer shows; own tells that it is the
	// account's, not another's that the account acted for.
	Observe(n *node, own bool)
	// Settings returns the account as a mirror imports it; nil if nothing is known.
	Settings() json.RawMessage
	// Object returns an object that the account had, nil if none was shown.
	Object(id string) *node
}

// known is what is known of a cassette's account before it is replayed.
type known struct {
	settings json.RawMessage
	objects  map[string]*node // by id; of those that the cassette names
}

// histories keeps a History for each account of some recordings.
type histories struct {
	rules *Rules
	of    map[string]History // by account
}

// inOrder sorts cassettes by when they were begun.
func inOrder(cassettes []*Cassette) {
	slices.SortStableFunc(cassettes, func(a, b *Cassette) int { return a.Exchanges[0].At.Compare(b.Exchanges[0].At) })
}

// before returns what the cassettes that were passed earlier show of the account
// of one, and takes that one in. Cassettes come in the order in which they were
// begun; where that is not known nothing was earlier.
func (h *histories) before(exchanges []*Exchange, docs []*document) (k known) {
	account := h.rules.account(exchanges)
	if account == "" || exchanges[0].At.IsZero() {
		return known{}
	}
	if h.of[account] == nil {
		h.of[account] = h.rules.History()
	}
	k = h.rules.recall(h.of[account], exchanges)
	for i, e := range exchanges {
		if e.Status >= 300 || docs[i].root == nil {
			continue
		}
		another := e.RequestHeader.Get(h.rules.AccountHeader) != ""
		docs[i].root.walk(func(n *node) {
			if n.kind != objectKind {
				return
			}
			if id := h.rules.idOf(n); id != "" {
				of := h.rules.accountOf(id)
				h.of[account].Observe(n, of == account || of == "" && !another)
			}
		})
	}
	return k
}

// recall asks a history for what a cassette can need.
func (r *Rules) recall(from History, exchanges []*Exchange) known {
	k := known{settings: from.Settings(), objects: map[string]*node{}}
	var look func(text string)
	look = func(text string) {
		if k.objects[text] != nil {
			return
		}
		if n := from.Object(text); n != nil {
			k.objects[text] = n
			n.walk(func(n *node) { // what it refers to
				if n.kind == stringKind {
					look(n.text)
				}
			})
		}
	}
	for _, e := range exchanges {
		r.mentions(e, func(_, text string) { look(text) })
	}
	return k
}

// account returns the account that a cassette was made with: the one that most
// of its ids name.
func (r *Rules) account(exchanges []*Exchange) string {
	count := map[string]int{}
	for _, e := range exchanges {
		if e.RequestHeader.Get(r.AccountHeader) != "" {
			continue
		}
		for _, m := range r.AccountOf.FindAllStringSubmatch(e.Body, -1) {
			count[m[1]]++
		}
	}
	best := ""
	for _, name := range sortedKeys(count) {
		if best == "" || count[name] > count[best] {
			best = name
		}
	}
	return best
}

// accountOf returns the account that an id names, "" if it names none.
func (r *Rules) accountOf(id string) string {
	if m := r.AccountOf.FindStringSubmatch(id); m != nil {
		return m[1]
	}
	return ""
}
