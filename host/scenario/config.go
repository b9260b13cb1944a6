package scenario

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"go.yaml.in/yaml/v3"
)

// Keys are those of the section Config.
var Keys = []string{"mirrors", "fixture", "fixture-file", "mirror-version", "timeout", "runs", "driver", "agent", "start", "ready", "forward", "workdir", "judge-model", "persistent", "tags", "clock", "probe"}

// Agents are those that can be started.
var Agents = []string{"claude-code", "codex", "cursor", "copilot", "cline", "custom"}

// ProbeEffects is Config.Probe of handlers that answer 200 whatever they get: they are
// judged by whether a webhook makes them call a vendor.
const ProbeEffects = "effects"

// NoDriver is Config.Driver of a scenario that judges what its seeds hold.
const NoDriver = "none"

// MaxRuns is how often a scenario may run.
const MaxRuns = 1000

const maxTimeout = 24 * time.Hour

// setting is a key with its values.
type setting struct {
	at     int // of the key
	values []word
}

// word is a text with its place.
type word struct {
	text string
	at   int
}

// config reads the section Config: a list of "key: value", or fenced YAML.
func (p *reader) config() {
	p.settings = map[string]setting{}
	s := p.sections["config"]
	if s == nil {
		return
	}
	for _, n := range s.nodes {
		switch n := n.(type) {
		case *ast.List:
			for item := n.FirstChild(); item != nil; item = item.NextSibling() {
				p.listed(item)
			}
		case *ast.FencedCodeBlock:
			words, at := p.info(n)
			if len(words) > 0 && words[0] != "yaml" && words[0] != "yml" {
				p.unknown(at[0], "block", words[0], []string{"yaml"})
				continue
			}
			p.yaml(p.excerptOf(n.Lines(), false))
		case *ast.Paragraph:
			p.fault(p.excerptOf(n.Lines(), true).offset(0), nil, "want a list of \"- key: value\", or a yaml block")
		}
	}
	p.apply()
}

// listed reads "key: value", and a list below it as values.
func (p *reader) listed(item ast.Node) {
	var e excerpt
	var values []word
	for n := item.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Paragraph, *ast.TextBlock:
			if e.pieces == nil {
				e = p.excerptOf(n.Lines(), true).trimmed()
			}
		case *ast.List:
			for sub := n.FirstChild(); sub != nil; sub = sub.NextSibling() {
				if first := sub.FirstChild(); first != nil && first.Lines().Len() > 0 {
					values = append(values, p.word(p.excerptOf(first.Lines(), true)))
				}
			}
		}
	}
	key, _, ok := strings.Cut(e.text, ":")
	if !ok {
		at := item.Pos()
		if e.pieces != nil {
			at = e.offset(0)
		}
		p.fault(at, nil, "want \"key: value\"")
		return
	}
	if rest := e.from(len(key) + 1).trimmed(); rest.text != "" {
		values = append([]word{p.word(rest)}, values...)
	}
	p.set(word{strings.Trim(key, "`* "), e.offset(0)}, values)
}

// word takes quotes off a value.
func (p *reader) word(e excerpt) word {
	e = e.trimmed()
	w := word{e.text, e.offset(0)}
	for _, q := range []string{"`", `"`, "'"} {
		if t := strings.TrimPrefix(w.text, q); len(w.text) > 1 && t != w.text && strings.HasSuffix(t, q) && !strings.Contains(t[:len(t)-1], q) {
			return word{t[:len(t)-1], e.offset(1)}
		}
	}
	return w
}

func (p *reader) set(key word, values []word) {
	name := strings.ToLower(key.text)
	if !slices.Contains(Keys, name) {
		p.unknown(key.at, "key", key.text, Keys)
		return
	}
	if first, ok := p.settings[name]; ok {
		p.fault(key.at, nil, "a second %s: the first is in line %d", name, p.position(first.at).Line)
		return
	}
	p.settings[name] = setting{key.at, values}
	if len(values) == 0 {
		p.fault(key.at, nil, "%s has no value", name)
	}
}

// yamlLine is how the YAML library says where.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

func (p *reader) yaml(e excerpt) {
	var doc yaml.Node
	// Places within the block, which begins at its first line.
	lines := []int{0}
	for i := range e.text {
		if e.text[i] == '\n' {
			lines = append(lines, i+1)
		}
	}
	place := func(line, column int) int {
		at := lines[min(max(line-1, 0), len(lines)-1)]
		for ; column > 1 && at < len(e.text) && e.text[at] != '\n'; column-- { // it counts characters
			_, size := utf8.DecodeRuneInString(e.text[at:])
			at += size
		}
		return e.offset(at)
	}
	if err := yaml.Unmarshal([]byte(e.text), &doc); err != nil {
		text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1]) // they are digits
			text = m[2]
			// The library counts lines of its parser from 0, those of its scanner
			// from 1 (go.yaml.in/yaml/v3, decode.go, parser.fail).
			if strings.HasPrefix(text, "did not find expected") {
				line++
			}
		}
		p.fault(place(line, 1), nil, "no YAML: %s", text)
		return
	}
	if len(doc.Content) == 0 {
		return
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		p.fault(place(root.Line, root.Column), nil, "want keys and values")
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		var values []word
		nodes := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode {
			nodes = value.Content
		}
		fine := true
		for _, n := range nodes {
			at := place(n.Line, n.Column)
			if n.Kind != yaml.ScalarNode {
				p.fault(at, nil, "%s: want a value, or a list of values", key.Value)
				fine = false
				continue
			}
			if n.Style == yaml.DoubleQuotedStyle || n.Style == yaml.SingleQuotedStyle {
				at++
			}
			if n.Tag != "!!null" {
				values = append(values, word{n.Value, at})
			}
		}
		if fine {
			p.set(word{key.Value, place(key.Line, key.Column)}, values)
		}
	}
}

