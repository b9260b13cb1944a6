package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mirrahq/mirra/host"
)

func htmlOf(t testing.TB, runs []host.Run) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, runs); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	htmlTag  = regexp.MustCompile(`<[^>]*>`)
	htmlAttr = regexp.MustCompile(`(\s[a-zA-Z-]+)="[^"]*"`)
	styled   = regexp.MustCompile(`(?s)<style>(.*)</style>`)
	target   = regexp.MustCompile(`(?i)[\s"'](src|srcset|href|action|formaction|poster|data|background|xlink:href|ping|cite|http-equiv|style|on[a-z]+)\s*=\s*"?([^"\s>]*)`)
	// voids have no end.
	voids = map[string]bool{"meta": true, "rect": true, "!DOCTYPE": true}
)

// TestHTMLAlone holds that a page asks for nothing and runs nothing, and lets its browser
// know: its style is the one that its policy allows.
func TestHTMLAlone(t *testing.T) {
	t.Parallel()
	runs := example(t)
	for turn := range hostile {
		runs = append(runs, hostileRun(host.VerdictFail, 3, 3, turn))
	}
	page := htmlOf(t, runs)
	style := styled.FindStringSubmatch(page)
	if style == nil {
		t.Fatal("no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	wanted := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy" content="([^"]*)">`).FindStringSubmatch(page)
	if policy == nil || html.UnescapeString(policy[1]) != wanted {
		t.Errorf("the policy is %q, want %q", policy, wanted)
	}
	if strings.Contains(style[1], "url(") || strings.Contains(style[1], "@import") || strings.Contains(style[1], "<") {
		t.Error("the style asks for something")
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two elements are %q", m[1])
		}
		ids[m[1]] = true
	}
	links := 0
	for _, tag := range htmlTag.FindAllString(page, -1) {
		name := tagName(tag)
		if name == "script" || name == "link" || name == "img" || name == "iframe" || name == "base" || name == "form" || name == "object" || name == "embed" {
			t.Errorf("%s", tag)
		}
		for _, m := range target.FindAllStringSubmatch(tag, -1) {
			switch {
			case m[1] == "href" && strings.HasPrefix(m[2], "#") && ids[m[2][1:]]:
				links++
			case m[1] == "http-equiv" && m[2] == "Content-Security-Policy":
			default:
				t.Errorf("%s", tag)
			}
		}
	}
	if links < 20 {
		t.Errorf("%d links within the page, want those to scenarios and criteria", links)
	}
}

func tagName(tag string) string {
	return strings.FieldsFunc(strings.TrimLeft(tag, "</"), func(r rune) bool { return r == ' ' || r == '>' || r == '/' || r == '\n' })[0]
}

// tags are a page's, with the names of their attributes.
func tags(page string) []string {
	return htmlTag.FindAllString(htmlAttr.ReplaceAllString(styled.ReplaceAllString(page, ""), "$1"), -1)
}

// TestHTMLHostile holds that hostile text adds no element and no attribute: they are those
// of a run of the same shape whose texts are harmless.
func TestHTMLHostile(t *testing.T) {
	t.Parallel()
	for _, rounds := range []int{1, 4} {
		harmless := harmlessRun(host.VerdictFail, 4, rounds)
		// What is there for long, empty and many-lined text alone.
		optional := func(list []string) string {
			all := strings.Join(list, "")
			all = strings.ReplaceAll(all, "<p class><bdi></bdi></p>", "")
			return strings.ReplaceAll(all, "<span class></span>", "")
		}
		want := optional(tags(htmlOf(t, []host.Run{harmless, harmless})))
		if strings.Count(want, "<details") < 8 {
			t.Fatalf("no details in %q", want)
		}
		for turn := range hostile {
			r := hostileRun(host.VerdictFail, 4, rounds, turn)
			page := htmlOf(t, []host.Run{r, r})
			if got := optional(tags(page)); got != want {
				i := 0
				for i < min(len(got), len(want)) && got[i] == want[i] {
					i++
				}
				t.Fatalf("turn %d of %d rounds: tags differ at %q, want %q", turn, rounds, got[max(i-60, 0):min(i+80, len(got))], want[max(i-60, 0):min(i+80, len(want))])
			}
			if !utf8.ValidString(page) || strings.ContainsAny(page, "\u202e\u2066\x1b\x00") {
				t.Errorf("turn %d: what steers is in the page", turn)
			}
		}
	}
}

