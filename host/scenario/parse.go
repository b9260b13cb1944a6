package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/nearest"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// Options is what a file is read with.
type Options struct {
	// Mirrors are all that there are. A scenario that names none has all.
	Mirrors []host.CatalogEntry
	// Driven is whether a driver or an agent is named outside the file.
	Driven bool
}

// sections are the names of H2 headings, in small letters.
var sections = map[string]string{
	"setup": "setup", "prompt": "prompt", "task": "prompt", "expected behavior": "expected", "expected behaviour": "expected",
	"success criteria": "criteria", "checks": "criteria", "config": "config",
}

var sectionNames = []string{"setup", "prompt", "task", "expected behavior", "success criteria", "checks", "config"}

// Parse reads a scenario. The error is a *multierror.Error of all its *Faults;
// the scenario is then what could be read.
func Parse(file string, data []byte, o Options) (*Scenario, error) {
	p := &reader{source: newSource(file, data), options: o, scenario: &Scenario{File: file, Criteria: []Criterion{}}}
	if len(data) > MaxBytes {
		p.fault(0, nil, "the file has more than %d bytes: a scenario is shorter", MaxBytes)
		return p.scenario, p.err()
	}
	p.checkText()
	if !p.checkNesting() {
		return p.scenario, p.err()
	}
	p.split()
	p.config()
	p.vocabulary()
	p.setup()
	p.prose()
	p.criteria()
	p.drives()
	return p.scenario, p.err()
}

// reader reads one file.
type reader struct {
	*source
	options  Options
	scenario *Scenario
	sections map[string]*section
	words    *criteria.Vocabulary
	settings map[string]setting
}

// section is what stands below an H2.
type section struct {
	at         int // of its heading
	start, end int // of its text
	nodes      []ast.Node
}

// split finds title and sections. Only blocks are parsed: what is within lines
// is read by those who know what they are.
func (p *reader) split() {
	doc := parser.NewParser(parser.WithBlockParsers(parser.DefaultBlockParsers()...)).Parse(text.NewReader(p.text))
	p.sections = map[string]*section{}
	var current *section
	title := -1
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok || h.Level > 2 {
			if current != nil {
				current.nodes = append(current.nodes, n)
			}
			continue
		}
		if current != nil {
			current.end = h.Pos()
			current = nil
		}
		name := strings.TrimSpace(p.excerptOf(h.Lines(), true).text)
		if h.Level == 1 {
			switch {
			case title >= 0:
				p.fault(h.Pos(), nil, "a second title %q: a scenario has exactly one heading of level 1, the other is in line %d; sections are of level 2", shorten(name), p.position(title).Line)
			case name == "":
				p.fault(h.Pos(), nil, "the title is empty")
			}
			if title < 0 {
				title, p.scenario.Title = h.Pos(), name
			}
			continue
		}
		key := sections[strings.Join(strings.Fields(strings.ToLower(strings.Trim(name, "*_: "))), " ")]
		if key == "" {
			p.unknown(h.Pos(), "section", name, sectionNames)
			continue
		}
		current = &section{at: h.Pos(), start: p.behind(h), end: len(p.text)}
		if first := p.sections[key]; first != nil {
			p.fault(h.Pos(), nil, "a second section %q: the first is in line %d", name, p.position(first.at).Line)
			continue
		}
		p.sections[key] = current
	}
	if title < 0 {
		p.fault(0, nil, "there is no title: a scenario has exactly one heading of level 1, as in \"# A customer pays\"")
	}
}

// behind returns where the line below a heading begins.
func (p *reader) behind(h *ast.Heading) int {
	at := h.Pos()
	if n := h.Lines().Len(); n > 0 {
		at = h.Lines().At(n - 1).Stop
	}
	next := func(from int) int {
		if i := bytes.IndexByte(p.text[min(from, len(p.text)):], '\n'); i >= 0 {
			return from + i + 1
		}
		return len(p.text)
	}
	if at > 0 && at <= len(p.text) && p.text[at-1] == '\n' {
		at--
	}
	end := next(at)
	if p.text[min(h.Pos(), len(p.text)-1)] != '#' { // underlined
		end = next(end)
	}
	return end
}

