package sqlite

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"unsafe"

	"github.com/ncruces/go-sqlite3"
)

// Documents are JSON text. A guest that changes one on its way out has to read
// it byte by byte, a hundred times for a long list, and is five to ten times
// slower at that than the host. So statements have functions that do it here.
// They change pieces of the text and leave the rest as it stands. Text that is
// not compact JSON, without insignificant white space, comes back as it is.
//
// Tables and indexes may not use them: a database has to be readable without Mirra.

var editFunctions = set(`mirra_member mirra_with mirra_without`)

// addEdits makes the functions of documents part of a connection.
func (c *conn) addEdits() error {
	for _, f := range []struct {
		name string
		args int
		call func(ctx sqlite3.Context, arg ...sqlite3.Value)
	}{{"mirra_member", 2, c.edit.member}, {"mirra_with", 3, c.edit.with}, {"mirra_without", 3, c.edit.without}} {
		if err := c.db.CreateFunction(f.name, f.args, sqlite3.DETERMINISTIC|sqlite3.INNOCUOUS, f.call); err != nil {
			return fmt.Errorf("add %s: %w", f.name, err)
		}
	}
	return nil
}

// editor is the memory of the functions of one connection.
type editor struct {
	values []value
	cuts   []cut
	out    []byte
	spec   string // what rules were read from
	rules  map[string][][]string
}

// value is one value of a document: a member with its name, or an element.
type value struct {
	from, nameEnd int32 // the name with its quotes; equal for elements
	at, end       int32 // the text of the value
	parent, next  int32
	first         int32 // child; 0 is none
	tag           int32 // an object's member that says its type; 0 is none
	gone          bool
}

type cut struct{ from, to int32 }

// member is mirra_member(document, name): the text of an object's member that is
// a string, else NULL.
func (e *editor) member(ctx sqlite3.Context, arg ...sqlite3.Value) {
	doc := arg[0].RawText()
	at, end, ok := findMember(doc, arg[1].RawText())
	if !ok || doc[at] != '"' {
		ctx.ResultNull()
		return
	}
	s := view(doc[at+1 : end-1])
	if strings.IndexByte(s, '\\') >= 0 {
		var decoded string
		if json.Unmarshal(doc[at:end], &decoded) != nil {
			ctx.ResultNull()
			return
		}
		s = decoded
	}
	ctx.ResultText(s)
}

// with is mirra_with(document, name, json): the document with another value for
// a member it has. NULL, and a member that is not there, leave it as it is.
func (e *editor) with(ctx sqlite3.Context, arg ...sqlite3.Value) {
	doc, insert := arg[0].RawText(), arg[2].RawText()
	at, end, ok := 0, 0, false
	if insert != nil {
		at, end, ok = findMember(doc, arg[1].RawText())
	}
	if !ok {
		ctx.ResultValue(arg[0])
		return
	}
	e.out = append(append(append(e.out[:0], doc[:at]...), insert...), doc[end:]...)
	e.result(ctx)
}

// without is mirra_without(document, tag, rules): the document without what
// rules name, a line each, as TYPE MEMBER.MEMBER. A rule holds for each object,
// at any depth, whose member tag is the string TYPE.
func (e *editor) without(ctx sqlite3.Context, arg ...sqlite3.Value) {
	doc, tag, spec := arg[0].RawText(), arg[1].RawText(), arg[2].RawText()
	if len(spec) == 0 || !e.parse(doc, tag) {
		if len(e.values) > maxEditValues {
			e.values = nil
			ctx.ResultError(errEditValues)
			return
		}
		ctx.ResultValue(arg[0])
		return
	}
	if string(spec) != e.spec {
		e.spec = string(spec)
		e.rules = parseRules(e.spec)
	}
	if !e.mark(doc) {
		ctx.ResultValue(arg[0])
		return
	}
	e.out = e.cut(e.out[:0], doc)
	e.result(ctx)
}

// result hands e.out over. A giant's memory is not kept.
func (e *editor) result(ctx sqlite3.Context) {
	ctx.ResultText(view(e.out))
	if cap(e.out) > largeBytes {
		e.out = nil
	}
}

// view views bytes that do not change while the string is in use.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func parseRules(spec string) map[string][][]string {
	rules := map[string][][]string{}
	for line := range strings.SplitSeq(spec, "\n") {
		if typ, path, ok := strings.Cut(line, " "); ok {
			rules[typ] = append(rules[typ], strings.Split(path, "."))
		}
	}
	return rules
}

// mark finds what the rules name, and tells whether there is anything.
func (e *editor) mark(doc []byte) (any bool) {
	e.cuts = e.cuts[:0]
	for i := range e.values {
		v := &e.values[i]
		if v.tag == 0 {
			continue
		}
		tag := &e.values[v.tag]
		for _, path := range e.rules[string(doc[tag.at+1:tag.end-1])] {
			at := int32(i)
			for _, name := range path {
				if at = e.child(doc, at, name); at == 0 {
					break
				}
			}
			if at != 0 {
				e.values[at].gone, any = true, true
			}
		}
	}
	return any
}

// child returns a member by its name as written, 0 if there is none.
func (e *editor) child(doc []byte, parent int32, name string) int32 {
	for i := e.values[parent].first; i != 0; i = e.values[i].next {
		v := &e.values[i]
		if int(v.nameEnd-v.from) == len(name)+2 && string(doc[v.from+1:v.nameEnd-1]) == name {
			return i
		}
	}
	return 0
}

