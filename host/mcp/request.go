package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

type requestArgs struct {
	sessionArg
	Mirror  string            `json:"mirror,omitempty" jsonschema:"left out, the session's only one"`
	Host    string            `json:"host,omitempty" jsonschema:"which of the vendor's hosts, by the names that session_start lists under urls; left out, the default"`
	Method  string            `json:"method,omitempty" jsonschema:"left out, GET, or POST with a body"`
	Path    string            `json:"path" jsonschema:"path and query as at the vendor, /v1/customers?limit=3"`
	Headers map[string]string `json:"headers,omitempty" jsonschema:"such as Authorization: Bearer sk_test_123456789; any well-formed test credential will do, see the resource mirra://mirrors/{mirror}/facts"`
	Form    map[string]any    `json:"form,omitempty" jsonschema:"a form body: names as the vendor writes them, metadata[order], to a value or a list of values"`
	JSON    raw               `json:"json,omitempty" jsonschema:"a JSON body"`
	Body    string            `json:"body,omitempty" jsonschema:"a body as it is"`
}

type answer struct {
	Status    int               `json:"status"`
	Headers   map[string]string `json:"headers"`
	Body      raw               `json:"body,omitempty" jsonschema:"JSON as it came, else a string"`
	Truncated bool              `json:"truncated,omitempty" jsonschema:"the body is longer than what is shown of it"`
}

// Bounds of session_request.
const (
	maxRequest  = 4 << 20
	maxResponse = 16 << 20
	patience    = 60 * time.Second // what a fault rule delays included
)

// vendorClient calls mirrors and nobody else: it takes no proxy of the environment's and
// follows no redirect.
var vendorClient = &http.Client{
	Transport:     &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       patience,
}

func sessionRequest(s *Server) {
	add(s, tool{
		name: "session_request", title: "Call a mirror",
		description: "Send one request to a mirror as an application would send it to the vendor, and show the answer. It reaches the session's mirrors and nothing else. Redirects are shown, not followed.",
	}, func(ctx context.Context, c *call, in requestArgs) (*answer, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		_, m, err := c.mirror(ctx, id, in.Mirror)
		if err != nil {
			return nil, err
		}
		req, err := in.request(ctx, m)
		if err != nil {
			return nil, err
		}
		resp, err := vendorClient.Do(req)
		if err != nil {
			return nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.mcp.no_answer", Message: fmt.Sprintf("%s %s got no answer", req.Method, in.Path), Hint: "a fault rule may have closed the connection: faults lists them, trace shows what happened", Err: err}
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
		if err != nil {
			return nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.mcp.no_answer", Message: fmt.Sprintf("%s %s: the answer broke off", req.Method, in.Path), Hint: "trace shows what happened", Err: err}
		}
		out := &answer{Status: resp.StatusCode, Headers: map[string]string{}}
		for name, values := range resp.Header {
			out.Headers[name] = strings.Join(values, ", ")
		}
		out.Body, out.Truncated = clip(b, maxAnswer)
		return out, nil
	})
}

// request builds what is sent to a mirror.
func (in *requestArgs) request(ctx context.Context, m *host.MirrorInfo) (*http.Request, error) {
	base := m.URL
	if in.Host != "" {
		if base = m.URLs[in.Host]; base == "" {
			return nil, invalid(fmt.Sprintf("%s has no host %q", m.Name, in.Host), fmt.Sprint("hosts: ", sortedKeys(m.URLs)))
		}
	}
	if !strings.HasPrefix(base, "http") {
		return nil, invalid(fmt.Sprintf("host %q is not reached by HTTP", in.Host), "")
	}
	// What follows the base can then only be path and query.
	if !strings.HasPrefix(in.Path, "/") {
		return nil, invalid(fmt.Sprintf("path %q: want a path that begins with /", in.Path), "the mirror's own address is put in front of it")
	}
	body, kind, err := in.body()
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(in.Method)
	if method == "" {
		method = http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(base, "/")+in.Path, bytes.NewReader(body))
	if err != nil {
		return nil, invalid(strings.ReplaceAll(err.Error(), base, ""), "")
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for name, value := range in.Headers {
		req.Header.Set(name, value)
	}
	return req, nil
}

// body returns the body of a request and its type.
func (in *requestArgs) body() (b []byte, kind string, err error) {
	given := 0
	if in.Form != nil {
		given++
		form := url.Values{}
		for name, v := range in.Form {
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, v := range list {
				text, ok := scalar(v)
				if !ok {
					return nil, "", invalid(fmt.Sprintf("form: %s: want a value or a list of values", name), "write what lies deeper with the vendor's own names: metadata[order]")
				}
				form.Add(name, text)
			}
		}
		b, kind = []byte(form.Encode()), "application/x-www-form-urlencoded"
	}
	if in.JSON != nil {
		given++
		b, kind = in.JSON, "application/json"
	}
	if in.Body != "" {
		given++
		b = []byte(in.Body)
	}
	if given > 1 {
		return nil, "", invalid("want one of form, json and body", "")
	}
	if len(b) > maxRequest {
		return nil, "", invalid(fmt.Sprintf("the body has %d bytes: at most %d go through this tool", len(b), maxRequest), "send larger ones from a program, to the URL that session_start answered")
	}
	return b, kind, nil
}

// scalar returns a JSON value as a form has it.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case json.Number:
		return v.String(), true
	case nil:
		return "", true
	}
	return "", false
}
