// Package scenario reads scenarios: Markdown files that say what an application
// is to do with mirrors, and how to tell whether it did. It reads and binds, and
// reports all faults of a file at once; running and judging is for others.
package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// Scenario is one file that was read.
type Scenario struct {
	File     string      `json:"file"`
	Title    string      `json:"title"`
	Setup    string      `json:"setup,omitempty"` // prose, without seeds
	Seeds    []Seed      `json:"seeds,omitempty"`
	Faults   []Rule      `json:"faults,omitempty"`
	Prompt   string      `json:"prompt,omitempty"`
	Expected string      `json:"expectedBehavior,omitempty"` // for the judge only
	Criteria []Criterion `json:"criteria"`
	Config   Config      `json:"config"`
}

// Seed is what a mirror holds when a run begins.
type Seed struct {
	Mirror   string          `json:"mirror"`
	Document json.RawMessage `json:"document"`
	At       Position        `json:"at"`
}

// Rule makes requests or webhooks of a mirror go wrong in a round, until it is sealed.
type Rule struct {
	Mirror string         `json:"mirror"`
	Rule   host.FaultRule `json:"rule"`
	At     Position       `json:"at"`
}

// Position is a place in a file. Both count from 1; columns count bytes.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Kind says who evaluates a criterion.
type Kind string

const (
	Deterministic Kind = "D"
	Probabilistic Kind = "P" // a model
)

// Criterion is one thing that must hold.
type Criterion struct {
	ID   string   `json:"id"` // "c1", by order in the file
	Text string   `json:"text"`
	Kind Kind     `json:"kind"`
	At   Position `json:"at"`
	// Untagged is why an untagged criterion is probabilistic; "" for all others.
	Untagged string `json:"untagged,omitempty"`
	// Query is nil when a block alone is the check, and for a judge.
	Query *criteria.Query `json:"query,omitempty"`
	Block *Block          `json:"block,omitempty"`
}

// Block is a fenced block below a criterion.
type Block struct {
	Language string        `json:"language"`         // sql, expr, http or sh
	Mirror   string        `json:"mirror,omitempty"` // of sql
	Text     string        `json:"text"`
	Wait     time.Duration `json:"waitNs,omitempty"` // how long it is repeated until it holds; 0 is once
	At       Position      `json:"at"`               // of its first line
}

// Explain says how a criterion was understood.
func (c *Criterion) Explain() criteria.Explanation {
	switch {
	case c.Kind == Probabilistic:
		return criteria.Explanation{Query: c.Text, Source: "judge", Expected: "a model finds that it holds"}
	case c.Query != nil && c.Block != nil:
		e := c.Query.Explain()
		e.Query += ", by " + c.Block.Language
		if c.Block.Wait > 0 {
			e.Expected += " within " + c.Block.Wait.String()
		}
		return e
	case c.Query != nil:
		return c.Query.Explain()
	}
	e := criteria.Explanation{Query: c.Block.Language + " block", Source: criteria.Application}
	switch c.Block.Language {
	case "sql":
		e.Query, e.Source, e.Expected = "sql on "+c.Block.Mirror, criteria.State, "the first value of the first row is true"
	case "expr":
		e.Source, e.Expected = criteria.State, "true"
	case "http":
		e.Expected = "a status of 2xx"
	case "sh":
		e.Expected = "exit code 0"
	}
	if c.Block.Wait > 0 {
		e.Expected += " within " + c.Block.Wait.String()
	}
	return e
}

// Config is what the section Config says. Zero values are what is not said.
type Config struct {
	Mirrors       []Mirror      `json:"mirrors,omitempty"`
	Fixtures      []Fixture     `json:"fixtures,omitempty"`
	FixtureFile   string        `json:"fixtureFile,omitempty"`
	FixtureFileAt Position      `json:"-"`
	Timeout       time.Duration `json:"timeoutNs,omitempty"`
	Runs          int           `json:"runs,omitempty"`
	Driver        string        `json:"driver,omitempty"` // "none" judges the seed
	Agent         string        `json:"agent,omitempty"`
	Start         string        `json:"start,omitempty"`
	Ready         string        `json:"ready,omitempty"`
	Forwards      []Forward     `json:"forwards,omitempty"`
	WorkDir       string        `json:"workdir,omitempty"` // copy or in-place
	JudgeModel    string        `json:"judgeModel,omitempty"`
	Persistent    bool          `json:"persistent,omitempty"`
	Tags          []string      `json:"tags,omitempty"`
	Clock         time.Time     `json:"clock,omitzero"` // session time at the start
	Probe         string        `json:"probe,omitempty"`
}

// Mirror is a mirror of a scenario, of its newest line unless Line is named.
type Mirror struct {
	Name string `json:"name"`
	Line string `json:"line,omitempty"` // "2024-06"
}

// Forward sends the webhooks of a mirror to the application, which registers no endpoint.
type Forward struct {
	Mirror string `json:"mirror"`
	URL    string `json:"url"` // or a path of the application
}

// Fixture is a named seed of a mirror.
type Fixture struct {
	Mirror string `json:"mirror"`
	Name   string `json:"name"`
}

// Fault is one thing wrong with a file.
type Fault struct {
	File string
	Position
	Message string
	Nearest []string // what was probably meant
}

func (f *Fault) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
	if len(f.Nearest) > 0 {
		text += "; did you mean " + strings.Join(f.Nearest, ", or ") + "?"
	}
	return text
}