// apply checks the settings and keeps them.
func (p *reader) apply() {
	c := &p.scenario.Config
	p.mirrors(c)
	p.versions(c)
	p.fixtures(c)
	for key, into := range map[string]*string{"fixture-file": &c.FixtureFile, "driver": &c.Driver, "start": &c.Start, "ready": &c.Ready, "judge-model": &c.JudgeModel, "probe": &c.Probe} {
		if w, ok := p.one(key); ok {
			*into = w.text
			if key == "fixture-file" {
				c.FixtureFileAt = p.position(w.at)
			}
		}
	}
	p.forwards(c)
	for _, key := range []string{"ready", "probe"} {
		if w, ok := p.one(key); ok && !(key == "probe" && w.text == ProbeEffects) && p.local(key, w) && key == "ready" {
			p.somewhere(key, w, c)
		}
	}
	p.choice("agent", Agents, &c.Agent)
	p.choice("workdir", []string{"copy", "in-place"}, &c.WorkDir)
	var persistent string
	p.choice("persistent", []string{"true", "false"}, &persistent)
	c.Persistent = persistent == "true"
	if w, ok := p.one("timeout"); ok {
		d, err := time.ParseDuration(w.text)
		if err != nil || d <= 0 || d > maxTimeout {
			p.fault(w.at, nil, "timeout %q: want how long, 90s or 15m, up to 24h", w.text)
		} else {
			c.Timeout = d
		}
	}
	if w, ok := p.one("runs"); ok {
		n, err := strconv.Atoi(w.text)
		if err != nil || n < 1 || n > MaxRuns {
			p.fault(w.at, nil, "runs %q: want a number from 1 to %d", w.text, MaxRuns)
		} else {
			c.Runs = n
		}
	}
	if w, ok := p.one("clock"); ok {
		t, err := time.Parse(time.RFC3339, w.text)
		if err != nil {
			t, err = time.Parse(time.DateOnly, w.text)
		}
		if err != nil {
			p.fault(w.at, nil, "clock %q: want a time, 2026-11-28T09:00:00Z, or a day", w.text)
		} else {
			c.Clock = t
		}
	}
	for _, w := range p.many("tags") {
		c.Tags = append(c.Tags, w.text)
	}
}

// local checks the address of something of the application's: a path, or a URL of this
// machine, which may have {port} in it.
func (p *reader) local(key string, w word) bool {
	u, err := url.Parse(strings.ReplaceAll(w.text, "{port}", "1"))
	switch {
	case err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(w.text, "/"):
		return true
	case err == nil && (u.Scheme == "http" || u.Scheme == "https"):
		if ip, e := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || e == nil && ip.IsLoopback() {
			return true
		}
		p.fault(w.at, nil, "%s %q is not on this machine", key, w.text)
		return false
	}
	p.fault(w.at, nil, "%s %q: want a path of the application, /webhooks, or a URL, http://127.0.0.1:3000/webhooks", key, w.text)
	return false
}

// somewhere checks that a path is one of an application whose address will be known.
func (p *reader) somewhere(key string, w word, c *Config) bool {
	if strings.HasPrefix(w.text, "/") && c.Start == "" && (key == "ready" || !strings.Contains(c.Ready, "://")) {
		p.fault(w.at, nil, "%s %q is a path, and nothing says where the application listens: say start: COMMAND, or write the whole URL", key, w.text)
		return false
	}
	return true
}

// forwards reads forward: an address, of the only mirror, or MIRROR=ADDRESS.
func (p *reader) forwards(c *Config) {
	for _, w := range p.many("forward") {
		mirror, text, named := strings.Cut(w.text, "=")
		at := w.at + len(mirror) + 1
		if !named || strings.ContainsAny(mirror, "/:") {
			if len(c.Mirrors) != 1 {
				p.fault(w.at, nil, "webhooks of which mirror? want MIRROR=%s", w.text)
				continue
			}
			mirror, text, at = c.Mirrors[0].Name, w.text, w.at
		} else if !slices.ContainsFunc(c.Mirrors, func(m Mirror) bool { return m.Name == mirror }) {
			p.fault(w.at, nil, "%s is not in mirrors", mirror)
			continue
		}
		if p.local("forward", word{text, at}) && p.somewhere("forward", word{text, at}, c) {
			c.Forwards = append(c.Forwards, Forward{mirror, text})
		}
	}
}

