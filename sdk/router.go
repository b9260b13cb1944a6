package sdk

import (
	"strings"

	"github.com/mirrahq/mirra/abi"
)

// route is one operation: what is called for a method and a path.
type route struct {
	id      string
	level   abi.Level
	method  string
	names   []string
	handler Handler
}

// segment is a step of the router's tree.
type segment struct {
	children []child
	index    map[string]*segment // of many children
	suffixed []child             // {name}.json
	any      *segment            // {name}
	routes   []*route            // by method, of paths that end here
}

type child struct {
	text string
	next *segment
}

func (s *segment) add(path string, r *route) {
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if strings.ContainsAny(part, "{}") {
			name, suffix, ok := strings.Cut(strings.TrimPrefix(part, "{"), "}")
			if !ok || part[0] != '{' || strings.ContainsAny(suffix, "{}") || len(r.names) == maxPathValues {
				panic("sdk: path " + path + ": a name starts its segment, {name} or {name}.json, and there are at most six")
			}
			r.names = append(r.names, name)
			s = s.named(suffix)
			continue
		}
		s = s.static(part)
	}
	s.routes = append(s.routes, r)
}

func (s *segment) static(part string) *segment {
	next := s.child(part)
	if next != nil {
		return next
	}
	next = new(segment)
	s.children = append(s.children, child{part, next})
	if len(s.children) > few {
		if s.index == nil {
			s.index = map[string]*segment{}
		}
		for _, c := range s.children {
			s.index[c.text] = c.next
		}
	}
	return next
}

// few children are looked through as fast as a map is.
const few = 8

// child returns the step of a static part, nil if there is none.
func (s *segment) child(part string) *segment {
	if s.index != nil {
		return s.index[part]
	}
	for i := range s.children {
		if sameText(s.children[i].text, part) {
			return s.children[i].next
		}
	}
	return nil
}

// named returns the step of a name with text behind it, "" if there is none.
func (s *segment) named(suffix string) *segment {
	if suffix == "" {
		if s.any == nil {
			s.any = new(segment)
		}
		return s.any
	}
	for i := range s.suffixed {
		if s.suffixed[i].text == suffix {
			return s.suffixed[i].next
		}
	}
	next := new(segment)
	s.suffixed = append(s.suffixed, child{suffix, next})
	return next
}

// OtherMethods tells whether the call's path has operations, whatever their
// methods: vendors answer 405 then where there is none of the call's method.
func (c *Call) OtherMethods() bool {
	host := c.Host
	if host == "" && len(c.plugin.Manifest.Hosts) > 0 {
		host = c.plugin.Manifest.Hosts[0].ID
	}
	root := c.plugin.root(host)
	return root != nil && root.find("", c.path, &c.values) != nil
}

// find returns the route of a method, of any for "", and path. A static segment wins over a
// name, a name with text behind it over one without, and the search comes back
// when it leads nowhere. Nothing is cleaned: an empty segment fits none. Any
// method's route will do if method is "".
func (s *segment) find(method, path string, values *[maxPathValues]string) *route {
	return s.walk(method, strings.TrimPrefix(path, "/"), values, 0)
}

func (s *segment) walk(method, path string, values *[maxPathValues]string, n int) *route {
	end := strings.IndexByte(path, '/')
	part := path
	if end >= 0 {
		part = path[:end]
	}
	if next := s.child(part); next != nil {
		if r := next.step(method, path, end, values, n); r != nil {
			return r
		}
	}
	if part == "" || n == maxPathValues {
		return nil
	}
	for i := range s.suffixed {
		if value, ok := strings.CutSuffix(part, s.suffixed[i].text); ok && value != "" {
			values[n] = value
			if r := s.suffixed[i].next.step(method, path, end, values, n+1); r != nil {
				return r
			}
		}
	}
	if s.any == nil {
		return nil
	}
	values[n] = part
	return s.any.step(method, path, end, values, n+1)
}

// step goes on behind the part of path that ended at end and led to s; -1 is
// the last part.
func (s *segment) step(method, path string, end int, values *[maxPathValues]string, n int) *route {
	if end >= 0 {
		return s.walk(method, path[end+1:], values, n)
	}
	for _, r := range s.routes {
		if r.method == method || method == "" {
			return r
		}
	}
	return nil
}