// TestHTMLSound holds that elements end as they begin, tables have headings, and verdicts
// are words.
func TestHTMLSound(t *testing.T) {
	t.Parallel()
	pages := map[string][]host.Run{"example": example(t), "bare": bare(), "none": nil}
	for _, v := range verdicts {
		pages["verdict "+string(v)] = []host.Run{harmlessRun(v, 4, 20)}
	}
	for name, runs := range pages {
		page := htmlOf(t, runs)
		var open []string
		for _, tag := range htmlTag.FindAllString(styled.ReplaceAllString(page, ""), -1) {
			n := tagName(tag)
			switch {
			case voids[n]:
			case strings.HasPrefix(tag, "</"):
				if len(open) == 0 || open[len(open)-1] != n {
					t.Fatalf("%s: %s ends within %v", name, tag, open)
				}
				open = open[:len(open)-1]
			default:
				open = append(open, n)
			}
		}
		if len(open) > 0 {
			t.Errorf("%s: %v are open", name, open)
		}
		if strings.Count(page, "<h1") != 1 {
			t.Errorf("%s: %d headings of level 1", name, strings.Count(page, "<h1"))
		}
		if strings.Count(page, "<table") != strings.Count(page, "<thead>") || strings.Count(page, "<td") > 0 && !strings.Contains(page, `<th scope="row"`) {
			t.Errorf("%s: a table without headings", name)
		}
		for i := range runs {
			if !strings.Contains(page, "</span> "+html.EscapeString(verdictWord(runs[i].Verdict))+"</span>") {
				t.Errorf("%s: the verdict %q is not in words", name, runs[i].Verdict)
			}
			if !strings.Contains(page, html.EscapeString(scoreLine(&runs[i]))) {
				t.Errorf("%s: the score is missing", name)
			}
		}
	}
}

// TestHTMLShows holds that what a run has is on its page.
func TestHTMLShows(t *testing.T) {
	t.Parallel()
	r := shaped(host.VerdictFail, 4, 20, func(n int) string {
		return "word" + strings.Repeat("x", n%7) + "." + strings.Repeat("y", n%9) + strconv.Itoa(n)
	})
	page := html.UnescapeString(htmlOf(t, []host.Run{r}))
	for _, text := range []string{r.RunID, r.Scenario, r.File, r.SessionID, r.Reason, r.Hint, r.Tags[0], r.Warnings[1], r.Judge.Model, r.Mirrors[0].Version, r.Mirrors[0].Digest, r.DashboardURL,
		r.Criteria[3].Label, r.Criteria[3].Untagged, r.Criteria[2].Evidence[19].Reason, r.Criteria[2].Evidence[19].Query, r.Rounds[19].Driver.Output, r.Rounds[19].Application.Command, r.Rounds[19].WorkDir,
		"2026-11-28 09:00:00 UTC", "1 min 1 s", "1,234 + 210 tokens"} {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not on the page", text)
		}
	}
	if got := strings.Count(page, `<td class="cell `); got != 4*20 {
		t.Errorf("%d cells, want 4 criteria × 20 rounds", got)
	}
	for _, class := range []string{"file", "hunk", "add", "del"} {
		if strings.Count(page, `<span class="`+class+`">`) != 20 {
			t.Errorf("%d lines of kind %s, want one of each round", strings.Count(page, `<span class="`+class+`">`), class)
		}
	}
}

// TestHTMLSize keeps pages to what a browser opens at once.
func TestHTMLSize(t *testing.T) {
	t.Parallel()
	usual := shaped(host.VerdictFail, 1000, 20, func(n int) string { return "the customer was charged once" })
	if n, most := len(htmlOf(t, []host.Run{usual})), 8<<20; n > most {
		t.Errorf("1,000 criteria and 20 rounds are %d bytes, want at most %d", n, most)
	}
	worst := shaped(host.VerdictFail, 150, 60, func(n int) string { return strconv.Itoa(n) + strings.Repeat("<&'\"", 50) })
	for i := range 5 {
		worst.Rounds[i].Diff = strings.Repeat("+\n", 128<<10)
	}
	page := htmlOf(t, []host.Run{worst, worst})
	if most := 64 << 20; len(page) > most {
		t.Errorf("%d bytes, want at most %d", len(page), most)
	}
	if !strings.Contains(page, pageTooMuch) || !strings.Contains(page, "rounds are drawn of 60") {
		t.Error("does not say what was left out")
	}
}
