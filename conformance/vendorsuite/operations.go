package vendorsuite

import (
	"net/url"
	"strings"
)

// operations name requests.
type operations struct {
	rules *Rules
	byLen map[int][]named // by number of segments
	level map[string]string
}

type named struct {
	Operation
	parts []string
	fixed int // segments that are no parameters
}

func newOperations(r *Rules, all []Operation) *operations {
	o := &operations{rules: r, byLen: map[int][]named{}, level: map[string]string{}}
	for _, op := range all {
		n := named{Operation: op, parts: strings.Split(op.Path, "/")}
		for _, p := range n.parts {
			if !strings.HasPrefix(p, "{") {
				n.fixed++
			}
		}
		o.byLen[len(n.parts)] = append(o.byLen[len(n.parts)], n)
		o.level[op.ID] = op.Level
	}
	return o
}

// find returns the id of the operation of an exchange: the one with the most
// fixed segments that fits; else method and path, with ids taken out.
func (o *operations) find(e *Exchange) string {
	path, _, _ := strings.Cut(pathOf(withoutUser(e.URL)), "?")
	parts := strings.Split(path, "/")
	best := named{fixed: -1}
	for _, n := range o.byLen[len(parts)] {
		if n.Method == e.Method && n.fixed > best.fixed && n.fits(parts) {
			best = n
		}
	}
	if best.fixed >= 0 {
		return best.ID
	}
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil {
			plain = p
		}
		if len(plain) >= 8 && len(o.rules.IDs) > 0 && o.rules.ids.MatchString(plain) || isMasked(plain) {
			parts[i] = "{id}"
		}
	}
	return e.Method + " " + strings.Join(parts, "/")
}

func (n *named) fits(parts []string) bool {
	for i, p := range n.parts {
		open, name, isParam := strings.Cut(p, "{")
		switch {
		case !isParam && p != parts[i]:
			return false
		case isParam:
			_, tail, _ := strings.Cut(name, "}")
			if !strings.HasPrefix(parts[i], open) || !strings.HasSuffix(parts[i], tail) || len(parts[i]) <= len(open)+len(tail) {
				return false
			}
		}
	}
	return true
}
