package main

import (
	"encoding/xml"
	"io"
	"strings"
)

// element is one element of a TwiML document.
type element[Below any] struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
	Text       string     `xml:",chardata"` // its own
	Children   []Below    `xml:",any"`
}

// Documents have three levels. What is nested deeper is passed over, so that no
// document is too deep to be read.
type (
	document = element[verb]
	verb     = element[noun]
	noun     = element[struct{}]
)

func (e *element[Below]) attribute(name string) string {
	for _, a := range e.Attributes {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// parseXML reads a document; ok is false if it is not well-formed or does not have
// a single root.
func parseXML(s string) (root *document, ok bool) {
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(s, "\ufeff")))
	root = new(document)
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
