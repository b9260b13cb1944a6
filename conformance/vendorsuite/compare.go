package vendorsuite

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeTolerance is how far times may be apart: the vendor took some of it for
// answering, and recordings keep whole seconds.
const timeTolerance = 2 * time.Second

// comparison is one answer held against the recorded one.
type comparison struct {
	rules *Rules
	ids   *ids
	diffs []Difference
	// accepted are values that are equal though they read differently: ids, times,
	// random ones. Their literals are not compared.
	accepted map[*node]bool
}

func (c *comparison) differ(keeps Verdict, path, want, have, why string) {
	c.diffs = append(c.diffs, Difference{Path: path, Keeps: keeps, Want: want, Have: have, Why: why})
}

// compare holds an answer against the recorded one. ids must have learnt from
// the two before. partly tells that documents have parts of the bodies only.
func compare(rules *Rules, m *ids, e *Exchange, a *Response, want, have *document, partly bool) []Difference {
	c := &comparison{rules: rules, ids: m, accepted: map[*node]bool{}}
	if e.Status != a.Status {
		// What else differs follows from it.
		c.differ(Status, "status", strconv.Itoa(e.Status), fmt.Sprintf("%d %s", a.Status, excerpt(strings.Join(strings.Fields(a.Body), " "))), "")
		return c.diffs
	}
	c.headers(e.Header, a.Header, e.Stated)
	if e.Stated && e.Body == "" {
		return c.diffs
	}
	if want.root == nil || have.root == nil {
		c.plainBody(want, have)
	} else {
		c.node("", want.root, have.root)
	}
	switch {
	case e.Stated:
		c.differ(Byte, "", "", "", "what the documentation does not state is left out")
	case partly:
		c.differ(Byte, "", "", "", "elements of the recorder's account are left out")
	}
	if want.root != nil && have.root != nil && verdictOf(c.diffs) == Byte {
		c.bytes("", want.root, have.root)
		if want.tail != have.tail {
			c.differ(Byte, "", strconv.Quote(want.tail), strconv.Quote(have.tail), "what follows the document")
		}
	}
	return c.diffs
}

// plainBody compares bodies that are not both JSON.
func (c *comparison) plainBody(want, have *document) {
	switch {
	case want.text == have.text:
	case want.root != nil || have.root != nil:
		c.differ(Shape, "", excerpt(want.text), excerpt(have.text), "one is JSON, the other is not")
	default:
		if ok, _ := c.ids.equal(want.text, have.text); !ok {
			c.differ(Values, "", excerpt(want.text), excerpt(have.text), "")
		}
	}
}

// document is a body, and what it is if it is JSON.
type document struct {
	text string
	root *node
	tail string
}

