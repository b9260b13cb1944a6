package sdk

import "strconv"

// FieldType is the set of types a parameter may have.
type FieldType uint16

// Types of a Field; several may be joined.
const (
	TString FieldType = 1 << iota
	TInteger
	TNumber
	TBoolean
	TObject // Fields says which members
	TMap    // any names; Item is the type of the values
	TArray  // of Item
	TFile
	TClear // "" unsets the value
)

// Fields and Enum are pointed at, so that the tables of a plugin are data: Go
// copies a slice of another variable by code, half a megabyte of it for Stripe.
type (
	Fields []Field
	Enum   []string
)

// Field describes one parameter of an operation. Tables of fields are made by
// mirra-gen from a vendor's description.
type Field struct {
	Name     string
	Type     FieldType
	Required bool
	In       uint8 // which versions have it, a bit each; 0 is all of them
	Max      int32 // characters of a string; 0 is no bound
	Enum     *Enum
	EnumIn   string  // a byte as In for each value of Enum; "" if all are in all
	Fields   *Fields // of TObject
	Item     *Field  // of TArray and TMap
}

// find returns the field of a name and its place, nil if there is none.
func find(fields []Field, name string) (at int, f *Field) {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == len(name) && len(name) > 0 && f.Name[0] == name[0] && sameText(f.Name, name) {
			return i, f
		}
	}
	return -1, nil
}

// Is tells whether the versions asked for, a bit each, have the field.
func (f *Field) Is(in uint8) bool { return f.In == 0 || in == 0 || f.In&in != 0 }

// Values returns the values of the enum that the versions asked for have.
func (f *Field) Values(in uint8) []string {
	if f.Enum == nil || f.EnumIn == "" || in == 0 {
		return f.enum()
	}
	var out []string
	for i, v := range *f.Enum {
		if f.EnumIn[i]&in != 0 {
			out = append(out, v)
		}
	}
	return out
}

func (f *Field) enum() Enum {
	if f.Enum == nil {
		return nil
	}
	return *f.Enum
}

// List returns the fields; none for nil.
func (l *Fields) List() []Field {
	if l == nil {
		return nil
	}
	return *l
}

// ViolationKind says in which way parameters do not fit their fields.
type ViolationKind uint8

const (
	UnknownField ViolationKind = iota
	MissingField
	WrongType  // Want says which was expected
	NotInEnum  // Field.Enum says what is
	TooLong    // more than Field.Max characters
	EmptyValue // "" where it does not unset
)

// Violation is one parameter that does not fit.
type Violation struct {
	Kind  ViolationKind
	Path  string // as the client writes it: items[0][price]
	Field *Field // nil for unknown ones
	Value Doc
	Among []Field // unknown ones: the fields there are
}

// CheckFields holds parameters against the fields that the versions asked for
// have (0 is all) and calls report for each violation, in the order of the
// parameters, missing ones last, until it returns false.
func CheckFields(params Doc, fields []Field, in uint8, report func(Violation) bool) bool {
	k := &checker
	k.path, k.in, k.report = k.path[:0], in, report
	return k.object(params, fields)
}

// fieldChecker walks parameters. The path is kept as keys: its text is only
// made for a violation.
type fieldChecker struct {
	path   []string
	in     uint8
	report func(Violation) bool
}

var checker = fieldChecker{path: make([]string, 0, maxDepth)}

func (k *fieldChecker) violation(kind ViolationKind, key string, f *Field, v Doc, among []Field) bool {
	path := ""
	for i, step := range append(k.path, key) {
		if i == 0 {
			path = step
		} else if step != "" {
			path += "[" + step + "]"
		}
	}
	return k.report(Violation{Kind: kind, Path: path, Field: f, Value: v, Among: among})
}

