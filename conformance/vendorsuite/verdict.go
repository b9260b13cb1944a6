package vendorsuite

import "fmt"

// Verdict says how exactly an answer is the recorded one. Each includes those
// before it.
type Verdict uint8

// Verdicts.
const (
	Differs Verdict = iota // another status, or no answer
	Status                 // the same status
	Shape                  // the same fields with the same types, lists of the same length
	Values                 // the same value in every field
	Exact                  // the same order of fields, and headers that clients read
	Byte                   // the same body, byte by byte, but for ids and times
)

var verdictNames = [...]string{"differs", "status", "shape", "values", "exact", "byte"}

func (v Verdict) String() string { return verdictNames[v] }

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict's name.
func (v *Verdict) UnmarshalText(b []byte) error {
	for i, name := range verdictNames {
		if name == string(b) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a verdict", b)
}

// Difference is one thing in which an answer is not the recorded one.
type Difference struct {
	// Path is where: "status", "header stripe-version", "error.message",
	// "data[0].id"; "" is the whole body.
	Path string `json:"path"`
	// Keeps is the verdict that it keeps the answer from.
	Keeps Verdict `json:"keeps"`
	Want  string  `json:"recorded"`
	Have  string  `json:"answer"`
	// Why says what is not obvious from Want and Have.
	Why string `json:"why,omitempty"`
}

// verdictOf returns the best verdict that no difference keeps from.
func verdictOf(diffs []Difference) Verdict {
	v := Byte
	for _, d := range diffs {
		v = min(v, d.Keeps-1)
	}
	return v
}

// Blocking returns the differences that keep an answer from the next better
// verdict.
func Blocking(v Verdict, diffs []Difference) []Difference {
	var out []Difference
	for _, d := range diffs {
		if d.Keeps == v+1 {
			out = append(out, d)
		}
	}
	return out
}