// prose takes the sections that are text.
func (p *reader) prose() {
	for key, into := range map[string]*string{"prompt": &p.scenario.Prompt, "expected": &p.scenario.Expected} {
		s := p.sections[key]
		if s == nil {
			continue
		}
		*into = p.plain(s.start, s.end)
		if *into == "" {
			p.fault(s.at, nil, "the section is empty: say something in it, or take it out")
		}
	}
}

func (p *reader) plain(start, end int) string {
	return strings.TrimSpace(strings.ReplaceAll(string(p.text[min(start, end):end]), "\r\n", "\n"))
}

// fences returns the fenced blocks of nodes, those within lists and quotes too.
func fences(nodes ...ast.Node) []*ast.FencedCodeBlock {
	var out []*ast.FencedCodeBlock
	for _, n := range nodes {
		_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // it fails only if this does
			if f, ok := n.(*ast.FencedCodeBlock); ok && entering {
				out = append(out, f)
			}
			return ast.WalkContinue, nil
		})
	}
	return out
}

// info returns the words behind a fence, and where they are.
func (p *reader) info(f *ast.FencedCodeBlock) (words []string, at []int) {
	if f.Info == nil {
		return nil, nil
	}
	seg := f.Info.Segment
	line := string(seg.Value(p.text))
	for i := 0; i < len(line); {
		if strings.ContainsRune(" \t\r", rune(line[i])) {
			i++
			continue
		}
		n := strings.IndexAny(line[i:], " \t\r")
		if n < 0 {
			n = len(line) - i
		}
		words, at = append(words, line[i:i+n]), append(at, seg.Start+i)
		i += n
	}
	return words, at
}

// setup reads the prose of the section Setup, and its seeds.
func (p *reader) setup() {
	s := p.sections["setup"]
	if s == nil {
		return
	}
	from, prose := s.start, ""
	for _, f := range fences(s.nodes...) {
		words, at := p.info(f)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "seed":
			p.seed(f, words, at)
		case "fault":
			p.rule(f, words, at)
		default:
			if near := nearest.Words(words[0], []string{"seed", "fault"}, 1); len(words) == 2 && near != nil {
				p.fault(at[0], near, "unknown block %q", words[0])
			}
			continue
		}
		prose += p.plain(from, p.lineStart(f.Pos())) + "\n\n"
		from = p.end(f)
	}
	p.scenario.Setup = strings.TrimSpace(prose + p.plain(from, s.end))
}

func (p *reader) lineStart(at int) int {
	return bytes.LastIndexByte(p.text[:min(at, len(p.text))], '\n') + 1
}

// end returns where the line below a fenced block begins.
func (p *reader) end(f *ast.FencedCodeBlock) int {
	at := f.Pos()
	if n := f.Lines().Len(); n > 0 {
		at = f.Lines().At(n-1).Stop - 1
	}
	for range 2 { // the line itself, and the fence that closes
		if i := bytes.IndexByte(p.text[min(at, len(p.text)):], '\n'); i >= 0 {
			at += i + 1
		} else {
			return len(p.text)
		}
	}
	return at
}

// ofMirror checks what stands behind the name of a block that belongs to a mirror.
func (p *reader) ofMirror(words []string, at []int) bool {
	switch {
	case len(words) == 1:
		p.fault(at[0], nil, "which mirror? want %s MIRROR, one of %s", words[0], strings.Join(p.words.Mirrors(), ", "))
		return false
	case len(words) > 2:
		p.fault(at[2], nil, "%q does not belong here: want %s MIRROR", words[2], words[0])
		return false
	}
	if !slices.Contains(p.words.Mirrors(), words[1]) {
		p.unknown(at[1], "mirror", words[1], p.words.Mirrors())
	}
	return true
}

func (p *reader) seed(f *ast.FencedCodeBlock, words []string, at []int) {
	if !p.ofMirror(words, at) {
		return
	}
	for _, s := range p.scenario.Seeds {
		if s.Mirror == words[1] {
			p.fault(at[1], nil, "a second seed of %s: the first is in line %d", s.Mirror, s.At.Line)
		}
	}
	var object map[string]json.RawMessage
	if text, place, ok := p.object(f, at, words[0], &object); ok {
		p.scenario.Seeds = append(p.scenario.Seeds, Seed{Mirror: words[1], Document: text, At: place})
	}
}

