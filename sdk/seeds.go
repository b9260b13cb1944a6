package sdk

// serveSeed loads a fixture, or a state document {entity: [document, …]}.
// What a document leaves out gets the default its collection's Complete gives.
func (p *Plugin) serveSeed(c *Call) {
	if c.Name != "" {
		h := p.fixtures[c.Name]
		if h == nil {
			c.fault("", "unknown fixture "+c.Name)
			return
		}
		if err := h(c); err != nil {
			c.fault("", err.Error())
		}
		return
	}
	state, err := c.Params()
	if err != nil {
		c.fault("", err.Error())
		return
	}
	var docs []seed
	for list := range state.All {
		k := p.collection(list.Key())
		if k == nil {
			c.fault(list.Key(), "unknown entity")
			continue
		}
		if list.Kind() != Array {
			c.fault(list.Key(), "want a list of documents")
			continue
		}
		i := 0
		for d := range list.All {
			docs = append(docs, seed{k, list.Key(), i, d})
			i++
		}
	}
	seedAll(c, docs)
}

// seed is one document of a state document.
type seed struct {
	of   *Collection
	list string
	i    int
	d    Doc
}

// seedAll keeps documents, of which some may refer to others that stand further
// behind: JSON of programs is sorted by name. So those with faults are tried again
// behind the rest, for as long as that helps.
func seedAll(c *Call, docs []seed) {
	for helped := true; helped; {
		var refused []seed
		for _, s := range docs {
			said := len(c.tail)
			if s.keep(c, false); len(c.tail) > said {
				c.tail = c.tail[:said]
				refused = append(refused, s)
			}
		}
		helped = len(refused) < len(docs)
		docs = refused
	}
	for _, s := range docs {
		s.keep(c, true)
	}
}

func (p *Plugin) collection(entity string) *Collection {
	for _, k := range p.collections {
		if k.Entity == entity {
			return k
		}
	}
	return nil
}

// keep completes a document and keeps it; one with faults only if told to, so that
// those behind it that refer to it have no fault for its sake.
func (s *seed) keep(c *Call, faulty bool) {
	k, path, d := s.of, indexed(s.list, s.i), s.d
	if d.Kind() != Object {
		c.fault(path, "want a document")
		return
	}
	said := len(c.tail)
	if k.Complete != nil {
		d = k.Complete(c, path, d)
	}
	if d.Get(k.ID).String() == "" {
		c.fault(path+"."+k.ID, "missing")
		return
	}
	if len(c.tail) > said && !faulty {
		return
	}
	id := d.Get(k.ID).String()
	switch _, _, there := c.Lookup(id); {
	case !there:
		if err := k.Insert(c, d); err != nil {
			c.fault(path+"."+k.ID, err.Error())
		}
	case len(c.tail) == said: // else Complete has said what is wrong with it
		c.fault(path+"."+k.ID, "there is another "+id)
	}
}

func indexed(name string, i int) string {
	b := append([]byte(name), '[')
	b = AppendInt(b, i)
	return string(append(b, ']'))
}

// AppendInt appends a number that is not negative.
func AppendInt(b []byte, i int) []byte {
	if i >= 10 {
		b = AppendInt(b, i/10)
	}
	return append(b, byte('0'+i%10))
}
