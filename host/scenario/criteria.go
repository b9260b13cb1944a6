package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yuin/goldmark/ast"

	"github.com/mirrahq/mirra/host/scenario/criteria"
	"github.com/mirrahq/mirra/host/scenario/evaluate"
)

var languages = []string{"sql", "expr", "http", "sh"}

// criteria reads the list of the section Success Criteria.
func (p *reader) criteria() {
	s := p.sections["criteria"]
	if s == nil {
		p.fault(0, nil, "there are no criteria: say below ## Success Criteria what must hold, as in \"- [D] exactly one customer was created\"")
		return
	}
	before := len(p.faults)
	for _, n := range s.nodes {
		switch n := n.(type) {
		case *ast.List:
			p.list(n)
		case *ast.FencedCodeBlock:
			if words, at := p.info(n); len(words) > 0 && slices.Contains(languages, words[0]) {
				p.fault(at[0], nil, "the %s block belongs to no criterion: indent it below its list item", words[0])
			}
		case *ast.Paragraph:
			e := p.excerptOf(n.Lines(), true)
			if tag, _ := cutTag(e.text); tag != "" {
				p.fault(e.offset(0), nil, "a criterion is a list item: begin the line with \"- \"")
			}
		}
	}
	if len(p.scenario.Criteria) == 0 && len(p.faults) == before {
		p.fault(s.at, nil, "there are no criteria: say in a list what must hold, as in \"- [D] exactly one customer was created\"")
	}
}

func (p *reader) list(l *ast.List) {
	for n := l.FirstChild(); n != nil; n = n.NextSibling() {
		p.item(n)
	}
}

// item reads one criterion, and those of lists below it. An untagged item above
// a list is its heading.
func (p *reader) item(item ast.Node) {
	var e excerpt
	var blocks []*ast.FencedCodeBlock
	var lists []*ast.List
	for n := item.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			if e.pieces == nil {
				e = p.excerptOf(n.Lines(), true).trimmed()
			}
		case *ast.FencedCodeBlock:
			blocks = append(blocks, n)
		case *ast.List:
			lists = append(lists, n)
		}
	}
	tag, n := cutTag(e.text)
	if len(lists) == 0 || tag != "" || len(blocks) > 0 {
		p.criterion(item, e.from(n).trimmed(), e, tag, blocks)
	}
	for _, l := range lists {
		p.list(l)
	}
}

// cutTag returns the tag that a criterion begins with, in capital letters, and
// its length: [D], [P], check:, judge:, or another of the form [X].
func cutTag(text string) (tag string, n int) {
	lower := strings.ToLower(text)
	for word, kind := range map[string]Kind{"check:": Deterministic, "judge:": Probabilistic} {
		if strings.HasPrefix(lower, word) {
			return string(kind), len(word)
		}
	}
	if len(text) >= 3 && text[0] == '[' && text[2] == ']' && (len(text) == 3 || strings.ContainsRune(" \t\n", rune(text[3]))) {
		return strings.ToUpper(text[1:2]), 3
	}
	return "", 0
}

// criterion reads what one item says. Whole is its text with the tag.
func (p *reader) criterion(item ast.Node, e, whole excerpt, tag string, fenced []*ast.FencedCodeBlock) {
	at := item.Pos()
	if whole.pieces != nil {
		at = whole.offset(0)
	}
	if tag != "" && tag != string(Deterministic) && tag != string(Probabilistic) {
		p.fault(at, nil, "unknown tag [%s]: want [D] for what is checked, [P] for what a model judges", tag)
		return
	}
	if e.text == "" {
		p.fault(at, nil, "the criterion is empty")
		return
	}
	c := Criterion{ID: fmt.Sprintf("c%d", len(p.scenario.Criteria)+1), Text: strings.Join(strings.Fields(e.text), " "), Kind: Kind(tag), At: p.position(at)}
	if len(fenced) > 1 {
		_, at := p.info(fenced[1])
		p.fault(append(at, fenced[1].Pos())[0], nil, "a criterion has one block: make it two criteria")
	}
	if len(fenced) > 0 {
		if c.Block = p.block(fenced[0]); c.Block == nil {
			return
		}
	}
	if c.Kind == Probabilistic {
		if c.Block != nil {
			p.fault(p.offsetOf(fenced[0]), nil, "a model judges this criterion and reads no block: make it [D], or take the block out")
			return
		}
	} else if !p.bind(&c, e, fenced) {
		return
	}
	p.scenario.Criteria = append(p.scenario.Criteria, c)
}

func (p *reader) offsetOf(f *ast.FencedCodeBlock) int {
	_, at := p.info(f)
	return append(at, f.Pos())[0]
}

