package driver

import (
	"context"
	"time"
)

// Result is what became of a command.
type Result struct {
	Exit     string // as of Process.Exit, or "timeout"
	TimedOut bool
	Output   string // the last 64 KB of both streams
	Duration time.Duration
}

// stopWithin is how long a command may take to end when its time is over.
const stopWithin = 2 * time.Second

// Run runs a command to its end, at most for a limit, and ends what it started and left
// running. When ctx is done, the command is ended and the error is ctx's, beside what
// there is of a result; other errors are of commands that could not be started.
func Run(ctx context.Context, c Command, limit time.Duration) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	started := time.Now()
	p, err := Start(c)
	if err != nil {
		return nil, err
	}
	over := time.NewTimer(limit)
	defer over.Stop()
	r := &Result{}
	select {
	case <-p.done:
		p.end()
	case <-over.C:
		r.TimedOut = true
		p.Stop(stopWithin)
	case <-ctx.Done():
		err = ctx.Err()
		p.Stop(stopWithin)
	}
	r.Exit, r.Output, r.Duration = p.Exit(), p.Tail(), time.Since(started)
	if r.TimedOut {
		r.Exit = "timeout"
	}
	return r, err
}
