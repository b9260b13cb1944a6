package main

import (
	"encoding/xml"
	"io"
	"strings"
)

// element is one element of a TwiML document.
type element struct {
	name       string
	attributes []xml.Attr
	text       string // its own
	children   []*element
}

func (e *element) attribute(name string) string {
	for _, a := range e.attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// maxElements bounds a document; an answer of 64 KB could hold more.
const maxElements = 10000

// parseXML reads a document; ok is false if it is not well-formed or has no
// single root.
func parseXML(s string) (root *element, ok bool) {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(s, "\ufeff")))
	var open []*element
	for n := 0; ; n++ {
		t, err := d.Token()
		if err == io.EOF {
			return root, root != nil
		}
		if err != nil || n > maxElements {
			return nil, false
		}
		switch t := t.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local, attributes: t.Attr}
			switch {
			case len(open) > 0:
				up := open[len(open)-1]
				up.children = append(up.children, e)
			case root != nil:
				return nil, false
			default:
				root = e
			}
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			}
		}
	}
}