// rule reads a fault rule.
func (p *reader) rule(f *ast.FencedCodeBlock, words []string, at []int) {
	if !p.ofMirror(words, at) {
		return
	}
	var rule struct {
		host.FaultRule
		ID     *struct{} `json:"id"`     // the server's
		Mirror *struct{} `json:"mirror"` // behind the block's name
	}
	if _, place, ok := p.object(f, at, words[0], &rule); ok {
		p.scenario.Faults = append(p.scenario.Faults, Rule{Mirror: words[1], Rule: rule.FaultRule, At: place})
	}
}

// object reads the JSON object of a block.
func (p *reader) object(f *ast.FencedCodeBlock, at []int, what string, into any) (text json.RawMessage, place Position, ok bool) {
	e := p.excerptOf(f.Lines(), false)
	d := json.NewDecoder(strings.NewReader(e.text))
	d.DisallowUnknownFields()
	trimmed := len(e.text) - len(strings.TrimLeft(e.text, " \t\r\n"))
	err := d.Decode(into)
	if err == nil && e.text[trimmed] != '{' {
		err = &json.UnmarshalTypeError{Value: "null"}
	}
	var wrong *json.SyntaxError
	var other *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		p.fault(e.offset(int(max(wrong.Offset-1, 0))), nil, "no JSON: %v", wrong)
	case errors.As(err, &other) && other.Field != "":
		p.fault(e.offset(int(max(other.Offset-1, 0))), nil, "%s is %s, and is to be %s", other.Field, other.Value, other.Type)
	case errors.As(err, &other):
		p.fault(e.offset(trimmed), nil, "a %s is a JSON object, not %s", what, other.Value)
	case errors.Is(err, io.EOF):
		p.fault(f.Pos(), nil, "the %s is empty: want a JSON object", what)
	case errors.Is(err, io.ErrUnexpectedEOF):
		p.fault(e.offset(len(strings.TrimRight(e.text, " \t\r\n"))), nil, "no JSON: it ends in the middle")
	case err != nil:
		p.fault(e.offset(trimmed), nil, "the %s: %s", what, strings.TrimPrefix(err.Error(), "json: "))
	default:
		if rest := e.text[d.InputOffset():]; strings.TrimSpace(rest) != "" {
			p.fault(e.offset(len(e.text)-len(strings.TrimLeft(rest, " \t\r\n"))), nil, "no JSON: something stands behind the object")
			return nil, Position{}, false
		}
		return json.RawMessage(strings.TrimSpace(e.text)), p.position(e.offset(0)), true
	}
	return nil, Position{}, false
}

// vocabulary takes the words of the scenario's mirrors. A mirror that is not
// known leaves all words in, so that one slip is one fault.
func (p *reader) vocabulary() {
	var own []host.CatalogEntry
	for _, e := range p.options.Mirrors {
		for _, m := range p.scenario.Config.Mirrors {
			if m.Name == e.Name && (m.Line == "" || lineOf(e) == m.Line) {
				own = append(own, e)
			}
		}
	}
	known := len(p.scenario.Config.Mirrors) > 0 && len(p.scenario.Config.Mirrors) == len(p.settings["mirrors"].values)
	if !known {
		own = p.options.Mirrors
	}
	p.words = criteria.NewVocabulary(own)
}

// lineOf returns the line of a version, "2024-06" of "2024-06.1".
func lineOf(e host.CatalogEntry) string {
	if i := strings.LastIndexByte(e.Version, '.'); i >= 0 {
		return e.Version[:i]
	}
	return e.Version
}

// drives checks that something makes a run happen.
func (p *reader) drives() {
	c := p.scenario.Config
	at := 0
	if s := p.sections["config"]; s != nil {
		at = s.at
	}
	switch {
	case c.Driver != "" && c.Agent != "":
		p.fault(p.settings["agent"].at, nil, "driver and agent: one of them drives a run")
	case c.Agent != "" && p.sections["prompt"] == nil:
		p.fault(p.settings["agent"].at, nil, "an agent needs a section ## Prompt: what it is to do")
	case c.Driver == "" && c.Agent == "" && !p.options.Driven && !p.named("driver") && !p.named("agent"):
		p.fault(at, nil, "nothing drives this scenario: say driver: COMMAND or agent: NAME below ## Config, or driver: none to judge what the seed holds")
	}
}

// named tells whether a setting is there, in order or not.
func (p *reader) named(key string) bool {
	_, ok := p.settings[key]
	return ok
}
