package criteria

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	end kind = iota
	word
	number
	quoted
	sign       // , ; = != < <= > >=
	possessive // 's, or ' behind a plural
)

// token is one word of a criterion.
type token struct {
	kind kind
	text string // words in small letters, quoted ones without quotes
	raw  string // as written
	at   int    // byte offset
	mark rune   // of quoted: `, ", '
}

// cut splits a criterion into words. Everything can be cut; a quote that does
// not close is part of a word.
func cut(s string) []token {
	out := make([]token, 0, 16)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.IsSpace(r) || r == '(' || r == ')' || r == '*' {
			i += size
			continue
		}
		t, n := cutOne(s[i:], len(out) > 0 && i > 0 && !unicode.IsSpace(rune(s[i-1])))
		if n == 0 { // a mark that says nothing, such as a full stop
			i += size
			continue
		}
		t.at, t.raw = i, s[i:i+n]
		out = append(out, t)
		i += n
	}
	return append(out, token{at: len(s)})
}

// closers are the quotes that end what others begin.
var closers = map[rune]string{'"': `"`, '“': "”", '‘': "’", '\'': "'"}

func cutOne(s string, joined bool) (token, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == '`' {
		run := len(s) - len(strings.TrimLeft(s, "`"))
		if n := strings.Index(s[run:], s[:run]); n >= 0 {
			text := s[run : run+n]
			if run > 1 {
				text = strings.TrimSpace(text) // as code spans are
			}
			return token{kind: quoted, text: text, mark: '`'}, 2*run + n
		}
	}
	if joined && (r == '\'' || r == '’') {
		if rest := s[size:]; strings.HasPrefix(rest, "s") && !letterAt(rest, 1) {
			return token{kind: possessive, text: "'s"}, size + 1
		} else if !letterAt(rest, 0) {
			return token{kind: possessive, text: "'s"}, size
		}
	}
	if c, ok := closers[r]; ok && !joined {
		if n := strings.Index(s[size:], c); n >= 0 {
			return token{kind: quoted, text: s[size : size+n], mark: r}, size + n + len(c)
		}
	}
	for _, op := range []string{"==", "!=", "<=", ">=", "=", "<", ">", "≠", "≤", "≥", ",", ";"} {
		if strings.HasPrefix(s, op) {
			return token{kind: sign, text: spelled[op]}, len(op)
		}
	}
	n := wordEnd(s)
	if n == 0 {
		return token{}, 0
	}
	text := s[:n]
	if numeric(text) {
		return token{kind: number, text: strings.ReplaceAll(text, ",", "")}, n
	}
	return token{kind: word, text: strings.ToLower(strings.ReplaceAll(text, `\`, ""))}, n
}

var spelled = map[string]string{"==": "=", "=": "=", "!=": "!=", "≠": "!=", "<": "<", "<=": "<=", "≤": "<=", ">": ">", ">=": ">=", "≥": ">=", ",": ",", ";": ","}

func letterAt(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[min(i, len(s)):])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// wordEnd returns the length of the word that s begins with, without the marks
// that end a sentence or a part of it.
func wordEnd(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("`\"“”()*", r) })
	if n < 0 {
		n = len(s)
	}
	text := s[:n]
	if !strings.HasPrefix(text, "/") && !strings.Contains(text, "://") {
		if i := strings.IndexAny(text, "=<>≠≤≥;"); i > 0 {
			text = text[:i]
		}
	}
	for i := 0; i+1 < len(text); i++ {
		// 2,000 is one number, "a,b" two words.
		if text[i] == ',' && !(i > 0 && digit(text[i-1]) && digit(text[i+1])) {
			text = text[:i]
		}
	}
	for _, q := range []string{"'s", "’s", "'", "’"} {
		if rest, ok := strings.CutSuffix(strings.TrimRight(text, ".,:!?"), q); ok && rest != "" {
			return len(rest)
		}
	}
	return len(strings.TrimRight(text, ".,:!?"))
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// numeric tells whether s is a number: 7, -7, 7.5, 7,500.
func numeric(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, fraction, dot := strings.Cut(s, ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if g == "" || strings.Trim(g, "0123456789") != "" || i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && len(g) > 3 {
			return false
		}
	}
	return !dot || fraction != "" && strings.Trim(fraction, "0123456789") == ""
}
