package vendorsuite

import (
	"encoding/json"
	"slices"
	"strings"
)

// History gathers what recordings show of the account that they were made with
// and no request says: how it is set up, and what it sells. Sessions of later
// recordings begin with it, as they would with a user's own settings; nothing is
// ever learned from the cassette that it is used for, or from later ones.
type History interface {
	// Observe takes in an object that the answer of an exchange shows; own tells
	// that it is the account's, not another's that the account acted for.
	Observe(e *Exchange, n *node, own bool)
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
	of    map[string]History        // by account
	with  map[string]map[string]int // how many cassettes, by recorder and account
}

func newHistories(r *Rules) *histories {
	return &histories{r, map[string]History{}, map[string]map[string]int{}}
}

// recorder is who made a cassette: the repository that its name begins with, or
// the one who has all that have no such name.
func recorder(source string) string {
	repository, _, named := strings.Cut(source, "@")
	if !named {
		return ""
	}
	return repository
}

// account returns the account that a cassette was made with, "" if nothing tells.
// Where no id in it does, it is the one that the recorder used most until then.
func (h *histories) account(exchanges []*Exchange, docs []*document) string {
	by := recorder(exchanges[0].Source)
	if h.rules.AccountOf == nil {
		return "of " + by
	}
	account := h.rules.account(exchanges, docs)
	if account == "" {
		return most(h.with[by])
	}
	if h.with[by] == nil {
		h.with[by] = map[string]int{}
	}
	h.with[by][account]++
	return account
}

// most returns the key with the highest count, "" of none.
func most(count map[string]int) string {
	best := ""
	for _, name := range sortedKeys(count) {
		if best == "" || count[name] > count[best] {
			best = name
		}
	}
	return best
}

// inOrder sorts cassettes by when they were begun.
func inOrder(cassettes []*Cassette) {
	slices.SortStableFunc(cassettes, func(a, b *Cassette) int { return a.Exchanges[0].At.Compare(b.Exchanges[0].At) })
}

// before returns what the cassettes that were passed earlier show of the account
// of one, and takes that one in. Cassettes come in the order in which they were
// begun; where that is not known nothing was earlier.
func (h *histories) before(exchanges []*Exchange, docs []*document) (k known) {
	if exchanges[0].At.IsZero() {
		return known{}
	}
	account := h.account(exchanges, docs)
	if account == "" {
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
				h.of[account].Observe(e, n, of == account || of == "" && !another)
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

// account returns the account that most ids of a cassette name, those apart that
// it shows as connected ones; "" if none is left.
func (r *Rules) account(exchanges []*Exchange, docs []*document) string {
	count := map[string]int{}
	var connected []string
	for i, e := range exchanges {
		if of := e.RequestHeader.Get(r.AccountHeader); of != "" {
			connected = append(connected, of)
			continue
		}
		for _, m := range r.AccountOf.FindAllStringSubmatch(e.Body, -1) {
			count[m[1]]++
		}
		if docs[i].root != nil && r.AccountPrefix != "" {
			docs[i].root.walk(func(n *node) {
				if id := r.idOf(n); n.kind == objectKind && strings.HasPrefix(id, r.AccountPrefix) {
					connected = append(connected, id)
				}
			})
		}
	}
	for _, id := range connected {
		for part := range count {
			if strings.HasSuffix(id, part) {
				delete(count, part)
			}
		}
	}
	return most(count)
}

// accountOf returns the account that an id names, "" if it names none.
func (r *Rules) accountOf(id string) string {
	if r.AccountOf != nil {
		if m := r.AccountOf.FindStringSubmatch(id); m != nil {
			return m[1]
		}
	}
	return ""
}
