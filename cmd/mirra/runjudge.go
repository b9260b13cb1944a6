package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/judge"
	"github.com/mirrahq/mirra/host/run"
	"github.com/mirrahq/mirra/host/scenario"
)

// modelJudge lets a model decide criteria of one run. It implements run.Judge.
type modelJudge struct {
	a       *app
	model   *judge.Judge
	explain bool

	mu   sync.Mutex // of what is printed
	seen []string
}

// findJudge finds out before anything runs whether a scenario's model can be asked.
func (r *runner) findJudge(s *scenario.Scenario) error {
	if r.f.judge == "off" || !slices.ContainsFunc(s.Criteria, func(c scenario.Criterion) bool { return c.Kind == scenario.Probabilistic }) {
		return nil
	}
	_, err := judge.FromEnv(os.Getenv, s.Config.JudgeModel)
	if err == nil || errors.Is(err, judge.ErrNoKey) && r.f.judge == "auto" {
		return nil
	}
	return &usageError{text: s.File + ": " + err.Error(), hint: hint(err)}
}

// judgeOf returns who decides a scenario's [P] criteria, nil and why for nobody. Each
// scenario has its own, whose usage is that of its run.
func (r *runner) judgeOf(s *scenario.Scenario) (j *modelJudge, missing string) {
	if r.f.judge == "off" {
		return nil, "--judge=off"
	}
	if !slices.ContainsFunc(s.Criteria, func(c scenario.Criterion) bool { return c.Kind == scenario.Probabilistic }) {
		return nil, "no criterion is for a model"
	}
	config, err := judge.FromEnv(os.Getenv, s.Config.JudgeModel)
	if err == nil {
		config.CacheDir = filepath.Join(r.a.cfg.Dirs.Cache, "judge")
		j = &modelJudge{a: r.a, explain: r.f.explain}
		j.model, err = judge.New(config)
	}
	if err != nil {
		text := err.Error()
		if h := hint(err); h != "" {
			text += "; " + h
		}
		return nil, text
	}
	return j, ""
}

// Decide implements run.Judge.
func (j *modelJudge) Decide(ctx context.Context, c *run.Case) (run.Judgement, error) {
	asked := judge.Case{
		Scenario: c.Scenario.Title, Setup: c.Scenario.Setup, Expected: c.Scenario.Expected, Criterion: c.Text,
		Trace: c.Trace, State: c.State, Diff: c.Diff, DriverOutput: c.Output, Secrets: c.Secrets,
	}
	if j.explain {
		j.mu.Lock()
		j.a.out.note("a model is sent for %q:\n%s", printable(c.Text), judge.Prompt(asked))
		j.mu.Unlock()
	}
	answer, err := j.model.Decide(ctx, asked)
	if err != nil {
		return run.Judgement{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if answer.Warning != "" && !slices.Contains(j.seen, answer.Warning) {
		j.seen = append(j.seen, answer.Warning)
		j.a.out.note("%s", answer.Warning)
	}
	return run.Judgement{Outcome: answer.Outcome, Explanation: answer.Explanation, Model: answer.Model, Cached: answer.Cached}, nil
}

func (j *modelJudge) usage() host.RunJudge { return j.model.Usage() }
