package vendorsuite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// caseFile is cases written by hand from a vendor's documentation.
type caseFile struct {
	// Base is the vendor's base URL, "https://api.stripe.com".
	Base string `yaml:"base"`
	// At is when the cases happen; each step is a second later.
	At    time.Time   `yaml:"at"`
	Cases []yaml.Node `yaml:"cases"`
}

// docCase is what a page of the documentation says of a few requests in a fresh
// account. Answers state what the page does: members and headers that they do
// not name are not compared.
type docCase struct {
	Name string `yaml:"case"`
	Page string `yaml:"page"` // its address
	Read string `yaml:"read"` // when it was read, "2026-11"
	// Believed says why no page is cited; such a case is sent and does not count.
	Believed string    `yaml:"believed"`
	Steps    []docStep `yaml:"steps"`
}

type docStep struct {
	// Setup steps make what the case needs, and do not count.
	Setup bool `yaml:"setup"`
	// After is how much later than the step before it happens, a second if it is
	// left out.
	After  time.Duration     `yaml:"after"`
	Send   string            `yaml:"send"` // method and target: "GET /v1/customers?limit=2", or the URL of another host
	Form   yaml.Node         `yaml:"form"` // parameters by name, or a list of them where a name repeats
	JSON   yaml.Node         `yaml:"json"` // the body, for vendors who are sent JSON
	Header map[string]string `yaml:"header"`
	Status int               `yaml:"status"` // 200 if it is left out
	Answer map[string]string `yaml:"answer"` // headers
	Body   yaml.Node         `yaml:"body"`
}

// readCases reads a file of cases. A case that is none is noted and left out.
func (r *Recordings) readCases(name string, text []byte) {
	var f caseFile
	if err := strictly(text, &f); err != nil {
		r.note("not a case", name, err.Error()+"; left out")
		return
	}
	if u, err := url.Parse(f.Base); err != nil || u.Host == "" || u.Path != "" {
		r.note("not a case", name, fmt.Sprintf("base %q: want a base URL without a path; left out", printable(f.Base)))
		return
	}
	for i := range f.Cases {
		place := fmt.Sprintf("%s: case %d (line %d)", name, i, f.Cases[i].Line)
		c, err := parseCase(&f.Cases[i])
		if err != nil {
			r.note("not a case", place, err.Error()+"; left out")
			continue
		}
		source := name + ": " + c.Name
		if old := r.bySource[source]; old != nil {
			r.note("not a case", place, fmt.Sprintf("the name %q is taken by %s; left out", printable(c.Name), old.Exchanges[0].Place))
			continue
		}
		var all []*Exchange
		at := f.At.UTC()
		for order := range c.Steps {
			if after := c.Steps[order].After; after != 0 {
				at = at.Add(after)
			} else if order > 0 {
				at = at.Add(time.Second)
			}
			e, err := c.Steps[order].exchange(f.Base, c.Believed != "")
			if err != nil {
				r.note("not a case", place, fmt.Sprintf("step %d: %s; left out", order, err))
				all = nil
				break
			}
			e.Source, e.Order, e.Place = source, order, fmt.Sprintf("%s, step %d", place, order)
			if !f.At.IsZero() {
				e.At = at
			}
			all = append(all, e)
		}
		for _, e := range all {
			r.take(e)
		}
	}
}

// strictly decodes YAML and refuses members that are not known.
func strictly(text []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	err := d.Decode(into)
	if e, ok := errors.AsType[*yaml.TypeError](err); ok {
		faults := slices.Clone(e.Errors)
		for i := range faults {
			faults[i], _, _ = strings.Cut(faults[i], " in type ") // the program's
		}
		return errors.New(strings.Join(faults, "; "))
	}
	return err
}

// strictlyNode decodes a node as strictly does: its own Decode does not refuse
// unknown members.
func strictlyNode(n *yaml.Node, into any) error {
	text, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	if err := strictly(text, into); err != nil {
		return errors.New(innerLine.ReplaceAllString(err.Error(), ""))
	}
	return nil
}

// innerLine counts from where the node begins, which readers do not see.
var innerLine = regexp.MustCompile(`\bline [0-9]+: `)

func parseCase(n *yaml.Node) (*docCase, error) {
	c := &docCase{}
	if err := strictlyNode(n, c); err != nil {
		return nil, err
	}
	var faults []string
	if c.Name == "" {
		faults = append(faults, "case: want its name")
	}
	if _, err := time.Parse("2006-01", c.Read); c.Believed == "" && (err != nil || !strings.HasPrefix(c.Page, "https://")) {
		faults = append(faults, fmt.Sprintf("page %q, read %q: want the address of a page and the month it was read, 2026-11, or why it is only believed", printable(c.Page), printable(c.Read)))
	}
	if !slices.ContainsFunc(c.Steps, func(s docStep) bool { return !s.Setup }) {
		faults = append(faults, "steps: want one that is no setup")
	}
	if faults != nil {
		return nil, errors.New(strings.Join(faults, "; "))
	}
	return c, nil
}

