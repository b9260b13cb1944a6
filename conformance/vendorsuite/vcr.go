package vendorsuite

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"go.yaml.in/yaml/v3"
)

// vcrFile is a cassette of Ruby's VCR (http_interactions), Python's vcrpy or Go's
// go-vcr (interactions). [S] the three projects' serializers, read 2026-11-27.
type vcrFile struct {
	HTTP         []yaml.Node `yaml:"http_interactions"`
	Interactions []yaml.Node `yaml:"interactions"`
	Cases        yaml.Node   `yaml:"cases"` // of a caseFile, which is no cassette
}

type vcrInteraction struct {
	Request struct {
		Method  string    `yaml:"method"`
		URI     string    `yaml:"uri"`
		URL     string    `yaml:"url"`
		Headers yaml.Node `yaml:"headers"`
		Body    yaml.Node `yaml:"body"`
	} `yaml:"request"`
	Response struct {
		Status  yaml.Node `yaml:"status"` // {code, message}, or a text beside code
		Code    int       `yaml:"code"`
		Headers yaml.Node `yaml:"headers"`
		Body    yaml.Node `yaml:"body"`
	} `yaml:"response"`
	RecordedAt string `yaml:"recorded_at"`
}

// readVCR reads a cassette. An interaction that is none is noted and left out.
func (r *Recordings) readVCR(name string, text []byte) {
	var f vcrFile
	if err := yaml.Unmarshal(text, &f); err != nil {
		r.note("not YAML", name, err.Error()+"; left out")
		return
	}
	if f.Cases.Kind != 0 {
		r.readCases(name, text)
		return
	}
	all := f.HTTP
	if all == nil {
		all = f.Interactions
	}
	if len(all) == 0 {
		r.note("empty", name, "no http_interactions or interactions")
	}
	for i := range all {
		place := fmt.Sprintf("%s: interaction %d (line %d)", name, i, all[i].Line)
		e, err := vcrExchange(&all[i])
		if err != nil {
			r.note("not an exchange", place, err.Error()+"; left out")
			continue
		}
		e.Source, e.Order, e.Place = name, i, place
		r.take(e)
	}
}

func vcrExchange(n *yaml.Node) (*Exchange, error) {
	var v vcrInteraction
	if err := n.Decode(&v); err != nil {
		return nil, err
	}
	e := &Exchange{Method: strings.ToUpper(v.Request.Method), URL: v.Request.URI, Status: v.Response.Code}
	if e.URL == "" {
		e.URL = v.Request.URL
	}
	if v.Response.Status.Kind == yaml.MappingNode {
		var s struct {
			Code int `yaml:"code"`
		}
		if err := v.Response.Status.Decode(&s); err != nil {
			return nil, err
		}
		e.Status = s.Code
	}
	var faults [4]error
	e.RequestHeader, faults[0] = vcrHeader(&v.Request.Headers)
	e.Header, faults[1] = vcrHeader(&v.Response.Headers)
	e.RequestBody, faults[2] = vcrBody(&v.Request.Body)
	e.Body, faults[3] = vcrBody(&v.Response.Body)
	e.At = answeredAt(e.Header, v.RecordedAt)
	return e, errors.Join(faults[:]...)
}

// vcrHeader reads header fields as texts or lists of texts.
func vcrHeader(n *yaml.Node) (http.Header, error) {
	h := http.Header{}
	if n.Kind == 0 || n.Tag == "!!null" {
		return h, nil
	}
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: headers are not a mapping", n.Line)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		values := []*yaml.Node{n.Content[i+1]}
		if values[0].Kind == yaml.SequenceNode {
			values = values[0].Content
		}
		for _, v := range values {
			text, err := vcrText(v)
			if err != nil {
				return nil, err
			}
			h.Add(n.Content[i].Value, text)
		}
	}
	return h, nil
}

// vcrBody reads a body: a text, or a mapping with string or base64_string.
func vcrBody(n *yaml.Node) (string, error) {
	if n.Kind != yaml.MappingNode {
		return vcrText(n)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "string":
			return vcrText(n.Content[i+1])
		case "base64_string":
			return vcrBase64(n.Content[i+1])
		}
	}
	return "", fmt.Errorf("line %d: a body without string or base64_string", n.Line)
}

// vcrText reads a text; binary ones are base64.
func vcrText(n *yaml.Node) (string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Kind == 0, n.Tag == "!!null":
		return "", nil
	case n.Kind != yaml.ScalarNode:
		return "", fmt.Errorf("line %d: want a text", n.Line)
	case n.Tag == "!!binary", n.Tag == "!binary":
		return vcrBase64(n)
	}
	return n.Value, nil
}

func vcrBase64(n *yaml.Node) (string, error) {
	plain, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
	if err != nil {
		return "", fmt.Errorf("line %d: not base64", n.Line)
	}
	return string(plain), nil
}
