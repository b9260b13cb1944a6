package sdk

import (
	"errors"
	"strings"

	"github.com/mirrahq/mirra/abi"
)

// Dialect says how the names of form and query fields are read.
type Dialect uint8

const (
	// Rack reads a[b]=1 as an object, a[]=1 as an array, and the last of
	// repeated plain names; Ruby and Stripe.
	Rack Dialect = iota
	// Repeated reads repeated names as arrays and brackets as part of the name;
	// Twilio.
	Repeated
)

// ParamError is a query or body that does not make sense as parameters.
type ParamError struct {
	Name   string // the field, if one is at fault
	Reason abi.ParseReason
	Text   string
}

func (e *ParamError) Error() string { return e.Text }

// Params returns the parameters of query and body as an object: fields by the
// plugin's dialect, JSON as it is. It is read once. A malformed body is a
// *ParamError; the raw one is in c.Request.Body.
func (c *Call) Params() (Doc, error) {
	if c.hasParams {
		return c.params, c.paramsError
	}
	c.hasParams = true
	c.params = c.NewObject()
	if c.HasFault && c.Fault.Reason != abi.ReasonMediaType {
		c.paramsError = &ParamError{Reason: c.Fault.Reason, Text: c.Fault.Text}
		return c.params, c.paramsError
	}
	c.paramsError = c.readTape()
	return c.params, c.paramsError
}

func (c *Call) readTape() error {
	var first error
	var r abi.Record
	for t := c.Tape; t != ""; {
		if t[0] == byte(abi.OpPair) && c.plugin.Dialect == Rack {
			rest, err := c.addPair(string(t))
			if err != nil && first == nil {
				first = err
			}
			t = abi.Tape(rest)
			continue
		}
		rest, err := t.Read(&r)
		if err != nil {
			return err
		}
		switch r.Op {
		case abi.OpPair:
			t = rest
			c.addRepeated(&r)
		case abi.OpRawPair:
			t = rest
			c.params.SetString(r.Name, r.Value)
		case abi.OpPart:
			t = rest
			c.addPart(&r)
		case abi.OpBeginObject:
			t = c.readObject(c.params.i, &r, rest)
		default:
			// A JSON body that is no object has no names; handlers that expect
			// one read c.Body.
			t = c.readValue(c.NewArray().push(), &r, rest)
		}
	}
	return first
}

// readObject adds the members up to the end of the object and returns what
// follows. The host checked that the tape nests.
// r is where records are read to.
func (c *Call) readObject(parent int32, r *abi.Record, t abi.Tape) abi.Tape {
	d := Doc{c.Arena, parent}
	for t != "" {
		rest, err := t.Read(r)
		if err != nil || r.Op == abi.OpEndObject {
			return rest
		}
		i := d.slot(r.Name)
		if rest, err = rest.Read(r); err != nil {
			return ""
		}
		t = c.readValue(i, r, rest)
	}
	return t
}

// readValue makes value i, which is empty, what r begins, and returns what
// follows it.
func (c *Call) readValue(i int32, r *abi.Record, t abi.Tape) abi.Tape {
	d := Doc{c.Arena, i}
	switch r.Op {
	case abi.OpString:
		d.put(i, String, r.Value)
	case abi.OpNumber:
		d.put(i, Number, r.Value)
	case abi.OpTrue:
		d.put(i, Bool, "true")
	case abi.OpFalse:
		d.put(i, Bool, "false")
	case abi.OpBeginObject:
		d.container(i, Object)
		return c.readObject(i, r, t)
	case abi.OpBeginArray:
		d.container(i, Array)
		for t != "" {
			rest, err := t.Read(r)
			if err != nil || r.Op == abi.OpEndArray {
				return rest
			}
			t = c.readValue(d.push(), r, rest)
		}
	default:
		d.put(i, Null, "null")
	}
	return t
}

// addPair adds the field at the start of a tape as Rack does and returns the
// rest of the tape. It reads the record by itself: this is the loop that every
// form passes. Fields of one container mostly follow each other, so where the
// last one went is kept.
func (c *Call) addPair(t string) (rest string, err error) {
	n, at := int(t[2])|int(t[3])<<8, 8 // segments; the first one's length
	a := c.Arena
	d := c.params.i
	name, last, plain := "", 8, true
	for i := 0; ; i++ {
		if at+4 > len(t) {
			return "", errShortTape
		}
		end := at + 4 + int(uint32(t[at])|uint32(t[at+1])<<8|uint32(t[at+2])<<16|uint32(t[at+3])<<24)
		if end > len(t) {
			return "", errShortTape
		}
		text := t[at+4 : end]
		switch {
		case i == n: // the value
			replaced := err == nil && a.put(d, name, text)
			if n > 1 || replaced {
				c.parent, c.parentName = 0, ""
				if n > 1 && err == nil && plain {
					c.parent, c.parentName = d, t[8:last]
				}
			}
			return t[end:], err
		case i == n-1 && i > 0 && text != "" && c.parent != 0 && sameText(t[8:at], c.parentName):
			d = c.parent
		case i > 0 && err == nil:
			if d = a.step(d, name, text, t, i); d == 0 {
				err = fieldConflict(t)
			}
		}
		plain = plain && text != ""
		name, last, at = text, at, end
	}
}