func (s *docStep) exchange(base string, believed bool) (*Exchange, error) {
	if s.After < 0 {
		return nil, fmt.Errorf("after %s: time does not go back", s.After)
	}
	method, target, ok := strings.Cut(s.Send, " ")
	if u, err := url.Parse(target); err == nil && u.Scheme == "https" && u.Host != "" {
		base = "" // another of the vendor's hosts
	} else if !ok || !strings.HasPrefix(target, "/") {
		return nil, fmt.Errorf("send %q: want method and target, GET /v1/customers, or the URL of another host", printable(s.Send))
	}
	e := &Exchange{Method: method, URL: base + target, RequestHeader: http.Header{}, Status: s.Status, Header: http.Header{}, Stated: true}
	if e.Status == 0 {
		e.Status = http.StatusOK
	}
	switch {
	case s.Setup:
		e.Class = Setup
	case believed:
		e.Class = Believed
	}
	for name, v := range s.Header {
		e.RequestHeader.Set(name, v)
	}
	for name, v := range s.Answer {
		e.Header.Set(name, v)
	}
	var kind string
	var err error
	if e.RequestBody, kind, err = bodyOf(&s.Form, &s.JSON); err != nil {
		return nil, err
	}
	if kind != "" && (s.JSON.Kind == 0 || e.RequestHeader.Get("Content-Type") == "") {
		e.RequestHeader.Set("Content-Type", kind)
	}
	if s.Body.Kind != 0 {
		var b bytes.Buffer
		if err := writeJSON(&b, &s.Body, 0); err != nil {
			return nil, err
		}
		e.Body = b.String()
	}
	return e, nil
}

// bodyOf is the body of a request that is sent a form or JSON, and its type; both are
// "" if it is sent neither.
func bodyOf(form, object *yaml.Node) (body, kind string, err error) {
	if object.Kind == 0 {
		if body, err = formOf(form); body != "" {
			kind = "application/x-www-form-urlencoded"
		}
		return body, kind, err
	}
	if form.Kind != 0 {
		return "", "", errors.New("form and json: a request has one body")
	}
	var b bytes.Buffer
	err = writeJSON(&b, object, 0)
	return b.String(), "application/json", err
}

// formOf encodes parameters in their order.
func formOf(n *yaml.Node) (string, error) {
	var pairs []string
	switch n.Kind {
	case 0:
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i+1].Kind != yaml.ScalarNode {
				return "", fmt.Errorf("line %d: form %s: want a plain value; parameters in others are written name[member]", n.Content[i+1].Line, n.Content[i].Value)
			}
			pairs = append(pairs, url.QueryEscape(n.Content[i].Value)+"="+url.QueryEscape(n.Content[i+1].Value))
		}
	case yaml.SequenceNode:
		for _, k := range n.Content {
			text, err := formOf(k)
			if err != nil {
				return "", err
			}
			pairs = append(pairs, text)
		}
	default:
		return "", fmt.Errorf("line %d: form: want parameters by name, or a list of such", n.Line)
	}
	return strings.Join(pairs, "&"), nil
}

// writeJSON writes a YAML value as JSON, members in their order.
func writeJSON(b *bytes.Buffer, n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("line %d: nested too deeply", n.Line)
	}
	list := func(open, end byte, step int, each func(i int) error) error {
		b.WriteByte(open)
		for i := 0; i+step <= len(n.Content); i += step {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := each(i); err != nil {
				return err
			}
		}
		b.WriteByte(end)
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return list('{', '}', 2, func(i int) error {
			name, err := json.Marshal(n.Content[i].Value)
			if err != nil {
				return err
			}
			b.Write(name)
			b.WriteByte(':')
			return writeJSON(b, n.Content[i+1], depth+1)
		})
	case yaml.SequenceNode:
		return list('[', ']', 1, func(i int) error { return writeJSON(b, n.Content[i], depth+1) })
	case yaml.ScalarNode:
		var v any
		if err := n.Decode(&v); err != nil {
			return err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		b.Write(text)
		return nil
	}
	return fmt.Errorf("line %d: anchors and aliases are not read", n.Line)
}

// stated returns the part of an answer that a documented one states: members
// that it names, in its order. An empty object is compared whole.
func stated(m *ids, want, have *node) *node {
	switch {
	case want.kind != have.kind || len(want.kids) == 0:
		return have
	case want.kind == arrayKind:
		out := *have
		out.kids = slices.Clone(have.kids)
		for i := range min(len(want.kids), len(have.kids)) {
			out.kids[i] = *stated(m, &want.kids[i], &have.kids[i])
		}
		return &out
	case want.kind == objectKind:
		out := *have
		out.kids = nil
		for i := range want.kids {
			w := &want.kids[i]
			h := have.member(w.name)
			if h == nil {
				h = have.member(m.translate(w.name))
			}
			if h != nil {
				out.kids = append(out.kids, *stated(m, w, h))
			}
		}
		return &out
	}
	return have
}
