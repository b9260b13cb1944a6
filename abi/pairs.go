package abi

import "fmt"

// Pairs is an encoded row of name and value strs: u16 count, then the pairs.
// Headers keep their wire order, spelling and repetitions.
type Pairs string

// Pair is one name and value.
type Pair struct{ Name, Value string }

// AppendPairs appends a section of pairs.
func AppendPairs(b []byte, tag Tag, pairs []Pair) []byte {
	b, mark := BeginSection(b, tag)
	b = append(b, byte(len(pairs)), byte(len(pairs)>>8))
	for _, p := range pairs {
		b = AppendString(AppendString(b, p.Name), p.Value)
	}
	return EndSection(b, mark)
}

// Len returns the number of pairs.
func (p Pairs) Len() int {
	if len(p) < 2 {
		return 0
	}
	return int(u16(string(p)))
}

// All calls yield for each pair in order until it returns false.
func (p Pairs) All(yield func(name, value string) bool) {
	if len(p) < 2 {
		return
	}
	rest := string(p[2:])
	for n := p.Len(); n > 0; n-- {
		var name, value string
		var ok bool
		if name, rest, ok = cutString(rest); !ok {
			return
		}
		if value, rest, ok = cutString(rest); !ok || !yield(name, value) {
			return
		}
	}
}

// Find returns the first value whose name equals name without regard to ASCII
// letter case, and whether there is one.
func (p Pairs) Find(name string) (string, bool) {
	if len(p) < 2 {
		return "", false
	}
	// Names of another length are stepped over without being looked at: a guest
	// does this several times a call.
	rest := string(p[2:])
	for n := p.Len(); n > 0 && len(rest) >= 4; n-- {
		k := int(u32(rest))
		if k > len(rest)-8 {
			break
		}
		at := 4 + k
		v := int(u32(rest[at:]))
		if v > len(rest)-at-4 {
			break
		}
		if k == len(name) && equalFold(rest[4:at], name) {
			return rest[at+4 : at+4+v], true
		}
		rest = rest[at+4+v:]
	}
	return "", false
}

// cutString cuts a str off s.
func cutString(s string) (v, rest string, ok bool) {
	if len(s) < 4 {
		return "", "", false
	}
	n := u32(s)
	if uint64(n) > uint64(len(s)-4) {
		return "", "", false
	}
	return s[4 : 4+n], s[4+n:], true
}

func (p Pairs) check() error {
	c := cursor{s: string(p)}
	n := c.u16()
	for range n {
		c.str()
		c.str()
	}
	if err := c.err("pairs"); err != nil {
		return err
	}
	if c.s != "" {
		return fmt.Errorf("pairs: %d bytes after the last pair", len(c.s))
	}
	return nil
}

// equalFold compares ASCII without the tables that strings.EqualFold pulls
// into a guest.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}

// MakePairs encodes pairs.
func MakePairs(pairs []Pair) Pairs {
	b := AppendPairs(nil, 0, pairs)
	return Pairs(b[sectionHeaderBytes:])
}
