package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// markdownBytes is what Markdown writes at most. GitHub refuses a comment of more than
// 65,536 characters ("Body is too long (maximum is 65536 characters)", as quoted in
// github.com/telia-oss/github-pr-resource/issues/259, read 2026-11-28), and takes 1 MiB of
// a step's summary ("supports content up to a size of 1024k", quoted in
// github.com/userdocs/qbittorrent-nox-static/actions/runs/9174023783, read 2026-11-28). The
// rest is for what a caller puts around it.
const markdownBytes = 60 << 10

// What one thing takes of it.
const (
	cellBytes   = 400 // of text in a table's cell
	proofBytes  = 700 // of what was found and expected
	blockBytes  = 6000
	blockLines  = 40
	diffMaxLine = 120
)

// piece is a part of the summary that is there whole or not at all.
type piece struct {
	text     string
	scenario int // its index; -1 for what is about all
	weight   int // lighter ones go in first
	what     string
}

// Weights of pieces, and what the note about missing ones calls them.
const (
	ofScenario = iota
	ofBadCriterion
	ofCriterion
	ofEvidence
	ofOutput
	ofDiff
)

// Markdown writes a summary for a pull request or a job, in GitHub's Markdown, of 60 KB at
// most: what was cut is counted at the end. Text from outside is text in it: it neither
// formats, nor links, nor notifies anybody.
func Markdown(w io.Writer, runs []host.Run) error {
	var pieces []piece
	if len(runs) != 1 {
		pieces = append(pieces, piece{text: fmt.Sprintf("## %s %s: %s\n\n", verdictSign(Overall(runs)), Overall(runs), md(counts(runs), cellBytes)), scenario: -1})
		if len(runs) > 0 {
			pieces[0].text += "|  | scenario | verdict | score | time |\n| --- | --- | --- | ---: | ---: |\n"
		}
		for i := range runs {
			r := &runs[i]
			pieces = append(pieces, piece{
				text:     fmt.Sprintf("| %s | %s | %s | %s | %s |\n", verdictSign(r.Verdict), md(titleOf(r), cellBytes), md(verdictWord(r.Verdict), cellBytes), scoreWord(r), took(r.DurationMS)),
				scenario: -1, weight: ofScenario, what: "line of the table of scenarios",
			})
		}
	}
	level := "##"
	if len(runs) != 1 {
		level = "###"
	}
	for i := range runs {
		pieces = append(pieces, scenarioPieces(&runs[i], i, level)...)
	}
	_, err := w.Write(fit(pieces, markdownBytes))
	return err
}

// fit joins the pieces that go into most bytes, in their order: scenarios first, then
// criteria that did not pass, then the others, evidence, outputs and diffs.
func fit(pieces []piece, most int) []byte {
	const note = 400 // what the note about missing ones takes at most
	total := 0
	for i := range pieces {
		total += len(pieces[i].text)
	}
	in := make([]bool, len(pieces))
	left := most
	if total > most {
		left -= note
	}
	headed := map[int]bool{-1: true} // scenarios that are there
	order := make([]int, len(pieces))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return pieces[a].weight - pieces[b].weight })
	for _, i := range order {
		p := &pieces[i]
		if len(p.text) > left || p.weight != ofScenario && !headed[p.scenario] {
			continue
		}
		in[i] = true
		left -= len(p.text)
		if p.weight == ofScenario {
			headed[p.scenario] = true
		}
	}
	var b bytes.Buffer
	missing := map[string]int{}
	var names []string
	for i := range pieces {
		switch p := &pieces[i]; {
		case in[i]:
			b.WriteString(p.text)
		case p.what != "":
			if missing[p.what] == 0 {
				names = append(names, p.what)
			}
			missing[p.what]++
		}
	}
	if len(names) > 0 {
		var parts []string
		for _, name := range names {
			parts = append(parts, thousands(int64(missing[name]))+" × "+name)
		}
		fmt.Fprintf(&b, "\nLeft out, because a comment holds no more: %s. `--json` and an HTML report have all.\n", strings.Join(parts, ", "))
	}
	return bytes.TrimLeft(b.Bytes(), "\n")
}