// bind finds out what a criterion that is not for a model asks.
func (p *reader) bind(c *Criterion, e excerpt, fenced []*ast.FencedCodeBlock) bool {
	q, err := p.words.Bind(e.text)
	look := q != nil && q.Source == criteria.Application
	if c.Block != nil {
		c.Kind = Deterministic
		state := c.Block.Language == "sql" || c.Block.Language == "expr"
		switch {
		case q == nil: // the block is the check
			return true
		case look && !state:
			c.Query = q
			if q.Within > 0 && c.Block.Wait > 0 {
				p.fault(p.offsetOf(fenced[0]), nil, "within and wait: say once how long")
				return false
			}
			return true
		}
		p.fault(p.offsetOf(fenced[0]), nil, "binds to two things: the sentence by itself (%s), and the %s block; take the block out, or word the sentence otherwise", q.Explain().Query, c.Block.Language)
		return false
	}
	if look {
		p.fault(e.offset(0), nil, "what shows it? Put an http or sh block below the criterion that looks at the application")
		return false
	}
	var wrong *criteria.Error
	switch {
	case err == nil:
		c.Kind, c.Query = Deterministic, q
	case c.Kind == "":
		c.Kind, c.Untagged = Probabilistic, err.Error()
	case errors.As(err, &wrong):
		p.fault(e.offset(wrong.Offset), wrong.Nearest, "%s", wrong.Message)
		return false
	}
	return true
}

// block reads a fenced block below a criterion; nil is that it is at fault.
func (p *reader) block(f *ast.FencedCodeBlock) *Block {
	words, at := p.info(f)
	if len(words) == 0 {
		p.fault(f.Pos(), nil, "what block is this? want ```sql MIRROR, ```expr, ```http or ```sh")
		return nil
	}
	if !slices.Contains(languages, words[0]) {
		p.unknown(at[0], "block", words[0], languages)
		return nil
	}
	e := p.excerptOf(f.Lines(), false)
	b := &Block{Language: words[0], Text: strings.ReplaceAll(e.text, "\r\n", "\n")}
	if strings.TrimSpace(b.Text) == "" {
		p.fault(at[0], nil, "the %s block is empty", b.Language)
		return nil
	}
	b.At = p.position(e.offset(0))
	ok := true
	for i := 1; i < len(words); i++ {
		wait, is := strings.CutPrefix(words[i], "wait")
		switch {
		case is && (wait == "" || wait[0] == '=' || wait[0] == ':'):
			place := at[i] + min(len(words[i]), len("wait="))
			if wait = strings.TrimLeft(wait, "=:"); wait == "" && i+1 < len(words) {
				i++
				wait, place = words[i], at[i]
			}
			d, err := time.ParseDuration(wait)
			switch {
			case err != nil || d <= 0 || d > time.Hour:
				p.fault(place, nil, "wait %q: want how long, 5s, up to 1h", wait)
				ok = false
			case b.Language == "sql" || b.Language == "expr":
				p.fault(place, nil, "%s looks at what is sealed when the run ends: there is nothing to wait for", b.Language)
				ok = false
			}
			b.Wait = d
		case b.Language == "sql" && b.Mirror == "":
			b.Mirror = words[i]
			if !slices.Contains(p.words.Mirrors(), b.Mirror) {
				p.unknown(at[i], "mirror", b.Mirror, p.words.Mirrors())
				ok = false
			}
		default:
			p.fault(at[i], nil, "%q does not belong here", words[i])
			ok = false
		}
	}
	if ok && b.Language == "sql" && b.Mirror == "" {
		if names := p.words.Mirrors(); len(names) == 1 {
			b.Mirror = names[0]
		} else {
			p.fault(at[0], nil, "which mirror? want sql MIRROR, one of %s", strings.Join(names, ", "))
			ok = false
		}
	}
	if ok && b.Language == "expr" {
		ok = p.expression(e)
	}
	if !ok {
		return nil
	}
	return b
}

// expression checks an expr block.
func (p *reader) expression(e excerpt) bool {
	_, err := evaluate.CompileExpression(e.text)
	var wrong *evaluate.ExpressionError
	if !errors.As(err, &wrong) {
		return err == nil
	}
	// The column counts characters of the line.
	at := 0
	for range wrong.Line - 1 {
		at += strings.IndexByte(e.text[at:], '\n') + 1
	}
	line, _, _ := strings.Cut(e.text[at:], "\n")
	if runes := []rune(line); wrong.Column-1 <= len(runes) {
		at += len(string(runes[:wrong.Column-1]))
	}
	p.fault(e.offset(at), nil, "the expression: %s", wrong.Message)
	return false
}
