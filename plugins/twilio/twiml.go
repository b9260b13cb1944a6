package main

import (
	"encoding/xml"
	"io"
	"strings"
)

// element is one element of a TwiML document.
type element struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Text       string     `xml:",chardata"` // its own
	Children   []*element `xml:",any"`
}

func (e *element) name() string { return e.XMLName.Local }

func (e *element) attribute(name string) string {
	for _, a := range e.Attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// parseXML reads a document; ok is false if it is not well-formed or does not have
// a single root.
func parseXML(s string) (root *element, ok bool) {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(s, "\ufeff")))
	root = new(element)
	if d.Decode(root) != nil {
		return nil, false
	}
	for {
		switch t, err := d.Token(); t.(type) {
		case xml.Comment, xml.ProcInst, xml.CharData:
		default:
			return root, err == io.EOF
		}
	}
}
