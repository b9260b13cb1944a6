package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// JUnit's XML has no standard. These are the elements and attributes that Jenkins checks
// files against (jenkinsci/xunit-plugin, junit-10.xsd at 031e285, read 2026-11-28) and
// that GitLab reads (docs.gitlab.com/ci/testing/unit_test_reports, read 2026-11-28: a
// file is smaller than 30 MB; of tests that are named alike the first counts alone; the
// class name is shown as the suite).
type (
	xmlSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Time     string     `xml:"time,attr"`
		Suites   []xmlSuite `xml:"testsuite"`
	}
	xmlSuite struct {
		Name       string        `xml:"name,attr"`
		File       string        `xml:"file,attr,omitempty"`
		Tests      int           `xml:"tests,attr"`
		Failures   int           `xml:"failures,attr"`
		Errors     int           `xml:"errors,attr"`
		Skipped    int           `xml:"skipped,attr"`
		Time       string        `xml:"time,attr"`
		Timestamp  string        `xml:"timestamp,attr,omitempty"`
		Properties []xmlProperty `xml:"properties>property"`
		Cases      []xmlCase     `xml:"testcase"`
	}
	xmlProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	xmlCase struct {
		Name      string     `xml:"name,attr"`
		Classname string     `xml:"classname,attr"`
		Time      string     `xml:"time,attr,omitempty"`
		Skipped   *xmlReason `xml:"skipped"`
		Error     *xmlReason `xml:"error"`
		Failure   *xmlReason `xml:"failure"`
		SystemOut xmlText    `xml:"system-out"`
	}
	xmlReason struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
	// xmlText is CDATA, so that people can read the file. encoding/xml does not look at
	// what is in it: it must be clean.
	xmlText struct {
		Text string `xml:",cdata"`
	}
)

const (
	nameBytes    = 200      // of a test's name; its whole text is in system-out
	caseBytes    = 64 << 10 // of one test's system-out
	caseLines    = 200      // of what a command printed
	junitTexts   = 12 << 20 // of all: escaping and the names may double it, and GitLab takes 30 MB
	junitTooMuch = "left out: the file would be too large; --json has it"
)

