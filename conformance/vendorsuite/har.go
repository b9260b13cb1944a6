package vendorsuite

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// harFile is an HTTP Archive, version 1.2.
// See http://www.softwareishard.com/blog/har-12-spec/ (read 2026-11-27).
type harFile struct {
	Log struct {
		Entries []json.RawMessage `json:"entries"`
	} `json:"log"`
}

type harEntry struct {
	Started string `json:"startedDateTime"`
	Request struct {
		Method   string    `json:"method"`
		URL      string    `json:"url"`
		Headers  []harPair `json:"headers"`
		PostData struct {
			MimeType string    `json:"mimeType"`
			Text     string    `json:"text"`
			Params   []harPair `json:"params"`
		} `json:"postData"`
	} `json:"request"`
	Response struct {
		Status  int       `json:"status"`
		Headers []harPair `json:"headers"`
		Content struct {
			MimeType string `json:"mimeType"`
			Text     string `json:"text"`
			Encoding string `json:"encoding"`
		} `json:"content"`
	} `json:"response"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func harHeader(pairs []harPair) http.Header {
	h := http.Header{}
	for _, p := range pairs {
		if !strings.HasPrefix(p.Name, ":") { // HTTP/2's
			h.Add(p.Name, p.Value)
		}
	}
	return h
}

// readHAR reads an archive. An entry that is none is noted and left out.
func (r *Recordings) readHAR(name string, text []byte) {
	var f harFile
	if err := json.Unmarshal(text, &f); err != nil {
		kind := "not JSON"
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && syntax.Offset >= int64(len(text)) {
			kind = "truncated"
		}
		r.note(kind, name, err.Error()+"; left out")
		return
	}
	if len(f.Log.Entries) == 0 {
		r.note("empty", name, "no log.entries")
	}
	for i, raw := range f.Log.Entries {
		place := fmt.Sprintf("%s: entry %d", name, i)
		var e harEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			r.note("not an exchange", place, err.Error()+"; left out")
			continue
		}
		x := &Exchange{
			Source: name, Order: i, Place: place, Method: e.Request.Method, URL: e.Request.URL, RequestHeader: harHeader(e.Request.Headers), RequestBody: e.Request.PostData.Text,
			Status: e.Response.Status, Header: harHeader(e.Response.Headers), Body: e.Response.Content.Text,
		}
		if x.RequestBody == "" && len(e.Request.PostData.Params) > 0 {
			var pairs []string
			for _, p := range e.Request.PostData.Params {
				pairs = append(pairs, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
			}
			x.RequestBody = strings.Join(pairs, "&")
		}
		if m := e.Request.PostData.MimeType; m != "" && x.RequestHeader.Get("Content-Type") == "" {
			x.RequestHeader.Set("Content-Type", m)
		}
		if e.Response.Content.Encoding == "base64" {
			plain, err := base64.StdEncoding.DecodeString(x.Body)
			if err != nil {
				r.note("not an exchange", place, "content is not base64; left out")
				continue
			}
			x.Body = string(plain)
		}
		x.At = answeredAt(x.Header, e.Started)
		r.take(x)
	}
}
