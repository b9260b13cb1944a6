package sdk

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

// Field describes one parameter of an operation. Tables of fields are made by
// mirra-gen from a vendor's description.
type Field struct {
	Name     string
	Type     FieldType
	Required bool
	Max      int32 // characters of a string; 0 is no bound
	Enum     []string
	Fields   []Field // of TObject
	Item     *Field  // of TArray and TMap
}

// Find returns the field of a name, nil if there is none.
func Find(fields []Field, name string) *Field {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) == len(name) && len(name) > 0 && f.Name[0] == name[0] && f.Name == name {
			return f
		}
	}
	return nil
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

// CheckFields holds parameters against their fields and calls report for each
// violation, in the order of the parameters, missing ones last, until it
// returns false.
func CheckFields(params Doc, fields []Field, report func(Violation) bool) bool {
	return checkObject(nil, params, fields, report)
}

// fieldPath is where a value stands; its text is only made for a violation.
type fieldPath struct {
	up  *fieldPath
	key string
}

func (p *fieldPath) String() string {
	if p.up == nil {
		return p.key
	}
	return p.up.String() + "[" + p.key + "]"
}

func checkObject(up *fieldPath, d Doc, fields []Field, report func(Violation) bool) bool {
	for v := range d.All {
		path := fieldPath{up, v.Key()}
		f := Find(fields, path.key)
		if f == nil {
			if !report(Violation{Kind: UnknownField, Path: path.String(), Value: v, Among: fields}) {
				return false
			}
			continue
		}
		if !checkValue(&path, v, f, report) {
			return false
		}
	}
	for i := range fields {
		if f := &fields[i]; f.Required && !d.member(f.Name).Exists() {
			if !report(Violation{Kind: MissingField, Path: (&fieldPath{up, f.Name}).String(), Field: f}) {
				return false
			}
		}
	}
	return true
}

func checkValue(path *fieldPath, v Doc, f *Field, report func(Violation) bool) bool {
	switch v.Kind() {
	case Object:
		switch {
		case f.Type&TArray != 0 && numericKeys(v):
			for e := range v.All {
				if !checkValue(&fieldPath{path, e.Key()}, e, f.Item, report) {
					return false
				}
			}
			return true
		case f.Type&TObject != 0:
			return checkObject(path, v, f.Fields, report)
		case f.Type&TMap != 0:
			return true
		}
		return report(Violation{Kind: WrongType, Path: path.String(), Field: f, Value: v})
	case Array:
		if f.Type&TArray == 0 {
			return report(Violation{Kind: WrongType, Path: path.String(), Field: f, Value: v})
		}
		i := 0
		for e := range v.All {
			if !checkValue(&fieldPath{path, string(AppendInt(nil, i))}, e, f.Item, report) {
				return false
			}
			i++
		}
		return true
	}
	return checkScalar(path, v, f, report)
}

func checkScalar(path *fieldPath, v Doc, f *Field, report func(Violation) bool) bool {
	text := v.String()
	if text == "" {
		if f.Type&TClear != 0 || v.Kind() == Null {
			return true
		}
		return report(Violation{Kind: EmptyValue, Path: path.String(), Field: f, Value: v})
	}
	ok := f.Type&TString != 0
	if !ok && f.Type&TInteger != 0 {
		_, ok = v.Int()
	}
	if !ok && f.Type&TNumber != 0 {
		end, valid := skipNumber(text, 0)
		ok = valid && end == len(text)
	}
	if !ok && f.Type&TBoolean != 0 {
		ok = text == "true" || text == "false"
	}
	if !ok {
		return report(Violation{Kind: WrongType, Path: path.String(), Field: f, Value: v})
	}
	if len(f.Enum) > 0 {
		for _, e := range f.Enum {
			if e == text {
				return true
			}
		}
		return report(Violation{Kind: NotInEnum, Path: path.String(), Field: f, Value: v})
	}
	if f.Max > 0 && len(text) > int(f.Max) && runes(text) > int(f.Max) {
		return report(Violation{Kind: TooLong, Path: path.String(), Field: f, Value: v})
	}
	return true
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