func (k *fieldChecker) object(d Doc, fields []Field) bool {
	a, last := d.a, -1
	seen := uint64(0) // the first 64 fields that are there
	for i := d.First().i; i != 0; {
		n := &a.nodes[i]
		key, next := n.key, n.next
		if n.bits&escapedKey != 0 {
			key = unescape(key)
		}
		// Clients mostly name fields in the order of the description.
		var f *Field
		if last++; last < len(fields) && len(fields[last].Name) == len(key) && sameText(fields[last].Name, key) {
			f = &fields[last]
		} else {
			last, f = find(fields, key)
		}
		if last >= 0 {
			seen |= 1 << last
		}
		switch {
		case f == nil || !f.Is(k.in):
			if !k.violation(UnknownField, key, nil, Doc{a, i}, fields) {
				return false
			}
		case n.kind == String && n.bits&rawText == 0:
			if kind, ok := f.text(n.text, k.in); !ok && !k.violation(kind, key, f, Doc{a, i}, nil) {
				return false
			}
		default:
			if !k.value(key, Doc{a, i}, f) {
				return false
			}
		}
		i = next
	}
	for i := range fields {
		if f := &fields[i]; f.Required && seen&(1<<i) == 0 && f.Is(k.in) && !d.member(f.Name).Exists() && !k.violation(MissingField, f.Name, f, Doc{}, nil) {
			return false
		}
	}
	return true
}

func (k *fieldChecker) value(key string, v Doc, f *Field) bool {
	switch v.Kind() {
	case Object:
		if f.Type&(TArray|TObject) == 0 {
			return f.Type&TMap != 0 || k.violation(WrongType, key, f, v, nil)
		}
		numbered := f.Type&TArray != 0 && numericKeys(v)
		if !numbered && f.Type&TObject == 0 {
			return f.Type&TMap != 0 || k.violation(WrongType, key, f, v, nil)
		}
		k.path = append(k.path, key)
		ok := true
		if !numbered {
			ok = k.object(v, f.Fields.List())
		} else {
			for e := v.First(); e.Exists() && ok; e = e.Next() {
				ok = k.value(e.Key(), e, f.Item)
			}
		}
		k.leave()
		return ok
	case Array:
		if f.Type&TArray == 0 {
			return k.violation(WrongType, key, f, v, nil)
		}
		k.path = append(k.path, key)
		ok, i := true, 0
		for e := v.First(); e.Exists() && ok; e = e.Next() {
			ok = k.value(place(i), e, f.Item)
			i++
		}
		k.leave()
		return ok
	}
	kind, ok := f.text(v.String(), k.in)
	if kind == EmptyValue && v.Kind() == Null {
		return true
	}
	return ok || k.violation(kind, key, f, v, nil)
}

// place is how a path names element i; the first few, which most arrays have, are
// free.
func place(i int) string {
	const digits = "0123456789"
	if i < len(digits) {
		return digits[i : i+1]
	}
	return string(AppendInt(nil, i))
}

func (k *fieldChecker) leave() { k.path = k.path[:len(k.path)-1] }

// text tells whether the text of a string, number or boolean fits the field.
func (f *Field) text(text string, in uint8) (ViolationKind, bool) {
	if text == "" {
		return EmptyValue, f.Type&TClear != 0
	}
	ok := f.Type&TString != 0
	if !ok && f.Type&TInteger != 0 {
		_, err := strconv.ParseInt(text, 10, 64)
		ok = err == nil
	}
	if !ok && f.Type&TNumber != 0 {
		end, valid := skipNumber(text, 0)
		ok = valid && end == len(text)
	}
	if !ok && f.Type&TBoolean != 0 {
		ok = text == "true" || text == "false"
	}
	switch {
	case !ok:
		return WrongType, false
	case f.Enum != nil && !f.allows(text, in):
		return NotInEnum, false
	case f.Max > 0 && len(text) > int(f.Max) && runes(text) > int(f.Max):
		return TooLong, false
	}
	return 0, true
}

// allows tells whether a text is a value of the enum.
func (f *Field) allows(text string, in uint8) bool {
	enum := *f.Enum
	for i := range enum {
		if enum[i] == text {
			return f.EnumIn == "" || in == 0 || f.EnumIn[i]&in != 0
		}
	}
	return false
}

// numericKeys tells whether an object spells an array, as in items[0][price].
func numericKeys(d Doc) bool {
	for v := range d.All {
		for _, c := range []byte(v.Key()) {
			if c < '0' || c > '9' {
				return false
			}
		}
	}
	return true
}

func runes(s string) int {
	n := 0
	for range s {
		n++
	}
	return n
}