// cut appends the document without what is marked.
func (e *editor) cut(dst, doc []byte) []byte {
	for i := 1; i < len(e.values); i++ {
		v := &e.values[i]
		if !v.gone {
			continue
		}
		// With it goes the comma in front of it, or, if nothing that stays stands
		// there, the one behind it.
		c := cut{v.from, v.end}
		before := false
		for j := e.values[v.parent].first; j != int32(i) && !before; j = e.values[j].next {
			before = !e.values[j].gone
		}
		if before {
			c.from--
		} else if v.next != 0 {
			c.to++
		}
		e.cuts = append(e.cuts, c)
	}
	from := int32(0)
	slices.SortFunc(e.cuts, func(a, b cut) int { return int(a.from - b.from) })
	for _, c := range e.cuts {
		if c.from > from {
			dst = append(dst, doc[from:c.from]...)
		}
		from = max(from, c.to) // some lie within others
	}
	return append(dst, doc[from:]...)
}

// maxEditDepth is how deep documents may nest; deeper ones come back as they are.
const maxEditDepth = 64

// maxEditValues bounds what reading a document costs in memory, some 10 MB.
const maxEditValues = 100_000

var errEditValues = fmt.Errorf("the document has more than %d values", maxEditValues)

// parse reads a document into e.values; value 0 is the document itself. False:
// it is not compact JSON, or has too many values.
func (e *editor) parse(doc, tag []byte) bool {
	e.values = e.values[:0]
	end, ok := e.value(doc, tag, 0, 0, 0, -1, 0)
	return ok && end == len(doc)
}

// value reads the value at i, whose name begins at from.
func (e *editor) value(doc, tag []byte, from, nameEnd, i int, parent int32, depth int) (end int, ok bool) {
	self := int32(len(e.values))
	e.values = append(e.values, value{from: int32(from), nameEnd: int32(nameEnd), at: int32(i), parent: parent})
	if i >= len(doc) || depth > maxEditDepth || self == maxEditValues {
		return i, false
	}
	c := doc[i]
	if c != '{' && c != '[' {
		end, ok = skipPlain(doc, i)
		e.values[self].end = int32(end)
		return end, ok
	}
	closing := c + 2
	i++
	if i < len(doc) && doc[i] == closing {
		e.values[self].end = int32(i + 1)
		return i + 1, true
	}
	for last := int32(0); ; {
		name, after := i, i
		if c == '{' {
			if after, ok = skipText(doc, i); !ok || after >= len(doc) || doc[after] != ':' {
				return i, false
			}
			i = after + 1
		}
		at, child := i, int32(len(e.values))
		if i, ok = e.value(doc, tag, name, after, i, self, depth+1); !ok {
			return i, false
		}
		if last == 0 {
			e.values[self].first = child
		} else {
			e.values[last].next = child
		}
		last = child
		if after-name == len(tag)+2 && doc[at] == '"' && e.values[self].tag == 0 && string(doc[name+1:after-1]) == string(tag) {
			e.values[self].tag = child
		}
		if i >= len(doc) || doc[i] != ',' && doc[i] != closing {
			return i, false
		}
		i++
		if doc[i-1] == closing {
			e.values[self].end = int32(i)
			return i, true
		}
	}
}

// skipText returns the index behind the string at i.
func skipText(doc []byte, i int) (end int, ok bool) {
	if i >= len(doc) || doc[i] != '"' {
		return i, false
	}
	i++
	for len(doc)-i >= 8 {
		// The highest bit of a byte is set if it is a quote or a backslash,
		// exactly up to the first that is.
		const ones, tops = 0x0101010101010101, 0x8080808080808080
		w := binary.LittleEndian.Uint64(doc[i:])
		q, b := w^ones*'"', w^ones*'\\'
		special := ((q-ones)&^q | (b-ones)&^b) & tops
		if special == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(special)/8 + 1
		if doc[i-1] == '"' {
			return i, true
		}
		i++ // whatever is escaped
	}
	for ; i < len(doc); i++ {
		switch doc[i] {
		case '"':
			return i + 1, true
		case '\\':
			i++
		}
	}
	return i, false
}

// skipPlain returns the index behind the string, number, true, false or null at i.
func skipPlain(doc []byte, i int) (end int, ok bool) {
	if i < len(doc) && doc[i] == '"' {
		return skipText(doc, i)
	}
	at := i
	for i < len(doc) && (doc[i]|0x20 >= 'a' && doc[i]|0x20 <= 'z' || doc[i] >= '0' && doc[i] <= '9' || doc[i] == '-' || doc[i] == '+' || doc[i] == '.') {
		i++
	}
	return i, i > at
}

// skipAny returns the index behind the value at i, which is not looked into.
func skipAny(doc []byte, i int) (end int, ok bool) {
	if i >= len(doc) || doc[i] != '{' && doc[i] != '[' {
		return skipPlain(doc, i)
	}
	for depth := 0; i < len(doc); {
		switch doc[i] {
		case '"':
			if i, ok = skipText(doc, i); !ok {
				return i, false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, true
			}
		}
		i++
	}
	return i, false
}

// findMember returns where the value of an object's member lies.
func findMember(doc, name []byte) (at, end int, ok bool) {
	if name == nil || len(doc) == 0 || doc[0] != '{' {
		return 0, 0, false
	}
	for i := 1; ; i++ {
		from := i
		if i, ok = skipText(doc, i); !ok || i >= len(doc) || doc[i] != ':' {
			return 0, 0, false
		}
		at = i + 1
		if end, ok = skipAny(doc, at); !ok {
			return 0, 0, false
		}
		if i-from == len(name)+2 && string(doc[from+1:i-1]) == string(name) {
			return at, end, true
		}
		if i = end; i >= len(doc) || doc[i] != ',' {
			return 0, 0, false
		}
	}
}
