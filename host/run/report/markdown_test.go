package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mirrahq/mirra/host"
)

func markdownOf(t testing.TB, runs []host.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := Markdown(&b, runs); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	preBlock = regexp.MustCompile(`(?s)<pre>\n.*?\n</pre>\n`)
	entity   = regexp.MustCompile(`&#\d+;`)
	// markup is what Markdown, its tables and HTML in it are made of, and what GitHub
	// makes links and notices of.
	markup = regexp.MustCompile("[\\\\`*_{}\\[\\]()<>#|~&$@^=]|(?i:://|www\\.|gh-)")
)

// TestMarkdownHostile holds that hostile text adds no markup: it is that of a run of the
// same shape whose texts are harmless.
func TestMarkdownHostile(t *testing.T) {
	t.Parallel()
	structure := func(text string) string {
		text = entity.ReplaceAllString(preBlock.ReplaceAllString(text, "PRE\n"), "x")
		var b strings.Builder
		for l := range strings.Lines(text) {
			b.WriteString(strings.Join(markup.FindAllString(l, -1), "") + "\n")
		}
		return b.String()
	}
	for _, rounds := range []int{1, 3} {
		harmless := harmlessRun(host.VerdictFail, 3, rounds)
		want := structure(markdownOf(t, []host.Run{harmless, harmless}))
		if !strings.Contains(want, "||||") {
			t.Fatalf("no table in %q", want)
		}
		for turn := range hostile {
			r := hostileRun(host.VerdictFail, 3, rounds, turn)
			text := markdownOf(t, []host.Run{r, r})
			if strings.Contains(text, "Left out") {
				t.Fatalf("turn %d: too long to compare", turn)
			}
			if got := structure(text); got != want {
				have, lines := strings.Split(want, "\n"), strings.Split(preBlock.ReplaceAllString(text, "PRE\n"), "\n")
				for i, l := range strings.Split(got, "\n") {
					if i >= len(have) || l != have[i] {
						t.Fatalf("turn %d of %d rounds: line %d has markup %q, unlike harmless text: %s", turn, rounds, i+1, l, lines[min(i, len(lines)-1)])
					}
				}
				t.Fatalf("turn %d of %d rounds: lines are missing", turn, rounds)
			}
			for _, block := range preBlock.FindAllString(text, -1) {
				if inner := strings.TrimSuffix(strings.TrimPrefix(block, "<pre>\n"), "\n</pre>\n"); strings.ContainsAny(inner, "<>") {
					t.Errorf("turn %d: markup in %q", turn, inner)
				}
			}
		}
	}
}

// TestMarkdownSize holds it to the limit, and what is cut to be said: what failed is kept
// before what passed.
func TestMarkdownSize(t *testing.T) {
	t.Parallel()
	large := hostileRun(host.VerdictFail, 300, 20, 0)
	long := shaped(host.VerdictError, 20, 20, func(int) string { return strings.Repeat("<@|`> ", 500) })
	var many []host.Run
	for range 500 {
		many = append(many, harmlessRun(host.VerdictFail, 2, 1))
	}
	passing := harmlessRun(host.VerdictFail, 1500, 1)
	for i := range passing.Criteria {
		c := &passing.Criteria[i]
		c.Passed, c.Failed, c.Errored, c.Skipped = 1, 0, 0, 0
		if i == len(passing.Criteria)-1 {
			c.Passed, c.Failed, c.Label = 0, 1, "the one that failed"
		}
	}
	for name, runs := range map[string][]host.Run{"large": {large}, "long": {long, long}, "many": many, "passing": {passing}} {
		text := markdownOf(t, runs)
		if len(text) > 60<<10 || len(text) < 30<<10 || !utf8.ValidString(text) {
			t.Errorf("%s: %d bytes, want up to %d", name, len(text), 60<<10)
		}
		if _, note, _ := strings.Cut(text, "\nLeft out, because"); !strings.Contains(note, " × ") {
			t.Errorf("%s does not say what was cut; it ends with %q", name, text[len(text)-200:])
		}
		if strings.Count(text, "<details>") != strings.Count(text, "</details>") || strings.Count(text, "<pre>") != strings.Count(text, "</pre>") {
			t.Errorf("%s: an element is open", name)
		}
		if name == "passing" && !strings.Contains(text, "| the one that failed") && !strings.Contains(text, "the one that failed") {
			t.Error("the criterion that failed was cut before those that passed")
		}
	}
}

func TestMarkdownBare(t *testing.T) {
	t.Parallel()
	for _, r := range bare() {
		if text := markdownOf(t, []host.Run{r}); !strings.HasPrefix(text, "## ") || !strings.Contains(text, "**satisfaction score: none") {
			t.Errorf("%+v:\n%s", r, text)
		}
	}
	for _, v := range verdicts {
		if text := markdownOf(t, []host.Run{harmlessRun(v, 1, 1)}); !strings.Contains(text, ": "+verdictWord(v)+"\n") {
			t.Errorf("%q is not in\n%s", v, text)
		}
	}
	if got, want := markdownOf(t, nil), "## ? undecided: no scenario was run\n\n"; got != want {
		t.Errorf("of none %q, want %q", got, want)
	}
}