// one returns the only value of a key.
func (p *reader) one(key string) (word, bool) {
	s := p.settings[key]
	if len(s.values) == 0 {
		return word{}, false
	}
	if len(s.values) > 1 {
		p.fault(s.values[1].at, nil, "%s has one value", key)
	}
	return s.values[0], true
}

func (p *reader) choice(key string, known []string, into *string) {
	if w, ok := p.one(key); ok {
		if slices.Contains(known, w.text) {
			*into = w.text
		} else {
			p.unknown(w.at, key, w.text, known)
		}
	}
}

// many splits the values of a key at commas.
func (p *reader) many(key string) []word {
	var out []word
	for _, w := range p.settings[key].values {
		text, at := w.text, w.at
		if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
			text, at = text[1:len(text)-1], at+1
		}
		for part := range strings.SplitSeq(text, ",") {
			trimmed := strings.TrimSpace(part)
			if trimmed == "" {
				p.fault(at, nil, "%s: an empty value", key)
			} else {
				out = append(out, word{strings.Trim(trimmed, "`\""), at + strings.Index(part, trimmed)})
			}
			at += len(part) + 1
		}
	}
	if s, ok := p.settings[key]; ok {
		p.settings[key] = setting{s.at, out}
	}
	return out
}

// known returns the names of all mirrors.
func (p *reader) known() []string {
	var names []string
	for _, e := range p.options.Mirrors {
		if !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *reader) mirrors(c *Config) {
	for _, w := range p.many("mirrors") {
		name, line, _ := strings.Cut(w.text, "@")
		switch {
		case !slices.Contains(p.known(), name):
			p.unknown(w.at, "mirror", name, p.known())
		case slices.ContainsFunc(c.Mirrors, func(m Mirror) bool { return m.Name == name }):
			p.fault(w.at, nil, "%s is named twice", name)
		case line == "" || p.hasLine(w.at+len(name)+1, name, line):
			c.Mirrors = append(c.Mirrors, Mirror{name, line})
		}
	}
}

func (p *reader) hasLine(at int, name, line string) bool {
	var lines []string
	for _, e := range p.options.Mirrors {
		if e.Name == name && !slices.Contains(lines, lineOf(e)) {
			lines = append(lines, lineOf(e))
		}
	}
	if !slices.Contains(lines, line) {
		p.unknown(at, "version of "+name, line, lines)
		return false
	}
	return true
}

// versions reads mirror-version: a line, or MIRROR@LINE.
func (p *reader) versions(c *Config) {
	for _, w := range p.many("mirror-version") {
		name, line, named := strings.Cut(w.text, "@")
		at := w.at + len(name) + 1
		if !named {
			if len(c.Mirrors) != 1 {
				p.fault(w.at, nil, "of which mirror? want MIRROR@%s", w.text)
				continue
			}
			name, line, at = c.Mirrors[0].Name, w.text, w.at
		}
		i := slices.IndexFunc(c.Mirrors, func(m Mirror) bool { return m.Name == name })
		switch {
		case i < 0:
			p.fault(w.at, nil, "%s is not in mirrors", cmp.Or(name, "nothing"))
		case !p.hasLine(at, name, line):
		case c.Mirrors[i].Line != "" && c.Mirrors[i].Line != line:
			p.fault(w.at, nil, "mirrors says %s@%s", name, c.Mirrors[i].Line)
		default:
			c.Mirrors[i].Line = line
		}
	}
}

// fixtures reads fixture: a name, which is that of all mirrors that have it, or
// MIRROR=NAME.
func (p *reader) fixtures(c *Config) {
	own := func(e string) bool {
		return len(c.Mirrors) == 0 || slices.ContainsFunc(c.Mirrors, func(m Mirror) bool { return m.Name == e })
	}
	for _, w := range p.many("fixture") {
		mirror, name, named := strings.Cut(w.text, "=")
		at := w.at + len(mirror) + 1
		if !named {
			mirror, name, at = "", w.text, w.at
		} else if !slices.Contains(p.known(), mirror) {
			p.unknown(w.at, "mirror", mirror, p.known())
			continue
		}
		var all []string
		found := false
		for _, e := range p.options.Mirrors {
			if !own(e.Name) || mirror != "" && mirror != e.Name {
				continue
			}
			for _, f := range e.Fixtures {
				if !slices.Contains(all, f.Name) {
					all = append(all, f.Name)
				}
				if add := (Fixture{e.Name, f.Name}); f.Name == name {
					found = true
					if !slices.Contains(c.Fixtures, add) {
						c.Fixtures = append(c.Fixtures, add)
					}
				}
			}
		}
		if !found {
			p.unknown(at, "fixture", name, all)
		}
	}
}