func newDocument(text string) *document {
	d := &document{text: text}
	d.root, d.tail, _ = parse(text)
	return d
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// node compares two values and all below them.
func (c *comparison) node(path string, want, have *node) {
	if want.kind != have.kind {
		c.differ(Shape, path, show(want), show(have), "")
		return
	}
	switch want.kind {
	case objectKind:
		c.object(path, want, have)
	case arrayKind:
		if len(want.kids) != len(have.kids) {
			c.differ(Shape, path, fmt.Sprintf("%d elements", len(want.kids)), fmt.Sprintf("%d elements", len(have.kids)), "")
		}
		for i := range min(len(want.kids), len(have.kids)) {
			c.node(fmt.Sprintf("%s[%d]", path, i), &want.kids[i], &have.kids[i])
		}
	default:
		c.scalar(path, want, have)
	}
}

func (c *comparison) object(path string, want, have *node) {
	var order [2][]string
	for i := range want.kids {
		w := &want.kids[i]
		name := w.name
		h := have.member(name)
		if h == nil {
			name = c.ids.translate(name) // maps by id
			h = have.member(name)
		}
		if h == nil {
			c.differ(Shape, join(path, w.name), show(w), "absent", "")
			continue
		}
		order[0] = append(order[0], name)
		c.node(join(path, w.name), w, h)
	}
	for i := range have.kids {
		h := &have.kids[i]
		if slices.Contains(order[0], h.name) {
			order[1] = append(order[1], h.name)
			continue
		}
		c.differ(Shape, join(path, h.name), "absent", show(h), "")
	}
	for i := range max(len(order[0]), len(order[1])) {
		if i >= len(order[0]) || i >= len(order[1]) || order[0][i] != order[1][i] {
			c.differ(Exact, path, excerptOf(order[0], i), excerptOf(order[1], i), "the order of fields")
			break
		}
	}
}

// excerptOf returns some of a list from the element before one.
func excerptOf(names []string, i int) string {
	return strings.Join(names[min(len(names), max(0, i-1)):min(len(names), i+4)], " ")
}

// scalar compares two values of one type that have none below them.
func (c *comparison) scalar(path string, want, have *node) {
	ok, why := c.same(want, have)
	if !ok {
		c.differ(Values, path, show(want), show(have), why)
	}
	if ok && want.text != have.text && (want.kind != numberKind || !sameNumber(want.text, have.text)) {
		c.accepted[want] = true
	}
}

func (c *comparison) same(want, have *node) (ok bool, why string) {
	for _, rule := range c.rules.random[want.name] {
		if ok, known := c.sameForm(rule, want.text, have.text); known {
			return ok, "compared by form " + rule.Form.String()
		}
	}
	if c.rules.times[want.name] {
		if ok, known := sameTime(want, have); known {
			return ok, ""
		}
	}
	if want.kind != stringKind {
		return want.text == have.text || want.kind == numberKind && sameNumber(want.text, have.text), ""
	}
	if isMasked(want.text) {
		return c.sameMasked(want.text, have.text), "the recording is masked"
	}
	return c.ids.equal(want.text, have.text)
}

// sameForm compares two values by a rule. It is not known where the recorded
// one is not of the rule's form.
func (c *comparison) sameForm(rule *Random, want, have string) (ok, known bool) {
	if rule.Without != nil {
		want, have = rule.Without(want), rule.Without(have)
	}
	x, y := rule.Form.FindStringSubmatchIndex(want), rule.Form.FindStringSubmatchIndex(have)
	if x == nil {
		return false, false
	}
	if y == nil {
		return false, true
	}
	at, to, names := 0, 0, rule.Form.SubexpNames()
	for g := 2; g+1 < len(x); g += 2 {
		if x[g] < 0 || y[g] < 0 {
			if x[g] != y[g] {
				return false, true
			}
			continue
		}
		if fixed, _ := c.ids.equal(want[at:x[g]], have[to:y[g]]); !fixed || x[g+1]-x[g] != y[g+1]-y[g] {
			return false, true
		}
		if names[g/2] == "time" {
			w, h := node{kind: numberKind, text: want[x[g]:x[g+1]]}, node{kind: numberKind, text: have[y[g]:y[g+1]]}
			if ok, known := sameTime(&w, &h); !known || !ok {
				return false, true
			}
		}
		at, to = x[g+1], y[g+1]
	}
	if len(x) == 2 {
		return true, true // no groups: all of it is random
	}
	fixed, _ := c.ids.equal(want[at:], have[to:])
	return fixed, true
}

// sameTime compares two times, numbers of seconds or texts. It is not known
// where the recorded value is no time.
func sameTime(want, have *node) (ok, known bool) {
	w, layout := instant(want)
	if layout == "" {
		return false, false
	}
	h, other := instant(have)
	if other != layout {
		return false, true
	}
	return w.Sub(h).Abs() <= timeTolerance, true
}

// layouts are how vendors write times.
var layouts = []string{time.RFC1123Z, time.RFC1123, time.RFC3339Nano, "2006-01-02T15:04:05.999999999", trimmed, "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05"}

// trimmed is how Postgres writes times: without zeros at the end of the fraction, so
// that the length tells nothing.
const trimmed = "2006-01-02 15:04:05.999999999-07"

// instant reads a time; layout is the same for two that are written alike.
func instant(n *node) (at time.Time, layout string) {
	if n.kind == numberKind {
		s, err := strconv.ParseInt(n.text, 10, 64)
		if err != nil || s < 1e8 || s > 1e10 {
			return at, ""
		}
		return time.Unix(s, 0), "unix"
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, n.text); err == nil {
			if l == trimmed {
				return t, l
			}
			return t, fmt.Sprint(l, len(n.text))
		}
	}
	return at, ""
}