// JUnit writes runs as test results: a scenario is a suite, a criterion a test of it, and
// the run itself a test too, so that a driver that failed, a time-out and what went
// wrong before criteria were looked at is seen. A criterion of several rounds has the
// outcome of the worst.
func JUnit(w io.Writer, runs []host.Run) error {
	j := &junit{names: map[[2]string]int{}, left: junitTexts}
	all := xmlSuites{Name: "mirra"}
	ms := int64(0)
	for i := range runs {
		s := j.suite(&runs[i])
		all.Suites = append(all.Suites, s)
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		ms += runs[i].DurationMS
	}
	all.Time = seconds(ms)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junit struct {
	names map[[2]string]int // of tests, by class name and name
	left  int               // bytes of texts
}

func (j *junit) suite(r *host.Run) xmlSuite {
	s := xmlSuite{Name: titleOf(r), File: line(r.File), Time: seconds(r.DurationMS)}
	if !r.StartedAt.IsZero() {
		s.Timestamp = r.StartedAt.UTC().Format("2006-01-02T15:04:05") // without a zone: Ant's form
	}
	class := s.File
	if class == "" {
		class = s.Name
	}
	class = short(class, nameBytes)
	s.Properties = properties(r)
	s.Cases = append(s.Cases, j.theRun(r, class))
	for i := range r.Criteria {
		s.Cases = append(s.Cases, j.criterion(r, &r.Criteria[i], class))
	}
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	return s
}

func properties(r *host.Run) []xmlProperty {
	all := []xmlProperty{{"verdict", verdictWord(r.Verdict)}, {"score", scoreLine(r)}, {"runId", line(r.RunID)}, {"sessionId", line(r.SessionID)}}
	if r.SeedValue != nil {
		all = append(all, xmlProperty{"seedValue", fmt.Sprint(*r.SeedValue)})
	}
	for _, m := range r.Mirrors {
		all = append(all, xmlProperty{"mirror", line(m.Version + " " + m.Digest)})
	}
	return all
}

// theRun is the test that stands for all that is no criterion's.
func (j *junit) theRun(r *host.Run, class string) xmlCase {
	c := xmlCase{Name: j.name(class, "the run"), Classname: class, Time: seconds(r.DurationMS)}
	message := short(line(r.Reason), 1000)
	if message == "" {
		message = verdictWord(r.Verdict)
	}
	tasks := badTasks(r)
	bad := false // a criterion says it already
	driver := ""
	for i := range r.Criteria {
		bad = bad || r.Criteria[i].Failed > 0
	}
	for i := range tasks {
		if tasks[i].What == "driver" && tasks[i].Exit != "" && driver == "" {
			driver = tasks[i].ended()
		}
	}
	why := &xmlReason{Type: verdictWord(r.Verdict), Message: message, Text: line(r.Hint)}
	switch {
	case r.Verdict == host.VerdictError, r.Verdict == host.VerdictTimeout:
		c.Error = why
	case driver != "":
		c.Error = &xmlReason{Type: "driver", Message: driver}
	case r.Verdict == host.VerdictFail && !bad:
		c.Failure = why
	case r.Verdict != host.VerdictPass && r.Verdict != host.VerdictFail:
		c.Skipped = &xmlReason{Message: message}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "verdict: %s\n", verdictWord(r.Verdict))
	if r.Reason != "" {
		fmt.Fprintf(&b, "reason: %s\n", message)
	}
	fmt.Fprintln(&b, scoreLine(r))
	for _, s := range []string{fewerRounds(r), gateLine(r)} {
		if s != "" {
			fmt.Fprintln(&b, s)
		}
	}
	for _, g := range badRounds(r) {
		fmt.Fprintf(&b, "%s: %s: %s\n", roundsText(g.Rounds), verdictWord(g.Verdict), short(line(g.Reason), reasonBytes))
	}
	for _, s := range r.Warnings {
		fmt.Fprintf(&b, "warning: %s\n", short(line(s), reasonBytes))
	}
	for i := range tasks {
		e := &tasks[i]
		fmt.Fprintf(&b, "\n%s (%s)\n", e.ended(), roundsText(e.Rounds))
		lines, before := tail(e.Output, caseLines)
		if before > 0 {
			fmt.Fprintf(&b, "(%s before)\n", plural(before, "line"))
		}
		for _, l := range lines {
			fmt.Fprintln(&b, l)
		}
	}
	if r.Judge != nil {
		fmt.Fprintln(&b, "judge "+judgeLine(r.Judge))
	}
	c.SystemOut = j.text(b.String())
	return c
}

func (j *junit) criterion(r *host.Run, rc *host.RunCriterion, class string) xmlCase {
	c := xmlCase{Name: j.name(class, short(fmt.Sprintf("%s [%s] %s", line(rc.ID), line(rc.Kind), line(rc.Label)), nameBytes)), Classname: class}
	all := findings(r, rc)
	outcome := outcomeOf(rc)
	why := &xmlReason{Message: fmt.Sprintf("passed in %d of %s", rc.Passed, plural(rc.Total, "run"))}
	for _, f := range all {
		if f.Outcome == outcome && line(f.Found) != "" {
			why.Message = short(line(f.Found), 1000)
			break
		}
	}
	if len(all) == 0 {
		why.Message = "it was not looked at"
	}
	switch outcome {
	case host.Failed:
		why.Type, c.Failure = "failed", why
	case host.Errored:
		why.Type, c.Error = "errored", why
	case host.Skipped:
		c.Skipped = why
	}
	if outcome == host.Failed || outcome == host.Errored {
		// GitLab shows the element's text and not its message.
		bad := slices.DeleteFunc(slices.Clone(all), func(f finding) bool { return f.Outcome == host.Passed })
		why.Text = short(evidenceText(rc, bad), 4000)
		j.left -= len(why.Text)
	}
	c.SystemOut = j.text(evidenceText(rc, all))
	return c
}

// evidenceText says of a criterion what was found.
func evidenceText(c *host.RunCriterion, all []finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s] %s: passed in %d of %s\n", line(c.ID), line(c.Kind), short(line(c.Label)+readAs(c), 20_000), c.Passed, plural(c.Total, "run"))
	if c.Untagged != "" {
		fmt.Fprintf(&b, "not [D]: %s\n", short(line(c.Untagged), reasonBytes))
	}
	for _, f := range all {
		fmt.Fprintf(&b, "%s in %s\n", line(string(f.Outcome)), roundsText(f.Rounds))
		for _, p := range [][2]string{{"query:    ", f.Query}, {"source:   ", f.Source}, {"expected: ", f.Expected}, {"found:    ", f.Found}, {"model:    ", f.Model}} {
			if s := line(p[1]); s != "" {
				fmt.Fprintf(&b, "  %s%s\n", p[0], short(s, 4000))
			}
		}
		for _, e := range f.Traces {
			fmt.Fprintf(&b, "  trace:    %s\n", e.text())
		}
	}
	return b.String()
}

// text is system-out as far as there is room for it.
func (j *junit) text(s string) xmlText {
	s = short(s, caseBytes)
	if len(s) > j.left {
		return xmlText{junitTooMuch}
	}
	j.left -= len(s)
	return xmlText{s}
}

// name tells tests apart that would be named alike.
func (j *junit) name(class, name string) string {
	k := [2]string{class, name}
	j.names[k]++
	if n := j.names[k]; n > 1 {
		return j.name(class, fmt.Sprintf("%s (%d)", name, n))
	}
	return name
}

func seconds(ms int64) string {
	return fmt.Sprintf("%.3f", (time.Duration(max(ms, 0)) * time.Millisecond).Seconds())
}
