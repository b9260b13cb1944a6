package sdk

import (
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
		rest, err := t.Read(&r)
		if err != nil {
			return err
		}
		switch r.Op {
		case abi.OpPair, abi.OpRawPair:
			t = rest
			if err := c.addField(&r); err != nil && first == nil {
				first = err
			}
		case abi.OpPart:
			t = rest
			c.addPart(&r)
		case abi.OpBeginObject:
			t = c.readObject(c.params, rest)
		default:
			// A JSON body that is no object has no names; handlers that expect
			// one read c.Body.
			_, t = c.readValue(&r, rest)
		}
	}
	return first
}

// readObject adds the members up to the end of the object and returns what
// follows. The host checked that the tape nests.
func (c *Call) readObject(d Doc, t abi.Tape) abi.Tape {
	for t != "" {
		r, rest, err := t.Next()
		if err != nil || r.Op == abi.OpEndObject {
			return rest
		}
		key := r.Name
		r, rest, err = rest.Next()
		if err != nil {
			return ""
		}
		var n node
		n, t = c.readValue(&r, rest)
		d.set(key, n)
	}
	return t
}

func (c *Call) readValue(r *abi.Record, t abi.Tape) (node, abi.Tape) {
	switch r.Op {
	case abi.OpString:
		return node{kind: String, text: r.Value}, t
	case abi.OpNumber:
		return node{kind: Number, text: r.Value}, t
	case abi.OpTrue, abi.OpFalse:
		return boolNode(r.Op == abi.OpTrue), t
	case abi.OpBeginObject:
		d := c.NewObject()
		t = c.readObject(d, t)
		return *d.node(), t
	case abi.OpBeginArray:
		d := c.NewArray()
		for t != "" {
			next, rest, err := t.Next()
			if err != nil || next.Op == abi.OpEndArray {
				return *d.node(), rest
			}
			var n node
			n, t = c.readValue(&next, rest)
			d.push(n)
		}
		return *d.node(), t
	}
	return node{kind: Null}, t
}

func (c *Call) addField(r *abi.Record) error {
	value := node{kind: String, text: r.Value}
	if r.Op == abi.OpRawPair {
		c.params.set(r.Name, value)
		return nil
	}
	if c.plugin.Dialect == Repeated {
		return c.addRepeated(r, value)
	}
	d := c.params
	key := r.Name
	n := r.Segments()
	if n == 1 {
		if m := d.member(key); m.Exists() && m.Kind() != String {
			return fieldConflict(r)
		}
		d.set(key, value)
		return nil
	}
	for i := 1; i < n; i++ {
		segment := r.Segment(i)
		want := Object
		if segment == "" {
			want = Array
		}
		m := d.member(key)
		if d.Kind() == Array {
			// The step before was []: what follows belongs to the last element,
			// or to a new one if that has it already.
			if want == Array {
				d = d.push(node{kind: Array})
				continue
			}
			m = lastFor(d, r, i)
			if !m.Exists() {
				return fieldConflict(r)
			}
			d, key = m, segment
			continue
		}
		if !m.Exists() {
			m = d.set(key, node{kind: want})
		}
		if m.Kind() != want {
			return fieldConflict(r)
		}
		d, key = m, segment
	}
	if d.Kind() == Array {
		d.push(value)
		return nil
	}
	if m := d.member(key); m.Exists() && (m.Kind() == Object || m.Kind() == Array) {
		return fieldConflict(r)
	}
	d.set(key, value)
	return nil
}

// lastFor returns the object at the end of array that takes the segments of r
// from i on, adding one when there is none or when it has them already. Only a
// path without [] can be there already, as in Rack.
func lastFor(array Doc, r *abi.Record, i int) Doc {
	var end Doc
	for e := range array.All {
		end = e
	}
	if end.Exists() && end.Kind() != Object {
		return Doc{}
	}
	if !end.Exists() {
		return array.AddObject()
	}
	for at := end; ; i++ {
		if i == r.Segments() {
			return array.AddObject()
		}
		if at = at.member(r.Segment(i)); r.Segment(i) == "" || !at.Exists() {
			return end
		}
	}
}

func (c *Call) addRepeated(r *abi.Record, value node) error {
	name := r.Name
	for i := 1; i < r.Segments(); i++ {
		name += "[" + r.Segment(i) + "]"
	}
	m := c.params.member(name)
	switch m.Kind() {
	case Absent:
		c.params.set(name, value)
	case Array:
		m.push(value)
	default:
		first := *m.node()
		array := c.params.SetArray(name)
		array.push(node{kind: first.kind, text: first.text})
		array.push(value)
	}
	return nil
}

// addPart adds a part of a multipart form: a field as its text, a file as an
// object {file_name, content_type, text} or {…, blob, size}.
func (c *Call) addPart(r *abi.Record) {
	if r.FileName == "" && !r.InBlob {
		c.params.set(r.Name, node{kind: String, text: r.Value})
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

func fieldConflict(r *abi.Record) error {
	name := r.Name
	for i := 1; i < r.Segments(); i++ {
		name += "[" + r.Segment(i) + "]"
	}
	return &ParamError{Name: name, Reason: abi.ReasonSyntax, Text: "field " + name + " is used both as a value and as a container"}
}

// SplitTarget cuts a raw request target into path and query.
func splitTarget(target string) (path, query string) {
	path, query, _ = strings.Cut(target, "?")
	return path, query
}
