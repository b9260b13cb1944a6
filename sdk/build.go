package sdk

// Object returns an object of names and values: strings, int, int64, bool, Secret,
// Doc or nil for null. Anything else is a fault of the plugin.
func (a *Arena) Object(pairs ...any) Doc {
	d := a.NewObject()
	d.Put(pairs...)
	return d
}

// Put sets members, of names and values as in Object.
func (d Doc) Put(pairs ...any) {
	for i := 0; i+1 < len(pairs); i += 2 {
		name := pairs[i].(string)
		switch v := pairs[i+1].(type) {
		case string:
			d.SetString(name, v)
		case int:
			d.SetInt(name, int64(v))
		case int64:
			d.SetInt(name, v)
		case bool:
			d.SetBool(name, v)
		case Secret:
			d.SetSecret(name, v)
		case Doc:
			d.SetDoc(name, v)
		case nil:
			d.SetNull(name)
		default:
			panic("sdk: " + name + " is of a type that no document holds")
		}
	}
}

// Slot is where Pick puts the member of a name. It is an alias so that tables of slots
// need not name its fields.
type Slot = struct {
	Name string
	To   *Doc
}

// Pick reads the members of an object that slots name, in one pass: to a guest that
// is a fraction of a Get for each.
func (d Doc) Pick(slots []Slot) {
	for v := d.First(); v.Exists(); v = v.Next() {
		for i, key := 0, v.Key(); i < len(slots); i++ {
			if s := &slots[i]; len(s.Name) == len(key) && sameText(s.Name, key) {
				*s.To = v
				break
			}
		}
	}
}

// CountOf returns how many elements are this text.
func (d Doc) CountOf(text string) (n int) {
	for one := d.First(); one.Exists(); one = one.Next() {
		if one.String() == text {
			n++
		}
	}
	return n
}

// IntOr is Int with other for anything that is not a whole number.
func (d Doc) IntOr(other int64) int64 {
	if n, ok := d.Int(); ok {
		return n
	}
	return other
}

// Every returns the documents whose indexed member equals key, newest first; all for
// the index "".
func (k *Collection) Every(c *Call, index, key string) []Doc {
	docs, _ := k.All(c, ListQuery{Index: index, Key: key}) // without a cursor it cannot fail
	return docs
}

// Slice returns the page that a query's cursors and limit choose of documents that
// were worked out, and whether there are more beyond it.
func Slice(docs []Doc, q ListQuery) (page []Doc, more bool, err error) {
	if cursor := q.After + q.Before; cursor != "" {
		at := -1
		for i, d := range docs {
			if d.Get("id").String() == cursor {
				at = i
			}
		}
		switch {
		case at < 0:
			return nil, false, &NoCursorError{cursor}
		case q.Before != "":
			return docs[max(0, at-q.Limit):at], at > q.Limit, nil
		}
		docs = docs[at+1:]
	}
	return docs[:min(len(docs), q.Limit)], len(docs) > q.Limit, nil
}
