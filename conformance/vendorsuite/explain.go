package vendorsuite

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Explain prints an exchange: its request, in what the answer differs, and both
// bodies side by side, with a mark at each line that differs. Unless whole is
// set, only lines that differ are printed, with what they are in. width is that
// of the terminal in characters.
func (r *Report) Explain(w io.Writer, x *Result, width int, whole bool) {
	x.explain(w, r.rules, width, whole)
}

func (x *Result) explain(w io.Writer, r *Rules, width int, whole bool) {
	fmt.Fprintf(w, "%s #%d %s  %s  %s%s\n", sign(x.Verdict), x.Order, x.Verdict, x.Operation, x.Version, x.remark())
	fmt.Fprintf(w, "  %s\n", x.Place)
	x.explainRequest(w, r)
	if len(x.Seeded) > 0 {
		fmt.Fprintf(w, "  imported before it: %s\n", strings.Join(x.Seeded, " "))
	}
	if len(x.Diffs) == 0 {
		fmt.Fprintf(w, "  %d, %d bytes, the same\n", x.Status, len(x.Body))
	}
	for _, d := range x.Diffs {
		path := d.Path
		if path == "" {
			path = "(the whole body)"
		}
		fmt.Fprintf(w, "  %-7s %s: %s → %s", d.Keeps, printable(path), printable(d.Want), printable(d.Have))
		if d.Why != "" {
			fmt.Fprintf(w, "  (%s)", printable(d.Why))
		}
		fmt.Fprintln(w)
	}
	if x.Answer == nil || !whole && (len(x.Diffs) == 0 || x.Verdict == Differs) {
		fmt.Fprintln(w)
		return
	}
	x.sideBySide(w, r, width, whole)
	fmt.Fprintln(w)
}

func sign(v Verdict) string {
	if v >= Exact {
		return "✓"
	}
	return "✗"
}

func (x *Result) remark() string {
	if !x.Counted {
		return "  not counted: " + x.Uncounted
	}
	return ""
}

// explainRequest prints a request as it was sent, one parameter a line, with the
// recorded value where it was another.
func (x *Result) explainRequest(w io.Writer, r *Rules) {
	target, body := pathOf(withoutUser(x.URL)), x.RequestBody
	if x.Request != nil {
		target, body = x.Request.Target, x.Request.Body
	}
	path, query, _ := strings.Cut(target, "?")
	old, oldQuery, _ := strings.Cut(pathOf(r.unmask(withoutUser(x.URL))), "?")
	fmt.Fprintf(w, "  %s %s", x.Method, printable(path))
	if old != path {
		fmt.Fprintf(w, "   (recorded %s)", printable(old))
	}
	fmt.Fprintln(w)
	for _, name := range r.Echoed {
		if x.Request != nil && x.Request.Header.Get(name) != "" {
			fmt.Fprintf(w, "    %s: %s\n", name, printable(x.Request.Header.Get(name)))
		}
	}
	params(w, "?", query, oldQuery)
	recorded := r.unmask(x.RequestBody)
	if root, _, ok := parse(body); ok && root.kind != stringKind {
		fmt.Fprintf(w, "    %s\n", printable(body))
		return
	}
	params(w, "", body, recorded)
}

