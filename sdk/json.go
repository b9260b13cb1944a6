package sdk

import (
	"errors"
	mathbits "math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
)

// Tokens in documents that the host replaces on the way out. Text from outside
// can never form one: writing a string escapes its first letter.
const (
	urlToken    = "mirra-url:"
	secretToken = "mirra-secret:"
)

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendString(b []byte, s string) []byte {
	n := len(b)
	if cap(b)-n < len(s)+2 || !isPlain(s) {
		return append(appendEscaped(append(b, '"'), s), '"')
	}
	b = b[:n+len(s)+2]
	b[n], b[n+len(s)+1] = '"', '"'
	copy(b[n+1:], s)
	return b
}

// isPlain tells whether all bytes of s stand for themselves in a JSON string;
// it says no of some that do. It looks at eight at a time: a guest pays several
// nanoseconds for every step of a loop.
func isPlain(s string) bool {
	i, colon := 0, uint64(0)
	for ; i+32 <= len(s); i += 32 {
		t := s[i : i+32]
		a, b, c, d := word(t), word(t[8:]), word(t[16:]), word(t[24:])
		if odd(a)|odd(b)|odd(c)|odd(d) != 0 {
			return false
		}
		colon |= colonIn(a) | colonIn(b) | colonIn(c) | colonIn(d)
	}
	for ; i+8 <= len(s); i += 8 {
		v := word(s[i:])
		if odd(v) != 0 {
			return false
		}
		colon |= colonIn(v)
	}
	if i > 0 { // the last word overlaps the one before it
		if i < len(s) {
			v := word(s[len(s)-8:])
			if odd(v) != 0 {
				return false
			}
			colon |= colonIn(v)
		}
		return colon == 0 || !strings.Contains(s, "mirra-")
	}
	if len(s) >= 4 { // and shorter than any token
		return odd(uint64(half(s))|uint64(half(s[len(s)-4:]))<<32) == 0
	}
	for ; i < len(s); i++ {
		if c := s[i]; !plain[c] && c != 'm' {
			return false
		}
	}
	return true
}

// sameText is a == b. The runtime of a guest compares byte by byte.
func sameText(a, b string) bool {
	n := len(a)
	if n != len(b) {
		return false
	}
	switch {
	case n < 4:
		for i := range n {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	case n < 8: // the halves overlap, here and below
		return half(a) == half(b) && half(a[n-4:]) == half(b[n-4:])
	case n <= 16:
		return word(a) == word(b) && word(a[n-8:]) == word(b[n-8:])
	}
	for i := 0; i+8 <= n; i += 8 {
		if word(a[i:]) != word(b[i:]) {
			return false
		}
	}
	return word(a[n-8:]) == word(b[n-8:])
}

// word reads eight bytes, lowest first: by one instruction, where putting them
// together takes a guest thirty. Guests, and all machines that Mirra is built for, are
// little-endian.
func word(s string) uint64 {
	_ = s[7]
	return *(*uint64)(unsafe.Pointer(unsafe.StringData(s)))
}

// half is word of four bytes.
func half(s string) uint32 {
	_ = s[3]
	return *(*uint32)(unsafe.Pointer(unsafe.StringData(s)))
}

// odd is 0 if each of eight bytes stands for itself in a JSON string, but for tokens.
func odd(v uint64) uint64 {
	quote, escape := v^'"'*ones, v^'\\'*ones
	return (v | (v - 0x20*ones) | (quote-ones)&^quote | (escape-ones)&^escape) & highs
}

// colonIn is not 0 if one of eight bytes is a colon, which every token has.
func colonIn(v uint64) uint64 {
	colon := v ^ ':'*ones
	return (colon - ones) &^ colon & highs
}

const ones, highs = 0x0101010101010101, 0x8080808080808080

// plain marks the bytes that stand for themselves in a JSON string; m is not
// one, because it may start a token.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\' && c != 'm'
	}
	return t
}()

func appendEscaped(b []byte, s string) []byte {
	start := 0
	for i := 0; ; i++ {
		for i < len(s) && plain[s[i]] {
			i++
		}
		if i >= len(s) {
			return append(b, s[start:]...)
		}
		w := escapeWidth(s[i:])
		if w > 0 {
			i += w - 1
			continue
		}
		b = append(b, s[start:i]...)
		b = appendEscape(b, s[i])
		start = i + 1
	}
}

