package scenario

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// Draft is a scenario that was made of prose, to be edited.
type Draft struct {
	Title   string
	Told    []string // sentences that only tell
	Checked []string // criteria that bind: [D]
	Judged  []string // sentences that demand something and do not bind: [P]
	Mirrors []string // that Checked is about, sorted
}

var (
	// sentenceEnd is where a sentence ends: not within 1.5 or stripe.com.
	sentenceEnd = regexp.MustCompile(`[.!?;]+(?:\s+|$)|\n\s*\n|\n\s*(?:[-*+]|\d+[.)])\s+`)
	// demand are words by which a sentence says what must hold.
	demand = regexp.MustCompile(`(?i)\b(must|should|shall|has to|have to|may not|cannot|never|at most|at least|exactly|only|no more|every|each)\b`)
)

// FromProse sorts the sentences of a text, an issue or a paragraph of a specification, into
// what only tells and what must hold.
func FromProse(text string, words *criteria.Vocabulary) *Draft {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	first, rest, _ := strings.Cut(text, "\n")
	d := &Draft{Title: strings.TrimSpace(strings.Trim(strings.TrimRight(strings.TrimSpace(first), ".:!"), "#*_ "))}
	if !strings.HasPrefix(text, "#") && strings.TrimSpace(rest) == "" {
		rest = text // one line is title and sentence
	}
	for _, s := range sentenceEnd.Split("\n\n"+rest, -1) {
		s = strings.TrimSpace(strings.Trim(strings.Join(strings.Fields(s), " "), "#-*+ "))
		if s == "" {
			continue
		}
		q, err := words.Bind(s)
		switch {
		case err == nil && q.Subject != criteria.Look: // which needs a block
			d.Checked = append(d.Checked, s)
			if q.Mirror != "" && !slices.Contains(d.Mirrors, q.Mirror) {
				d.Mirrors = append(d.Mirrors, q.Mirror)
			}
		case demand.MatchString(s):
			d.Judged = append(d.Judged, s)
		default:
			d.Told = append(d.Told, s)
		}
	}
	slices.Sort(d.Mirrors)
	return d
}

// Markdown is the draft as a file. Mirrors are those it is for when no criterion says.
func (d *Draft) Markdown(mirrors []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", cmp.Or(d.Title, "A scenario"))
	told := strings.Join(d.Told, ". ")
	if told != "" {
		told += "."
		fmt.Fprintf(&b, "\n## Setup\n\n%s\n", told)
	}
	b.WriteString("\n## Task\n\nSay what the application, the test or the agent is to do.\n\n## Success Criteria\n\n")
	for _, s := range d.Checked {
		fmt.Fprintf(&b, "- [D] %s\n", s)
	}
	for _, s := range d.Judged {
		fmt.Fprintf(&b, "- [P] %s\n", s)
	}
	if len(d.Checked)+len(d.Judged) == 0 {
		b.WriteString("- [P] the application did what the task says\n")
	}
	if len(d.Mirrors) > 0 {
		mirrors = d.Mirrors
	}
	fmt.Fprintf(&b, "\n## Config\n\n- mirrors: %s\n- driver: npm test\n", strings.Join(mirrors, ", "))
	return b.String()
}