var errShortTape = errors.New("tape ends inside a field")

// put gives a member of an object the value of a field, or adds it to an array,
// whose elements have no name. It tells whether the value took the place of a
// container, as in Rack [rack/query_parser.rb, normalize_params: params[k] = v];
// stripe-go sends external_account[token]=btok_…&external_account=btok_….
func (a *Arena) put(parent int32, name, text string) (replaced bool) {
	i := int32(0)
	if a.nodes[parent].kind == Array {
		i = a.link(parent, "", 0)
	} else {
		tag := tagOf(name)
		if i = a.child(parent, name, tag); i == 0 {
			i = a.link(parent, name, tag)
		} else {
			replaced = a.nodes[i].kind != String
		}
	}
	n := &a.nodes[i]
	n.kind, n.text, n.first, n.last = String, text, 0, 0
	return replaced
}

// step goes from the container d of the field name into what next, which stands
// behind name, says: name[] is an array, name[next] an object. i is the place of
// next among the field's segments. It returns 0 where there is another value.
func (a *Arena) step(d int32, name, next, t string, i int) int32 {
	want := Object
	if next == "" {
		want = Array
	}
	if a.nodes[d].kind == Array {
		// The step before was []: what follows belongs to the last element, or to
		// a new one if that has it already.
		if want == Array {
			e := a.link(d, "", 0)
			a.nodes[e].kind = Array
			return e
		}
		return a.lastFor(d, t, i)
	}
	tag := tagOf(name)
	m := a.child(d, name, tag)
	if m == 0 {
		m = a.link(d, name, tag)
		a.nodes[m].kind = want
	}
	if a.nodes[m].kind != want {
		return 0
	}
	return m
}

// lastFor returns the object at the end of array that takes the segments of the
// field at the start of t from i on, adding one when there is none or when it
// has them already. Only a path without [] can be there already, as in Rack.
func (a *Arena) lastFor(array int32, t string, i int) int32 {
	end := a.nodes[array].last
	if end != 0 && a.nodes[end].kind != Object {
		return 0
	}
	if end != 0 {
		var r abi.Record
		if _, err := abi.Tape(t).Read(&r); err != nil {
			return 0
		}
		at := Doc{a, end}
		for ; i < r.Segments(); i++ {
			if at = at.member(r.Segment(i)); r.Segment(i) == "" || !at.Exists() {
				return end
			}
		}
	}
	e := a.link(array, "", 0)
	a.nodes[e].kind = Object
	return e
}

func (c *Call) addRepeated(r *abi.Record) {
	name := fieldName(r)
	a, tag := c.Arena, tagOf(name)
	i := a.child(c.params.i, name, tag)
	if i == 0 {
		c.params.put(a.link(c.params.i, name, tag), String, r.Value)
		return
	}
	switch m := c.params.at(i); m.Kind() {
	case Array:
		m.AddString(r.Value)
	default:
		first := m.String()
		array := c.params.SetArray(name)
		array.AddString(first)
		array.AddString(r.Value)
	}
}

// addPart adds a part of a multipart form: a field as its text, a file as an
// object {file_name, content_type, text} or {…, blob, size}.
func (c *Call) addPart(r *abi.Record) {
	if r.FileName == "" && !r.InBlob {
		c.params.SetString(r.Name, r.Value)
		return
	}
	f := c.params.SetObject(r.Name)
	f.SetString("file_name", r.FileName)
	f.SetString("content_type", r.ContentType)
	if r.InBlob {
		f.SetInt("blob", int64(r.Blob.Handle))
		f.SetInt("size", int64(r.Blob.Size))
		return
	}
	f.SetString("text", r.Value)
}

func fieldConflict(t string) error {
	var r abi.Record
	if _, err := abi.Tape(t).Read(&r); err != nil {
		return err
	}
	name := fieldName(&r)
	return &ParamError{Name: name, Reason: abi.ReasonSyntax, Text: "field " + name + " is used both as a value and as a container"}
}

// fieldName is the name of a field as it was sent.
func fieldName(r *abi.Record) string {
	name := r.Name
	for i := 1; i < r.Segments(); i++ {
		name += "[" + r.Segment(i) + "]"
	}
	return name
}

// SplitTarget cuts a raw request target into path and query.
func splitTarget(target string) (path, query string) {
	path, query, _ = strings.Cut(target, "?")
	return path, query
}
