package scenario

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"
	"github.com/yuin/goldmark/text"

	"github.com/mirrahq/mirra/host/nearest"
)

// MaxBytes is the largest file that is read: far beyond what people write.
const MaxBytes = 256 << 10

// maxFaults bounds what is reported of one file.
const maxFaults = 100

// source is a file's text, and the faults found in it.
type source struct {
	file   string
	all    []byte // with a byte order mark
	base   int    // its length
	text   []byte // what is parsed
	lines  []int  // offsets in all
	faults []*Fault
}

func newSource(file string, all []byte) *source {
	s := &source{file: file, all: all, text: all, lines: []int{0}}
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(all, mark) {
		s.base, s.text = len(mark), all[len(mark):]
	}
	for i, c := range all {
		if c == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// position returns the place of an offset in text.
func (s *source) position(offset int) Position {
	offset = min(max(offset+s.base, 0), len(s.all))
	line := sort.SearchInts(s.lines, offset+1) - 1
	return Position{line + 1, offset - s.lines[line] + 1}
}

func (s *source) fault(offset int, near []string, format string, args ...any) {
	s.faults = append(s.faults, &Fault{File: s.file, Position: s.position(offset), Message: fmt.Sprintf(format, args...), Nearest: near})
}

// unknown is the fault of a word that is not in a list.
func (s *source) unknown(offset int, what, word string, known []string) {
	s.fault(offset, nearest.Words(strings.ToLower(word), known, 1), "unknown %s %q: want %s", what, shorten(word), strings.Join(known, ", "))
}

func shorten(word string) string {
	if len(word) > 60 {
		return strings.ToValidUTF8(word[:60], "") + "…"
	}
	return word
}

// checkText finds what is no UTF-8.
func (s *source) checkText() {
	for i := 0; i < len(s.text); {
		r, size := utf8.DecodeRune(s.text[i:])
		if r == utf8.RuneError && size == 1 {
			s.fault(i, nil, "byte 0x%02x is not UTF-8: save the file as UTF-8", s.text[i])
			return
		}
		i += size
	}
}

// maxNesting is how deep quotes and lists may be within each other. The time that
// Markdown takes grows with its square.
const maxNesting = 100

// checkNesting finds lines that begin with more quotes and lists than that, and
// tells whether there are none.
func (s *source) checkNesting() bool {
	at := 0
	for line := range bytes.Lines(s.text) {
		if n := markers(line); n > maxNesting {
			s.fault(at, nil, "%d quotes and lists within each other: %d at most", n, maxNesting)
			return false
		}
		at += len(line)
	}
	return true
}

// markers counts what a line begins with of > and of the marks of list items.
func markers(line []byte) int {
	n := 0
	for {
		line = bytes.TrimLeft(line, " \t")
		rest := bytes.TrimLeft(line, "0123456789")
		if len(rest) == len(line) || len(rest) > 0 && (rest[0] == '.' || rest[0] == ')') {
			line = rest
		}
		spaced := len(line) < 2 || line[1] == ' ' || line[1] == '\t'
		if len(line) == 0 || line[0] != '>' && !(spaced && bytes.IndexByte([]byte("-+*.)"), line[0]) >= 0) {
			return n
		}
		n++
		line = line[1:]
	}
}

// err returns the faults in the order of their places.
func (s *source) err() error {
	slices.SortStableFunc(s.faults, func(a, b *Fault) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	var all *multierror.Error
	for i, f := range s.faults {
		if i == maxFaults {
			all = multierror.Append(all, fmt.Errorf("%s: and %d faults more", s.file, len(s.faults)-i))
			break
		}
		all = multierror.Append(all, f)
	}
	return all.ErrorOrNil()
}

// excerpt is text that was put together from lines of a source.
type excerpt struct {
	text   string
	pieces []piece
}

type piece struct{ at, source int }

// excerptOf joins lines. Trim takes the white space around each line away.
func (s *source) excerptOf(lines *text.Segments, trim bool) excerpt {
	var b strings.Builder
	var e excerpt
	for i := range lines.Len() {
		seg := lines.At(i)
		value, start := seg.Value(s.text), seg.Start
		if seg.Padding > 0 { // part of a tab, as spaces
			e.pieces = append(e.pieces, piece{b.Len(), start})
			b.WriteString(strings.Repeat(" ", seg.Padding))
			value = value[min(seg.Padding, len(value)):]
		}
		if trim {
			value = bytes.TrimLeft(value, " \t")
			start = seg.Stop - len(value)
			value = bytes.TrimRight(value, " \t\r\n")
			if i > 0 {
				b.WriteByte('\n')
			}
		}
		e.pieces = append(e.pieces, piece{b.Len(), start})
		b.Write(value)
	}
	e.text = b.String()
	return e
}

// offset returns where in the source a place of the excerpt is.
func (e excerpt) offset(at int) int {
	i := sort.Search(len(e.pieces), func(i int) bool { return e.pieces[i].at > at }) - 1
	if i < 0 {
		return 0
	}
	return e.pieces[i].source + at - e.pieces[i].at
}

// from returns what is left behind the first n bytes.
func (e excerpt) from(n int) excerpt {
	out := excerpt{text: e.text[n:]}
	for i, p := range e.pieces {
		if i+1 < len(e.pieces) && e.pieces[i+1].at <= n {
			continue
		}
		if p.at < n {
			p = piece{n, p.source + n - p.at}
		}
		out.pieces = append(out.pieces, piece{p.at - n, p.source})
	}
	return out
}

// trimmed is the excerpt without white space around it.
func (e excerpt) trimmed() excerpt {
	e = e.from(len(e.text) - len(strings.TrimLeft(e.text, " \t\r\n")))
	e.text = strings.TrimRight(e.text, " \t\r\n")
	return e
}
