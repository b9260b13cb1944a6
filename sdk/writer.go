package sdk

// Writer writes a document that has the members of a Template: those that differ
// from the template's, in its order. For a document that is made at once this costs
// a guest a fraction of what setting the members of a Doc does.
type Writer struct {
	b    []byte
	t    *Template
	next int // the member that may be written next
	from int // how much of the template's text is written
}

// span is where the value of a member stands in a template's text. Of one in an object
// in the template the name is a dotted path.
type span struct {
	name     string
	from, to int
}

// spansOf are the members of the object at json[i:], which is without white space and
// without escapes in names.
func spansOf(json string, i int, path string) (list []span) {
	for i++; json[i] == '"'; {
		end := skipString(json, i)
		from, to := end+1, skipTrusted(json, end+1)
		name := path + json[i+1:end-1]
		list = append(list, span{name, from, to})
		if json[from] == '{' {
			list = append(list, spansOf(json, from, name+".")...)
		}
		i = to + 1
		if json[to] == '}' {
			break
		}
	}
	return list
}

// Write begins a document. One is written at a time.
func (t *Template) Write(c *Call) *Writer {
	w := &c.writer
	w.b, w.t, w.next, w.from = w.b[:0], t, 0, 0
	return w
}

// value writes what stands in front of a member's value.
func (w *Writer) value(name string) {
	left := w.t.spans[w.next:]
	for i := range left {
		if s := &left[i]; len(s.name) == len(name) && sameText(s.name, name) {
			w.b = append(w.b, w.t.text[w.from:s.from]...)
			w.next, w.from = w.next+i+1, s.to
			return
		}
	}
	panic("sdk: the template has no member " + name + " behind the one written last")
}

// String writes a string.
func (w *Writer) String(name, v string) {
	w.value(name)
	w.b = AppendString(w.b, v)
}

// Joined is String of texts that follow each other.
func (w *Writer) Joined(name string, parts ...string) {
	w.value(name)
	w.b = append(w.b, '"')
	from := len(w.b)
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
	if whole := w.b[from:]; !isPlain(text(whole)) {
		w.b = appendEscaped(w.b[:from], string(whole))
	}
	w.b = append(w.b, '"')
}

// Text is String that leaves what the template has for "".
func (w *Writer) Text(name, v string) {
	if v != "" {
		w.String(name, v)
	}
}

// Strings writes an array of strings; none leaves what the template has.
func (w *Writer) Strings(name string, list ...string) {
	if len(list) == 0 {
		return
	}
	w.value(name)
	w.b = append(w.b, '[')
	for i, v := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = AppendString(w.b, v)
	}
	w.b = append(w.b, ']')
}

// Doc writes a copy of v; an absent one leaves what the template has.
func (w *Writer) Doc(name string, v Doc) {
	if v.Exists() {
		w.value(name)
		w.b = v.AppendJSON(w.b)
	}
}

// Done returns the document. It is sealed: see Doc.Seal.
func (w *Writer) Done(c *Call) Doc {
	w.b = append(w.b, w.t.text[w.from:]...)
	free := scratch.free()
	kept := append(free[:0], w.b...)
	if len(kept) <= len(free) {
		scratch.take(len(kept))
	}
	return Doc{c.Arena, c.Arena.add(node{kind: Object, text: text(kept), bits: lazy})}
}

// InsertSealed is Insert of a document whose id and indexed members, in the order
// of Index, the caller tells: it is not looked into.
func (k *Collection) InsertSealed(c *Call, d Doc, id string, keys ...string) error {
	rows, err := insertObject.Run(c.Args().Text(k.Type).Text(c.Account()).Text(id).Int(c.Unix()).JSON(d))
	if err != nil {
		return err
	}
	if len(k.paths) > 0 {
		var all indexKeys
		copy(all[:], keys)
		k.link(c, all, rows.LastID, insertLink)
	}
	return nil
}

// Replace is Update of a document whose indexed members are what they were.
func (k *Collection) Replace(c *Call, d Doc) bool {
	id := d.Get(k.ID).String()
	d.Seal()
	rows := updateObject.MustRun(c.Args().Text(k.Type).Text(c.Account()).Text(id).JSON(d))
	return rows.Changed > 0
}
