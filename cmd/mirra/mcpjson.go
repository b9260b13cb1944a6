package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/tailscale/hujson"
)

// editJSON puts Mirra's entry with a command into a client's configuration, takes it out
// for none, and leaves all else as it is written, comments too. text may be nil.
func editJSON(text []byte, c *mcpClient, command []string) ([]byte, string, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}\n")
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return nil, "", fmt.Errorf("it is not JSON: %w", err)
	}
	top, ok := root.Value.(*hujson.Object)
	if !ok {
		return nil, "", fmt.Errorf("line 1: want an object")
	}
	servers, err := child(top, c.key, text)
	if err != nil {
		return nil, "", err
	}
	if command == nil {
		if servers == nil || !drop(servers, mcpEntry) {
			return text, mcpUnchanged, nil
		}
		return root.Pack(), mcpRemoved, nil
	}
	unit := indentOf(top, "  ")
	if servers == nil {
		servers = &hujson.Object{}
		put(top, c.key, hujson.Value{Value: servers}, "", unit)
	}
	entry, err := child(servers, mcpEntry, text)
	if err != nil {
		return nil, "", err
	}
	done := mcpUpdated
	if entry == nil {
		entry, done = &hujson.Object{}, mcpAdded
		put(servers, mcpEntry, hujson.Value{Value: entry}, unit, unit)
	}
	fields := []struct {
		name  string
		value any
	}{{"type", "stdio"}, {"command", command[0]}, {"args", command[1:]}}
	if !c.typed {
		fields = fields[1:]
	}
	changed := done == mcpAdded
	for _, f := range fields {
		if same(entry, f.name, f.value) {
			continue
		}
		b, err := json.Marshal(f.value)
		if err != nil {
			return nil, "", err
		}
		v, err := hujson.Parse(b)
		if err != nil {
			return nil, "", err
		}
		put(entry, f.name, v, unit+unit, unit)
		changed = true
	}
	if !changed {
		return text, mcpUnchanged, nil
	}
	return root.Pack(), done, nil
}

// member returns the index of a member, -1 if there is none.
func member(o *hujson.Object, name string) int {
	return slices.IndexFunc(o.Members, func(m hujson.ObjectMember) bool {
		l, ok := m.Name.Value.(hujson.Literal)
		return ok && l.String() == name
	})
}

// child returns a member that is to be an object, nil if there is none.
func child(o *hujson.Object, name string, text []byte) (*hujson.Object, error) {
	i := member(o, name)
	if i < 0 {
		return nil, nil
	}
	if inner, ok := o.Members[i].Value.Value.(*hujson.Object); ok {
		return inner, nil
	}
	return nil, fmt.Errorf("line %d: %q is not an object", 1+bytes.Count(text[:o.Members[i].Value.StartOffset], []byte("\n")), name)
}

// same tells whether a member has a value already.
func same(o *hujson.Object, name string, want any) bool {
	i := member(o, name)
	if i < 0 {
		return false
	}
	have := o.Members[i].Value.Clone()
	have.Standardize()
	var a, b any
	text, err := json.Marshal(want)
	return err == nil && json.Unmarshal(have.Pack(), &a) == nil && json.Unmarshal(text, &b) == nil && reflect.DeepEqual(a, b)
}

// put sets a member. A new one goes behind the others, written as they are; in an object
// without any, on a line of its own. outer is the indentation of the object's own line.
func put(o *hujson.Object, name string, v hujson.Value, outer, unit string) {
	v.BeforeExtra = hujson.Extra(" ")
	if i := member(o, name); i >= 0 {
		v.BeforeExtra, v.AfterExtra = o.Members[i].Value.BeforeExtra, o.Members[i].Value.AfterExtra
		o.Members[i].Value = v
		return
	}
	m := hujson.ObjectMember{Name: hujson.Value{Value: hujson.String(name)}, Value: v}
	m.Name.BeforeExtra = hujson.Extra("\n" + outer + unit)
	if n := len(o.Members); n > 0 {
		last := &o.Members[n-1]
		// A comma behind the last one stays so for the new one.
		m.Value.AfterExtra, last.Value.AfterExtra = last.Value.AfterExtra, nil
		if behind := bytes.TrimRight(o.AfterExtra, " \t\r\n"); len(behind) > 0 || bytes.ContainsRune(last.Name.BeforeExtra, '\n') {
			// A comment behind the last one stays behind it.
			m.Name.BeforeExtra = append(slices.Clone(behind), m.Name.BeforeExtra...)
			o.AfterExtra = hujson.Extra("\n" + outer)
		} else { // all on one line
			m.Name.BeforeExtra = hujson.Extra(" ")
		}
	} else if !bytes.ContainsRune(o.AfterExtra, '\n') {
		o.AfterExtra = append(o.AfterExtra, "\n"+outer...)
	}
	o.Members = append(o.Members, m)
}

// drop takes a member out and tells whether there was one. Comments in front of it stay.
func drop(o *hujson.Object, name string) bool {
	i := member(o, name)
	if i < 0 {
		return false
	}
	n := len(o.Members)
	if i == n-1 && n > 1 {
		o.Members[n-2].Value.AfterExtra = o.Members[i].Value.AfterExtra
	}
	if front := bytes.TrimRight(o.Members[i].Name.BeforeExtra, " \t\r\n"); len(front) > 0 {
		next := &o.AfterExtra
		if i < n-1 {
			next = &o.Members[i+1].Name.BeforeExtra
		}
		*next = append(slices.Clone(front), *next...)
	}
	o.Members = slices.Delete(o.Members, i, i+1)
	return true
}

// indentOf returns by how much an object's members are indented, or else.
func indentOf(o *hujson.Object, otherwise string) string {
	if len(o.Members) == 0 {
		return otherwise
	}
	before := o.Members[0].Name.BeforeExtra
	i := bytes.LastIndexByte(before, '\n')
	if i < 0 || len(bytes.TrimLeft(before[i+1:], " \t")) > 0 || len(before[i+1:]) == 0 {
		return otherwise
	}
	return string(before[i+1:])
}
