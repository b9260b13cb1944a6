package openapi

import "strings"

// classify tells what kind of operation one is, by its path and what it
// answers; "" if it has a meaning of its own. shape is what it answers, the
// elements of a list for List and Search.
//
//	POST   /things        Create, if things can be listed or read by id
//	GET    /things        List
//	GET    /things/{id}   Retrieve
//	POST   /things/{id}   Update, PUT and PATCH too
//	DELETE /things/{id}   Delete
//	GET    /things/search Search
//
// list is the shape around a list's elements and key their member there; both are
// empty for a bare array.
func (g *tables) classify(s *spec, pattern string, op *operation) (verb string, shape, list int, key string) {
	method, path, _ := strings.Cut(pattern, " ")
	path = strings.TrimSuffix(path, "/")
	c := s.flat(s.answer(op))
	name := ""
	if r := only(s.answer(op)); r != nil {
		name = answerName(s, r)
	}
	if name != "" {
		shape = g.shapes.named(name)
	}
	parent, last, _ := cutLast(path, "/")
	byID := strings.HasPrefix(last, "{")
	switch method {
	case "GET":
		if element, key := s.elements(c); element != "" {
			shape = g.shapes.named(element)
			if key != "" && g.lists {
				list = g.shapes.add(pattern, func(d *spec) *schema {
					if op, ok := d.find(pattern); ok {
						return d.answer(&op)
					}
					return nil
				})
			}
			switch {
			case last == "search":
				return "Search", shape, list, key
			case !byID:
				return "List", shape, list, key
			}
			return "", shape, 0, ""
		}
		if byID && name != "" {
			return "Retrieve", shape, 0, ""
		}
	case "POST":
		switch {
		case byID && name != "":
			return "Update", shape, 0, ""
		case !byID && name != "" && s.isCollection(path, name):
			return "Create", shape, 0, ""
		}
	case "PUT", "PATCH":
		if byID {
			return "Update", shape, 0, ""
		}
	case "DELETE":
		if byID && !strings.HasSuffix(parent, "}") {
			return "Delete", shape, 0, ""
		}
	}
	return "", shape, 0, ""
}

// answerName is the component that an answer is, the first that is not a
// tombstone of several; "" if it is none.
func answerName(s *spec, c *schema) string {
	if c.Ref != "" {
		return refName(c.Ref)
	}
	for _, a := range append(c.AnyOf, c.OneOf...) {
		if a.Ref != "" && !strings.HasPrefix(refName(a.Ref), "deleted_") {
			return refName(a.Ref)
		}
	}
	return ""
}

// elements returns the component that a list holds, and under which name.
func (s *spec) elements(c *schema) (component, key string) {
	if c == nil {
		return "", ""
	}
	if c.kind() == "array" {
		if e := only(c.Items); e != nil && e.Ref != "" {
			return refName(e.Ref), ""
		}
	}
	for _, name := range c.Properties.names {
		p := s.resolve(c.Properties.of[name])
		if p == nil || p.kind() != "array" || p.Items == nil {
			continue
		}
		if e := only(p.Items); name == "data" || len(c.Properties.names) <= 6 {
			if e.Ref != "" {
				return refName(e.Ref), name
			}
			if component := answerName(s, e); component != "" {
				return component, name
			}
		}
	}
	return "", ""
}

// isCollection tells whether what is posted to a path is kept there: it can be
// listed, read by id, or is named as the path is.
func (s *spec) isCollection(path, name string) bool {
	for other, item := range s.Paths {
		rest, ok := strings.CutPrefix(other, path+"/{")
		if ok && strings.HasSuffix(rest, "}") && !strings.Contains(rest, "/") {
			if _, ok := item["get"]; ok {
				return true
			}
		}
	}
	if op, ok := s.Paths[path]["get"]; ok {
		if element, _ := s.elements(s.flat(s.answer(&op))); element == name {
			return true
		}
	}
	_, last, _ := cutLast(path, "/")
	_, short, _ := cutLast(strings.ReplaceAll(name, ".", "/"), "/")
	return last == short+"s"
}
