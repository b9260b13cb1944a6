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
			k.seed(c, indexed(list.Key(), i), d)
			i++
		}
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

func (k *Collection) seed(c *Call, path string, d Doc) {
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