// escapeWidth returns how many bytes at the start of s stand for themselves, 0
// if the first one does not.
func escapeWidth(s string) int {
	switch c := s[0]; {
	case c >= utf8.RuneSelf:
		if r, w := utf8.DecodeRuneInString(s); r != utf8.RuneError || w > 1 {
			return w
		}
		return 0
	case c == 'm' && !tokenAt(s):
		return 1
	}
	return 0
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	}
	if c >= utf8.RuneSelf {
		return append(b, "\ufffd"...) // what is not UTF-8
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

func tokenAt(s string) bool {
	return len(s) > 6 && s[:6] == "mirra-" && (hasPrefix(s, urlToken) || hasPrefix(s, secretToken))
}

func hasPrefix(s, p string) bool { return len(s) >= len(p) && s[:len(p)] == p }

func escaped(s string) string { return string(appendEscaped(nil, s)) }

// unescape decodes the inside of a JSON string.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if r >= 0xd800 && r < 0xdc00 && len(s) > i+6 && s[i+1] == '\\' && s[i+2] == 'u' {
				if low := hex4(s[i+3:]); low >= 0xdc00 && low < 0xe000 {
					r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
					i += 6
				}
			}
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func hex4(s string) rune {
	if len(s) < 4 {
		return utf8.RuneError
	}
	v, err := strconv.ParseUint(s[:4], 16, 32)
	if err != nil {
		return utf8.RuneError
	}
	return rune(v)
}

var errJSON = errors.New("malformed JSON")

// Parse reads JSON text from outside and returns it as a document of the arena.
// Only the outer level is read now, deeper ones when they are looked into; what
// is malformed deeper down is an error all the same. As in any text from
// outside, tokens come out escaped and what is not UTF-8 as U+FFFD.
func (a *Arena) Parse(json string) (Doc, error) {
	i := skipSpace(json, 0)
	end, ok := skipValue(json, i, 0)
	if !ok || skipSpace(json, end) != len(json) {
		return Doc{}, errJSON
	}
	return Doc{a, a.add(jsonNode(clean(json[i:end])))}, nil
}

// clean writes well-formed JSON from outside as this package would: without
// white space, valid UTF-8, tokens escaped. It copies nothing of what is that already.
func clean(json string) string {
	var b []byte
	change := func(i int) {
		if b == nil {
			b = append(make([]byte, 0, len(json)+16), json[:i]...)
		}
	}
	for i := 0; i < len(json); {
		switch c := json[i]; c {
		case ' ', '\t', '\r', '\n':
			change(i)
			i++
		case '"':
			end := skipString(json, i)
			if isOwn(json[i:end]) {
				if b != nil {
					b = append(b, json[i:end]...)
				}
				i = end
				continue
			}
			change(i)
			for ; i < end; i++ {
				switch c := json[i]; {
				case c < utf8.RuneSelf && (c != 'm' || !tokenAt(json[i:])):
					b = append(b, c)
				case c == 'm':
					b = appendEscape(b, c)
				default:
					r, w := utf8.DecodeRuneInString(json[i:])
					b = utf8.AppendRune(b, r)
					i += w - 1
				}
			}
		default:
			if b != nil {
				b = append(b, c)
			}
			i++
		}
	}
	if b == nil {
		return json
	}
	return text(b)
}

// isOwn tells whether a JSON string is what this package would write: all bytes are
// ASCII and none is the colon that every token has. It says no of some that are.
func isOwn(s string) bool {
	i := 0
	for ; i+16 <= len(s); i += 16 {
		if v, w := word(s[i:]), word(s[i+8:]); (v|w)&highs|colonIn(v)|colonIn(w) != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || s[i] == ':' {
			return false
		}
	}
	return true
}

// Trusted is Parse for text that is known to be well-formed, such as a stored
// document: nothing is checked and nothing is read yet.
func (a *Arena) Trusted(json string) Doc { return Doc{a, a.add(jsonNode(json))} }

// jsonNode makes a node of well-formed JSON text. All but the outer level of an
// object or array is left for open.
func jsonNode(json string) (n node) {
	i := skipSpace(json, 0)
	if i == len(json) {
		return node{kind: Null, text: "null"}
	}
	end := len(json)
	for end > i+1 && json[end-1] <= ' ' {
		end--
	}
	n.read(json, i, end)
	return n
}

// read makes n the value of well-formed JSON that stands at from.
func (n *node) read(json string, from, end int) {
	n.text = json[from:end]
	switch json[from] {
	case '{':
		n.kind, n.bits = Object, n.bits|lazy
	case '[':
		n.kind, n.bits = Array, n.bits|lazy
	case '"':
		n.kind, n.bits, n.text = String, n.bits|rawText, json[from+1:end-1]
	case 't', 'f':
		n.kind = Bool
	case 'n':
		n.kind = Null
	default:
		n.kind = Number
	}
}