func scenarioPieces(r *host.Run, i int, level string) []piece {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s %s %s: %s\n\n", level, verdictSign(r.Verdict), md(titleOf(r), cellBytes), md(verdictWord(r.Verdict), cellBytes))
	var about []string
	if r.Reason != "" {
		about = append(about, "reason: "+md(r.Reason, proofBytes))
	}
	if r.Hint != "" {
		about = append(about, "hint: "+md(r.Hint, proofBytes))
	}
	for _, s := range []string{fewerRounds(r), gateLine(r)} {
		if s != "" {
			about = append(about, s)
		}
	}
	for k, g := range badRounds(r) {
		if r.Runs == 1 && g.Reason == r.Reason || k >= 10 {
			continue
		}
		about = append(about, fmt.Sprintf("%s: %s: %s", roundsText(g.Rounds), md(verdictWord(g.Verdict), cellBytes), md(g.Reason, cellBytes)))
	}
	for k, s := range r.Warnings {
		if k == 10 {
			about = append(about, plural(len(r.Warnings)-k, "more warning"))
			break
		}
		about = append(about, "warning: "+md(s, cellBytes))
	}
	for _, s := range about {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	if len(about) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "**%s**\n", scoreLine(r))
	var facts []string
	if r.File != "" {
		facts = append(facts, md(r.File, cellBytes))
	}
	facts = append(facts, took(r.DurationMS))
	for _, m := range r.Mirrors {
		facts = append(facts, md(m.Version, cellBytes))
	}
	if r.Judge != nil {
		facts = append(facts, "judge "+md(judgeLine(r.Judge), cellBytes))
	}
	fmt.Fprintf(&b, "\n<sub>%s</sub>\n", strings.Join(facts, " · "))
	if len(r.Criteria) > 0 {
		b.WriteString("\n|  | criterion | passed |\n| --- | --- | ---: |\n")
	}
	all := []piece{{text: b.String(), scenario: i, weight: ofScenario, what: "scenario"}}
	for k := range r.Criteria {
		c := &r.Criteria[k]
		weight := ofCriterion
		if !allPassed(c) {
			weight = ofBadCriterion
		}
		all = append(all, piece{text: fmt.Sprintf("| %s | %s \\[%s\\] %s | %s |\n", signOf(outcomeOf(c)), md(c.ID, cellBytes), md(c.Kind, cellBytes), md(c.Label, cellBytes)+strings.TrimRight(" "+md(readAs(c), cellBytes), " "), tally(c)), scenario: i, weight: weight, what: "criterion"})
	}
	for k := range r.Criteria {
		if c := &r.Criteria[k]; !allPassed(c) {
			if text := evidenceMarkdown(r, c); text != "" {
				all = append(all, piece{text: text, scenario: i, weight: ofEvidence, what: "evidence of a criterion"})
			}
		}
	}
	tasks := badTasks(r)
	for k := range tasks {
		e := &tasks[k]
		if lines, _ := tail(e.Output, blockLines); len(lines) > 0 {
			all = append(all, piece{text: details(md(e.ended()+" ("+roundsText(e.Rounds)+")", cellBytes), block(lines)), scenario: i, weight: ofOutput, what: "output"})
		}
	}
	var diffs []string
	of := map[string][]int{} // rounds
	for k := range r.Rounds {
		if round := &r.Rounds[k]; round.Diff != "" {
			if of[round.Diff] == nil {
				diffs = append(diffs, round.Diff)
			}
			of[round.Diff] = append(of[round.Diff], round.Round)
		}
	}
	for _, diff := range diffs {
		lines := strings.Split(strings.TrimRight(clean(diff), "\n"), "\n")
		if n := len(lines) - diffMaxLine; n > 0 {
			lines = append(lines[:diffMaxLine:diffMaxLine], plural(n, "more line"))
		}
		all = append(all, piece{text: details(fmt.Sprintf("diff of %s (%s)", roundsText(of[diff]), changed(diff)), block(lines)), scenario: i, weight: ofDiff, what: "diff"})
	}
	return all
}

func evidenceMarkdown(r *host.Run, c *host.RunCriterion) string {
	var b strings.Builder
	for _, f := range findings(r, c) {
		if f.Outcome == host.Passed {
			continue
		}
		fmt.Fprintf(&b, "- %s in %s\n", md(string(f.Outcome), cellBytes), roundsText(f.Rounds))
		for _, p := range [][2]string{{"expected", f.Expected}, {"found", f.Found}, {"query", f.Query}} {
			if line(p[1]) != "" {
				fmt.Fprintf(&b, "  - %s: %s\n", p[0], md(p[1], proofBytes))
			}
		}
		if len(f.Traces) > 0 {
			fmt.Fprintf(&b, "  - trace: %s\n", md(f.Traces[0].text(), proofBytes))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return details(fmt.Sprintf("%s %s %s", signOf(outcomeOf(c)), md(c.ID, cellBytes), md(c.Label, cellBytes)), b.String())
}

// details is a part that is closed. Its summary is HTML, where only entities are read.
func details(summary, text string) string {
	return "\n<details><summary>" + summary + "</summary>\n\n" + text + "\n</details>\n"
}

// block is lines as they are. In pre, GitHub makes no links and notifies nobody.
func block(lines []string) string {
	for i := range lines {
		lines[i] = short(lines[i], 500)
	}
	text := strings.Join(lines, "\n")
	if over := len(text) - blockBytes; over > 0 { // the end of it tells most
		text = "…" + strings.ToValidUTF8(text[over:], "")
	}
	return "<pre>\n" + htmlText.Replace(text) + "\n</pre>\n"
}

// htmlText is what HTML needs in text. A backslash and a backquote are nothing in pre.
var htmlText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// markdownText makes text of what is markup: entities, which mean the same in Markdown
// and in HTML, and are never structure (CommonMark 0.31.2, 2.5). A zero-width space
// behind it keeps GitHub, which looks for them in the text that comes out, from
// mentions, references, links and mathematics.
var markdownText = func() *strings.Replacer {
	var pairs []string
	for _, r := range "&<>\"'`*_{}[]()\\|~^=" {
		pairs = append(pairs, string(r), fmt.Sprintf("&#%d;", r))
	}
	for _, r := range "@#$" {
		pairs = append(pairs, string(r), fmt.Sprintf("&#%d;&#8203;", r))
	}
	return strings.NewReplacer(append(pairs, "://", "&#58;&#8203;//", "www.", "www&#8203;.", "WWW.", "WWW&#8203;.", "Www.", "Www&#8203;.", "GH-", "GH&#8203;-", "gh-", "gh&#8203;-")...)
}()

// md is text from outside on one line of Markdown, within a table's cell or HTML.
func md(s string, most int) string { return markdownText.Replace(short(line(s), most)) }