// sameNumber tells whether two literals are one number: 1.0 and 1.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, errA := strconv.ParseFloat(a, 64)
	y, errB := strconv.ParseFloat(b, 64)
	return errA == nil && errB == nil && x == y && len(a) < 16 && len(b) < 16
}

// sameMasked compares a text of which recorders hid parts: what they left has
// to be there, and something has to stand where they hid something.
func (c *comparison) sameMasked(want, have string) bool {
	rest := have
	for i, part := range mask.Split(want, -1) {
		part = c.ids.translate(part)
		if i == 0 {
			if !strings.HasPrefix(rest, part) {
				return false
			}
			rest = rest[len(part):]
			continue
		}
		if rest == "" {
			return false
		}
		if part == "" {
			rest = ""
			continue
		}
		at := strings.Index(rest[1:], part)
		if at < 0 {
			return false
		}
		rest = rest[1+at+len(part):]
	}
	return rest == ""
}

// headers compares what the vendor's clients read. stated says that want has
// only what is to be compared.
func (c *comparison) headers(want, have http.Header, stated bool) {
	for _, rule := range c.rules.Headers {
		c.ids.learnText(want.Get(rule.Name), have.Get(rule.Name))
	}
	for _, rule := range c.rules.Headers {
		w, h := want.Values(rule.Name), have.Values(rule.Name)
		if len(w) == 0 && (stated || rule.Always || rule.With != "" && want.Get(rule.With) == "") {
			continue
		}
		x, y := c.rules.unmask(strings.Join(w, ", ")), strings.Join(h, ", ")
		ok := len(w) > 0 == (len(h) > 0)
		if ok && len(w) > 0 {
			switch {
			case isMasked(x):
				ok = c.sameMasked(x, y)
			case rule.Form != nil && rule.Form.MatchString(x):
				ok = rule.Form.MatchString(y)
				if ok && c.ids.find(x) != nil {
					ok, _ = c.ids.equal(x, y)
				}
			default:
				ok, _ = c.ids.equal(x, y)
			}
		}
		if !ok {
			c.differ(Exact, "header "+strings.ToLower(rule.Name), orAbsent(x, w), orAbsent(y, h), rule.Why)
		}
	}
}

func orAbsent(s string, values []string) string {
	if len(values) == 0 {
		return "absent"
	}
	return s
}

// bytes compares how two equal documents are written.
func (c *comparison) bytes(path string, want, have *node) {
	if want.rawName != have.rawName || want.rawEnd != have.rawEnd {
		c.differ(Byte, path, strconv.Quote(want.rawName+want.rawEnd), strconv.Quote(have.rawName+have.rawEnd), "how it is written")
		return
	}
	w, h := want.raw, have.raw
	if c.accepted[want] {
		w, h = lead(w), lead(h)
	}
	if w != h && !(want.kind == stringKind && c.ids.translate(w) == h) {
		c.differ(Byte, path, strconv.Quote(want.raw), strconv.Quote(have.raw), "how it is written")
		return
	}
	for i := range min(len(want.kids), len(have.kids)) {
		at := join(path, want.kids[i].name)
		if want.kind == arrayKind {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		c.bytes(at, &want.kids[i], &have.kids[i])
	}
}

// lead returns what stands before a literal.
func lead(raw string) string {
	return raw[:len(raw)-len(strings.TrimLeft(raw, " \t\r\n,:"))]
}

// show prints a value in short.
func show(n *node) string {
	switch n.kind {
	case stringKind:
		return strconv.Quote(excerpt(n.text))
	case objectKind, arrayKind:
		return excerpt(string(n.appendJSON(nil, func(s string) string { return s })))
	}
	return n.text
}

// excerpt shortens a text.
func excerpt(s string) string {
	const most = 240
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