// skipTrusted returns the index behind the value of well-formed JSON at i.
func skipTrusted(s string, i int) int {
	switch s[i] {
	case '"':
		return skipString(s, i)
	case '{', '[':
		for depth := 0; i < len(s); {
			switch s[i] {
			case '"':
				i = skipString(s, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
			i++
		}
		return i
	}
	for i < len(s) {
		switch s[i] {
		case ',', '}', ']', ' ', '\n', '\r', '\t':
			return i
		}
		i++
	}
	return i
}

// open parses one level of a lazy value.
func (d Doc) open() {
	if d.a == nil {
		return
	}
	n := &d.a.nodes[d.i]
	if n.bits&lazy == 0 {
		return
	}
	text := n.text
	n.bits &^= lazy
	n.first, n.last = 0, 0
	object := n.kind == Object
	for i := skipSpace(text, 1); i < len(text) && text[i] != '}' && text[i] != ']'; {
		key := ""
		if object {
			end := skipString(text, i)
			key = text[i+1 : end-1]
			i = skipSpace(text, end)
			i = skipSpace(text, i+1) // the colon
		}
		end := skipTrusted(text, i)
		at := d.a.link(d.i, key, tagOf(key))
		child := &d.a.nodes[at]
		if object {
			child.bits = rawKey
			if strings.IndexByte(key, '\\') >= 0 {
				child.bits, child.tag = rawKey|escapedKey, tagOf(unescape(key))
			}
		}
		child.read(text, i, end)
		if i = skipSpace(text, end); i < len(text) && text[i] == ',' {
			i = skipSpace(text, i+1)
		}
	}
}

func (d Doc) openAll() {
	for c := range d.All {
		c.openAll()
	}
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// skipString returns the index behind the string that starts at i; len(s) when
// it does not end.
func skipString(s string, i int) int {
	for i++; i < len(s); i++ {
		if i = skipQuiet(s, i); i == len(s) {
			break
		}
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(s)
}

// skipQuiet returns the index of the first byte from i on that may mean something
// inside of a string: a quote, a backslash, a control character.
func skipQuiet(s string, i int) int {
	for ; i+32 <= len(s); i += 32 {
		if t := s[i : i+32]; loud(word(t))|loud(word(t[8:]))|loud(word(t[16:]))|loud(word(t[24:])) != 0 {
			break
		}
	}
	for ; i+8 <= len(s); i += 8 {
		if marks := loud(word(s[i:])); marks != 0 {
			return i + mathbits.TrailingZeros64(marks)/8 // the lowest mark is never wrong
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// loud marks bytes for skipQuiet; above the lowest mark there may be wrong ones.
func loud(v uint64) uint64 {
	quote, escape := v^'"'*ones, v^'\\'*ones
	return ((v-0x20*ones)&^v | (quote-ones)&^quote | (escape-ones)&^escape) & highs
}

const maxDepth = 64

// skipValue returns the index behind the value at i and whether it is well-formed.
func skipValue(s string, i, depth int) (int, bool) {
	if i >= len(s) || depth > maxDepth {
		return i, false
	}
	switch c := s[i]; c {
	case '{', '[':
		object := c == '{'
		i = skipSpace(s, i+1)
		if i < len(s) && s[i] == c+2 {
			return i + 1, true
		}
		for {
			if object {
				if i >= len(s) || s[i] != '"' {
					return i, false
				}
				var ok bool
				if i, ok = checkString(s, i); !ok {
					return i, false
				}
				i = skipSpace(s, i)
				if i >= len(s) || s[i] != ':' {
					return i, false
				}
				i = skipSpace(s, i+1)
			}
			var ok bool
			if i, ok = skipValue(s, i, depth+1); !ok {
				return i, false
			}
			i = skipSpace(s, i)
			if i >= len(s) {
				return i, false
			}
			if s[i] == c+2 {
				return i + 1, true
			}
			if s[i] != ',' {
				return i, false
			}
			i = skipSpace(s, i+1)
		}
	case '"':
		return checkString(s, i)
	case 't':
		return i + 4, hasPrefix(s[i:], "true")
	case 'f':
		return i + 5, hasPrefix(s[i:], "false")
	case 'n':
		return i + 4, hasPrefix(s[i:], "null")
	}
	return skipNumber(s, i)
}

func checkString(s string, i int) (int, bool) {
	for i++; i < len(s); i++ {
		if i = skipQuiet(s, i); i == len(s) {
			break
		}
		switch c := s[i]; {
		case c == '"':
			return i + 1, true
		case c < 0x20:
			return i, false
		case c == '\\':
			i++
			if i >= len(s) {
				return i, false
			}
			switch s[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if len(s) < i+5 || !isHex4(s[i+1:i+5]) {
					return i, false
				}
				i += 4
			default:
				return i, false
			}
		}
	}
	return i, false
}

func isHex4(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func skipNumber(s string, i int) (int, bool) {
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := func() bool {
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i > start
	}
	lead := i
	if !digits() || s[lead] == '0' && i > lead+1 {
		return i, false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return i, false
		}
	}
	if i < len(s) && s[i]|0x20 == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return i, false
		}
	}
	return i, true
}

// Indent prints JSON as Indented2 does, for bodies that the plugin signs.
func Indent(json string) string {
	return text(abi.AppendLayout(make([]byte, 0, len(json)*3/2), abi.LayoutIndent2, json))
}
