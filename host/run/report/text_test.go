package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mirrahq/mirra/host"
)

func textOf(t testing.TB, runs []host.Run, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, runs, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTextHostile holds that nothing from outside reaches the terminal but text, and that
// lines keep to its width; what a command printed is as it was.
func TestTextHostile(t *testing.T) {
	t.Parallel()
	for turn := range hostile {
		for _, rounds := range []int{1, 7} {
			for _, width := range []int{40, 100} {
				r := hostileRun(host.VerdictFail, 5, rounds, turn)
				text := textOf(t, []host.Run{r, r}, Options{Width: width})
				if !utf8.ValidString(text) {
					t.Fatalf("turn %d: not UTF-8", turn)
				}
				for l := range strings.Lines(text) {
					l = strings.TrimSuffix(l, "\n")
					for _, c := range l {
						if unicode.IsControl(c) || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069' || c == '\u200e' || c == '\u200f' {
							t.Fatalf("turn %d: %q has %q", turn, l, c)
						}
					}
					if printed := strings.HasPrefix(l, "    ") && !strings.HasPrefix(l, "     "); columns(l) > width && !printed && !strings.HasPrefix(l, "satisfaction score") {
						t.Fatalf("turn %d: %d columns of %d: %q", turn, columns(l), width, l)
					}
				}
			}
		}
	}
}

// TestTextEnds holds the last line of a scenario, which scripts look for.
func TestTextEnds(t *testing.T) {
	t.Parallel()
	score := func(f float64) *float64 { return &f }
	for _, c := range []struct {
		run  host.Run
		want string
	}{
		{host.Run{SatisfactionScore: score(1), Passed: 3, Evaluated: 3, Rounds: make([]host.RunRound, 1)}, "satisfaction score: 100% (3/3 criteria passed across 1 run)"},
		{host.Run{SatisfactionScore: score(0), Passed: 0, Evaluated: 2, Rounds: make([]host.RunRound, 2)}, "satisfaction score: 0% (0/2 criteria passed across 2 runs)"},
		{host.Run{SatisfactionScore: score(2.0 / 3), Passed: 40, Evaluated: 60, Rounds: make([]host.RunRound, 20)}, "satisfaction score: 66.7% (40/60 criteria passed across 20 runs)"},
		{host.Run{SatisfactionScore: score(9999.0 / 10000), Passed: 9999, Evaluated: 10000, Rounds: make([]host.RunRound, 1000)}, "satisfaction score: 99.9% (9999/10000 criteria passed across 1,000 runs)"},
		{host.Run{Rounds: make([]host.RunRound, 1)}, "satisfaction score: none (0 criteria evaluated across 1 run)"},
		{host.Run{Runs: 3}, "satisfaction score: none (0 criteria evaluated across 0 runs)"},
	} {
		for _, o := range []Options{{}, {Quiet: true}, {Colour: true, Width: 40}} {
			if got := textOf(t, []host.Run{c.run}, o); !strings.HasSuffix(got, "\n"+c.want+"\n") {
				t.Errorf("%+v ends with %q, want %q", o, got[max(len(got)-120, 0):], c.want)
			}
		}
	}
	if got := textOf(t, example(t), Options{}); strings.Count(got, "\nsatisfaction score: ") != 5 || !strings.HasSuffix(got, "\n5 scenarios: 1 pass, 1 undecided, 1 fail, 1 timeout, 1 error\n") {
		t.Errorf("several end with %q", got[max(len(got)-200, 0):])
	}
}

func TestTextSays(t *testing.T) {
	t.Parallel()
	r := harmlessRun(host.VerdictTimeout, 4, 3)
	r.Criteria[0].Evidence[2].CheckResult = r.Criteria[0].Evidence[0].CheckResult // rounds 1 and 3 alike
	r.Criteria[0].Evidence[2].Model = r.Criteria[0].Evidence[0].Model
	r.Rounds[0].Driver.Output = strings.Repeat("line\n", 30) + "\x1b[31mthe end\x1b[0m\n"
	r.Runs = 5
	text := textOf(t, []host.Run{r}, Options{Width: 200})
	for _, want := range []string{
		"failed in rounds 1, 3\n", "(read as [P])", "warning: ", "(mirra logs --session=", "trace:    #4, #7 (", "hint: ", "    the end\n", "work tree of round 2 (+1 −1 lines): ",
		"3 of 5 runs took place", "a score of 80% is needed: not reached", ": 3 calls (1 cached), 1,234 + 210 tokens, $0.01",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if got := strings.Count(text, "    line\n"); got != outputLines-1 {
		t.Errorf("%d lines of output, want the last %d", got+1, outputLines)
	}
	if strings.Contains(textOf(t, []host.Run{r}, Options{Colour: true}), "\x1b[31mthe end") {
		t.Error("colours of what was printed are kept")
	}
}

func TestTextBare(t *testing.T) {
	t.Parallel()
	for _, r := range bare() {
		if text := textOf(t, []host.Run{r}, Options{Width: 1}); !strings.Contains(text, "satisfaction score: none") {
			t.Errorf("%+v:\n%s", r, text)
		}
	}
	if got, want := textOf(t, nil, Options{}), "no scenario was run\n"; got != want {
		t.Errorf("of no runs %q, want %q", got, want)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{roundsText([]int{1}), "round 1"},
		{roundsText([]int{1, 2}), "rounds 1, 2"},
		{roundsText([]int{1, 3, 4, 5}), "rounds 1, 3–5"},
		{roundsText([]int{2, 3, 4, 9, 10, 12}), "rounds 2–4, 9, 10, 12"},
		{percent(0.0001), "0.1%"}, {percent(0.125), "12.5%"}, {percent(1), "100%"}, {percent(0), "0%"},
		{thousands(0), "0"}, {thousands(999), "999"}, {thousands(1234567), "1,234,567"}, {thousands(-1234), "-1,234"}, {thousands(-123), "-123"},
		{took(999), "999 ms"}, {took(9_999), "9.9 s"}, {took(59_999), "59 s"}, {took(3_599_000), "59 min 59 s"}, {took(3_660_000), "1 h 1 min"},
		{dollars(0), "$0.00"}, {dollars(0.0031), "$0.0031"}, {dollars(0.00001), "less than $0.0001"}, {dollars(12.345), "$12.35"},
		{clean("a\x1b[1;31mb\x1b[0m\r\nc\td\x07\xff"), "ab\nc\td\ufffd\ufffd"},
		{clean("\x1b]8;;http://x\x1b\\link\x1b]8;;\x07\x1b(B\x1b7"), "link"},
		{line("a\n  b\u202ec"), "a b\ufffdc"},
		{short("abc", 3), "abc"}, {short("aéb", 2), "a… (2 more characters)"},
		{strings.Join(wrap("one two  three", 7), "|"), "one two|three"}, {strings.Join(wrap("abcdef", 4), "|"), "abcd|ef"}, {strings.Join(wrap("無無無", 4), "|"), "無無|無"}, {strings.Join(wrap("", 4), "|"), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

// TestDiffLines tells a line "-- a" that was taken out from the name of a file.
func TestDiffLines(t *testing.T) {
	t.Parallel()
	var got []string
	for _, l := range diffLines("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n--- a comment\n+++ more\n same\ndiff --git a/y b/y\n--- a/y\n") {
		got = append(got, l.Kind)
	}
	if got, want := strings.Join(got, " "), "file file file hunk del add  file file"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
