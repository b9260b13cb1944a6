package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// Runs that are measured: rounds of one scenario, and many scenarios whose drivers sleep.
const (
	benchRounds    = 50
	benchScenarios = 50
	benchParallel  = 8
	benchSleep     = "0.4"
)

// overhead is a scenario whose driver does next to nothing.
const overheadScenario = `# Nothing but overhead

## Success Criteria

- [D] exactly one customer was created
- [D] POST /v1/customers was called exactly once
- [D] no request to stripe failed

## Config

- mirrors: stripe
- driver: curl --silent --output /dev/null -u sk_test_1234567890abcdef: $STRIPE_API_BASE/v1/customers -d email=a@b.c
`

// sleeping is one whose driver waits for something that is not the machine's work.
const sleepingScenario = `# Sleeps

## Success Criteria

- [D] no customer exists

## Config

- mirrors: stripe
- driver: curl --silent --output /dev/null -u sk_test_1234567890abcdef: $STRIPE_API_BASE/v1/customers && sleep ` + benchSleep + `
`

// runs measures what mirra run costs beside the driver, and what --parallel gains.
func runs(ctx context.Context, b *bench) error {
	home, err := os.MkdirTemp("", "mirra-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	s := &server{b: b, home: home}
	if _, err := s.mirra(ctx, "up", "--mirrors", "stripe", "--json", "--new"); err != nil { // starts the server
		return err
	}
	b.later(func() { _, _ = s.mirra(context.WithoutCancel(ctx), "down", "--all") }) // it exits by itself later
	file := filepath.Join(home, "overhead.md")
	if err := os.WriteFile(file, []byte(overheadScenario), 0o600); err != nil {
		return err
	}
	out, err := s.mirra(ctx, "run", "--json", "--runs", fmt.Sprint(benchRounds), file)
	if err != nil {
		return verdictAside(err, out)
	}
	var run struct {
		Verdict string
		Rounds  []struct {
			DurationMS int64
			Driver     struct{ DurationMS int64 }
		}
	}
	if err := json.Unmarshal(out, &run); err != nil || run.Verdict != "pass" {
		return fmt.Errorf("the run's verdict is %q: %v", run.Verdict, err)
	}
	var own []int64
	for _, r := range run.Rounds {
		own = append(own, r.DurationMS-r.Driver.DurationMS)
	}
	first := own[0]
	slices.Sort(own)
	row("overhead of a run, the session's start included", fmt.Sprintf("%d ms", first), "", "", "at most 60 ms")
	row("overhead of a run, median of "+fmt.Sprint(len(own)), fmt.Sprintf("%d ms", own[len(own)/2]), fmt.Sprintf("slowest %d ms", own[len(own)-1]), "", "at most 60 ms")
	folder := filepath.Join(home, "many")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	for i := range benchScenarios {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("s%02d.md", i)), []byte(sleepingScenario), 0o600); err != nil {
			return err
		}
	}
	took := map[int]time.Duration{}
	for _, parallel := range []int{1, benchParallel} {
		began := time.Now()
		if out, err := s.mirra(ctx, "run", "--json", "--parallel", fmt.Sprint(parallel), folder); err != nil {
			return verdictAside(err, out)
		}
		took[parallel] = time.Since(began)
	}
	row(fmt.Sprintf("%d scenarios that sleep, --parallel %d", benchScenarios, benchParallel), took[benchParallel].Round(10*time.Millisecond).String(),
		"one after another "+took[1].Round(10*time.Millisecond).String(), ratioOf(took[1].Seconds(), took[benchParallel].Seconds()), "at least 5")
	return nil
}

// verdictAside shows what a run printed that ended otherwise than expected.
func verdictAside(err error, out []byte) error {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("%w: %s%s", err, e.Stderr, out)
	}
	return err
}
