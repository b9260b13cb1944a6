package vendorsuite

import (
	"net/http"
	"net/url"
	"strings"
)

// request makes the request of an exchange, with the mirror's ids in place of
// recorded ones.
func (m *ids) request(e *Exchange) (*Request, error) {
	u, err := url.Parse(m.rules.unmask(withoutUser(e.URL)))
	if err != nil {
		return nil, err
	}
	path, query, hasQuery := strings.Cut(pathOf(m.rules.unmask(withoutUser(e.URL))), "?")
	r := &Request{Method: e.Method, Host: u.Hostname(), Header: http.Header{}, Target: m.path(path)}
	if hasQuery {
		r.Target += "?" + m.form(query)
	}
	for name, values := range e.RequestHeader {
		for _, v := range values {
			r.Header.Add(name, m.translate(m.rules.unmask(v)))
		}
	}
	for _, name := range m.rules.Echoed {
		if v := e.Header.Get(name); v != "" && r.Header.Get(name) == "" {
			r.Header.Set(name, m.translate(v))
		}
	}
	for name, values := range r.Header {
		if isMasked(strings.Join(values, " ")) {
			delete(r.Header, name)
		}
	}
	for name, values := range m.rules.Credential {
		given := e.RequestHeader.Values(name)
		switch {
		case !e.Stated || given == nil:
			r.Header[name] = values
		case given[0] == "": // a case of what is answered without one
			delete(r.Header, name)
		}
	}
	if key := m.rules.refused(e); key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	body := m.rules.unmask(e.RequestBody)
	kind := strings.ToLower(e.RequestHeader.Get("Content-Type"))
	switch {
	case body == "" || strings.HasPrefix(kind, "multipart/"):
		r.Body = body
	case strings.Contains(kind, "json") || kind == "" && (body[0] == '{' || body[0] == '['):
		r.Body = m.jsonBody(body)
	default:
		r.Body = m.form(body)
		if kind == "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
	}
	return r, nil
}

// refused returns the bearer credential that an answer quotes in refusing it,
// with any characters in place of those that the vendor starred, "" for others.
func (r *Rules) refused(e *Exchange) string {
	if e.Status != http.StatusUnauthorized || r.Refused == nil {
		return ""
	}
	quoted := r.Refused.FindStringSubmatch(e.Body)
	switch {
	case quoted == nil:
		return ""
	case isMasked(quoted[1]):
		return "masked" // a key of no vendor's: all that is known is that it was refused
	}
	return strings.ReplaceAll(quoted[1], "*", "0")
}

// withoutUser takes user and password out of a URL: they are the credential,
// and recorders leave texts there that no URL can have.
func withoutUser(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return raw
	}
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		authority = authority[at+1:]
	}
	return scheme + "://" + authority + "/" + strings.ReplaceAll(path, " ", "%20")
}

// pathOf returns what follows a URL's authority.
func pathOf(raw string) string {
	_, rest, _ := strings.Cut(raw, "://")
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "#")
	return "/" + path
}

func (m *ids) path(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil {
			continue
		}
		if to := m.translate(plain); to != plain {
			parts[i] = url.PathEscape(to)
		}
	}
	return strings.Join(parts, "/")
}

// form translates the values of a form or query; what has no id stays as it is
// written.
func (m *ids) form(form string) string {
	pairs := strings.Split(form, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		if to := m.translate(plain); to != plain {
			pairs[i] = name + "=" + url.QueryEscape(to)
		}
	}
	return strings.Join(pairs, "&")
}

func (m *ids) jsonBody(body string) string {
	root, _, ok := parse(body)
	if !ok {
		return m.translate(body)
	}
	changed := false
	text := root.appendJSON(nil, func(s string) string {
		to := m.translate(s)
		changed = changed || to != s
		return to
	})
	if !changed {
		return body
	}
	return string(text)
}

// mentions calls f for every text that a request names things by: segments of
// the path, values of the query and of the body. param is the value's innermost
// name, "" for segments.
func (r *Rules) mentions(e *Exchange, f func(param, text string)) {
	path, query, _ := strings.Cut(pathOf(r.unmask(withoutUser(e.URL))), "?")
	for _, p := range strings.Split(path, "/") {
		if plain, err := url.PathUnescape(p); err == nil && plain != "" {
			f("", plain)
		}
	}
	for _, name := range r.Echoed {
		for _, h := range []http.Header{e.RequestHeader, e.Header} {
			if v := h.Get(name); v != "" {
				f(strings.ToLower(name), v)
			}
		}
	}
	body := r.unmask(e.RequestBody)
	if root, _, ok := parse(body); ok {
		root.walk(func(n *node) {
			if n.kind == stringKind {
				f(n.name, n.text)
			}
		})
		body = ""
	}
	for _, pair := range strings.Split(query+"&"+body, "&") {
		name, value, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		if err == nil && plain != "" {
			f(innermost(name), plain)
		}
	}
}

// innermost returns the last name of a parameter: "price" of items[0][price].
func innermost(name string) string {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	parts := strings.FieldsFunc(name, func(c rune) bool { return c == '[' || c == ']' })
	for i := len(parts) - 1; i >= 0; i-- {
		if strings.Trim(parts[i], "0123456789") != "" {
			return parts[i]
		}
	}
	return name
}