func params(w io.Writer, lead, form, recorded string) {
	if form == "" {
		return
	}
	old := strings.Split(recorded, "&")
	for i, pair := range strings.Split(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		fmt.Fprintf(w, "    %s%s = %s", lead, printable(unescape(name)), printable(unescape(value)))
		if i < len(old) && old[i] != pair {
			_, was, _ := strings.Cut(old[i], "=")
			fmt.Fprintf(w, "   (recorded %s)", printable(unescape(was)))
		}
		fmt.Fprintln(w)
	}
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// sheetLine is one line of two bodies side by side.
type sheetLine struct {
	left, right string
	differs     bool
	depth       int
}

// sideBySide prints both bodies.
func (x *Result) sideBySide(w io.Writer, r *Rules, width int, whole bool) {
	want, have := newDocument(r.unmask(x.Body)), newDocument(x.Answer.Body)
	column := max(30, (width-7)/2)
	line := func(left, right, mark string) {
		fmt.Fprintf(w, "  %s %s │ %s\n", mark, pad(left, column), strings.TrimRight(pad(right, column), " "))
	}
	line(fmt.Sprintf("recorded: %d", x.Status), fmt.Sprintf("answer: %d", x.Answer.Status), " ")
	if want.root == nil || have.root == nil {
		line(excerpt(want.text), excerpt(have.text), "✗")
		return
	}
	s := sheet{marks: map[string]bool{}}
	for _, d := range x.Diffs {
		s.marks[d.Path] = true
	}
	s.value("", "", want.root, have.root, 0)
	shown := s.lines
	if !whole {
		shown = s.differing()
	}
	for _, l := range shown {
		mark := " "
		if l.differs {
			mark = "✗"
		}
		line(l.left, l.right, mark)
	}
}

type sheet struct {
	marks map[string]bool
	lines []sheetLine
}

func (s *sheet) add(depth int, left, right string, differs bool) {
	indent := strings.Repeat("  ", depth)
	if left != "" {
		left = indent + left
	}
	if right != "" {
		right = indent + right
	}
	s.lines = append(s.lines, sheetLine{left, right, differs, depth})
}

// value adds the lines of two values, either of which may be nil.
func (s *sheet) value(path, label string, want, have *node, depth int) {
	differs := s.marks[path] && path != "" || (want == nil) != (have == nil)
	if want == nil || have == nil || want.kind != have.kind || want.kind != objectKind && want.kind != arrayKind {
		for i, text := range zip(lines(label, want), lines(label, have)) {
			s.add(depth+text.depth, text.left, text.right, differs || i > 0 && s.marks[path])
		}
		return
	}
	open, end := "{", "}"
	if want.kind == arrayKind {
		open, end = "[", "]"
	}
	if len(want.kids)+len(have.kids) == 0 {
		s.add(depth, label+open+end, label+open+end, differs)
		return
	}
	s.add(depth, label+open, label+open, differs)
	if want.kind == arrayKind {
		for i := range max(len(want.kids), len(have.kids)) {
			s.value(fmt.Sprintf("%s[%d]", path, i), "", kid(want, i), kid(have, i), depth+1)
		}
	} else {
		for i := range want.kids {
			k := &want.kids[i]
			s.value(join(path, k.name), strconv.Quote(k.name)+": ", k, have.member(k.name), depth+1)
		}
		for i := range have.kids {
			k := &have.kids[i]
			if want.member(k.name) == nil {
				s.value(join(path, k.name), strconv.Quote(k.name)+": ", nil, k, depth+1)
			}
		}
	}
	s.add(depth, end, end, false)
}

func kid(n *node, i int) *node {
	if i < len(n.kids) {
		return &n.kids[i]
	}
	return nil
}

// lines prints a value of its own, one member a line.
func lines(label string, n *node) []sheetLine {
	var s sheet
	var value func(label string, n *node, depth int)
	value = func(label string, n *node, depth int) {
		if n.kind != objectKind && n.kind != arrayKind || len(n.kids) == 0 {
			s.lines = append(s.lines, sheetLine{left: label + show(n), depth: depth})
			return
		}
		open, end := "{", "}"
		if n.kind == arrayKind {
			open, end = "[", "]"
		}
		s.lines = append(s.lines, sheetLine{left: label + open, depth: depth})
		for i := range n.kids {
			name := ""
			if n.kind == objectKind {
				name = strconv.Quote(n.kids[i].name) + ": "
			}
			value(name, &n.kids[i], depth+1)
		}
		s.lines = append(s.lines, sheetLine{left: end, depth: depth})
	}
	if n != nil {
		value(label, n, 0)
	}
	return s.lines
}

// zip puts two columns of lines beside each other.
func zip(left, right []sheetLine) []sheetLine {
	var out []sheetLine
	for i := range max(len(left), len(right)) {
		var l sheetLine
		if i < len(left) {
			l.left, l.depth = left[i].left, left[i].depth
		}
		if i < len(right) {
			l.right = right[i].left
			if i >= len(left) {
				l.depth = right[i].depth
			} else if d := right[i].depth - l.depth; d > 0 {
				l.right = strings.Repeat("  ", d) + l.right
			}
		}
		out = append(out, l)
	}
	return out
}

// differing keeps lines that differ, and the openings of what they are in.
func (s *sheet) differing() []sheetLine {
	keep := make([]bool, len(s.lines))
	for i, l := range s.lines {
		if !l.differs {
			continue
		}
		keep[i] = true
		for j, depth := i-1, l.depth; j >= 0 && depth > 0; j-- {
			if s.lines[j].depth < depth {
				keep[j], depth = true, s.lines[j].depth
			}
		}
	}
	var out []sheetLine
	for i, l := range s.lines {
		if keep[i] {
			out = append(out, l)
		}
	}
	return out
}

// pad cuts or fills text to a width.
func pad(s string, width int) string {
	s = printable(s)
	n := utf8.RuneCountInString(s)
	if n > width {
		return string([]rune(s)[:width-1]) + "…"
	}
	return s + strings.Repeat(" ", width-n)
}
