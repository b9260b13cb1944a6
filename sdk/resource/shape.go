package resource

import "github.com/mirrahq/mirra/sdk"

// Versions is a set of descriptions, a bit for each that was given to mirra-gen,
// oldest first. 0 is all of them.
type Versions uint8

// In tells whether v and the descriptions asked for have one in common.
func (v Versions) In(asked Versions) bool { return v == 0 || asked == 0 || v&asked != 0 }

// Kind is what a member of a document holds.
type Kind uint8

// Kinds of members.
const (
	Any       Kind = iota // whatever was sent
	Text                  // a string
	Integer               // a whole number
	Number                // any number
	Boolean               // true or false
	Time                  // Unix seconds
	DateTime              // RFC 3339 text
	Object                // an object of the shape Of
	Map                   // an object with names of the client's
	Array                 // elements of kind Item, of the shape Of if they are objects
	Reference             // the id of another object, or that object when expanded
)

// Format says how a Text is made up.
type Format uint8

// Formats of texts.
const (
	Free Format = iota
	UUID
)

// Bits say more of a member.
type Bits uint8

// Bits of members.
const (
	Nullable Bits = 1 << iota // null where there is nothing
	Optional                  // left out where there is nothing
)

// Member is one member of a shape.
type Member struct {
	Name   string
	Kind   Kind
	Item   Kind // of an Array's elements
	Bits   Bits
	In     Versions
	Format Format   // of a Text
	Of     int16    // index into Tables.Shapes; 0 is none
	First  string   // the first value of an enum, the only one of a constant
	To     []string // objects that a Reference may name
}

// Shape is an object of the description; members stand in the vendor's order.
type Shape struct {
	Name    string // in the description
	Object  string // what documents have as "object", if the vendor does that
	Members []Member
}

// Member returns the member of a name, nil if the shape has none.
func (s *Shape) Member(name string) *Member {
	for i := range s.Members {
		if s.Members[i].Name == name {
			return &s.Members[i]
		}
	}
	return nil
}

// Verb is what the engine can do for an operation.
type Verb uint8

// Verbs. An operation with a meaning of its own has none: its effect cannot be
// read from a description.
const (
	Special Verb = iota
	Create
	Retrieve
	Update
	Delete
	List
	Search
)

// Operation is one operation of the description.
type Operation struct {
	ID      string
	Pattern string // METHOD /path
	Verb    Verb
	In      Versions
	Shape   int16 // of the answer, of its elements for List and Search; 0 is none
	// List is the shape around the elements of a list, Key their member there;
	// without them a list is a bare array, or the plugin knows what stands around.
	List   int16
	Key    string
	Status int16 // of success, if it is not 200
	Fields *sdk.Fields
}

// Tables is what mirra-gen writes. Shapes[0] is not used.
type Tables struct {
	Operations []Operation
	Shapes     []Shape
}
