package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// offences are the paths of testdata/hostile.
var offences = []string{"loop", "recurse", "fill", "calls", "memory", "panic", "pointer", "output", "sql"}

// hostile measures what one misbehaving session does to 64 others under load,
// one offence at a time, at 30 % of what the machine does without.
func hostile(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	_, bad, err := b.plugin(ctx, s, "hostile")
	if err != nil {
		return err
	}
	infos, err := s.sessions(ctx, 64, nil)
	if err != nil {
		return err
	}
	make := func(run int64) request {
		return func(c, n int) []byte {
			return post(s.vendor, prefix(infos[(c+n*connections)%len(infos)])+"/v1/customers", c, n, run)
		}
	}
	full, err := load(ctx, s.vendor, connections, b.seconds, make(1))
	if err != nil {
		return err
	}
	// A connection that waits nine times as long as an answer takes when all
	// are busy leaves the machine at about a third.
	pause := time.Duration(float64(connections)/(0.3*full.perSecond)*1e9) - time.Duration(float64(connections)/full.perSecond*1e9*0.3)
	quiet, err := paced(ctx, s.vendor, connections, b.seconds, pause, make(2))
	if err != nil {
		return err
	}
	row("64 sessions at 30 %, p99 alone", quiet.p99.Round(time.Microsecond).String(), fmt.Sprintf("%.0f/s of %.0f/s", quiet.perSecond, full.perSecond), "", "")
	for i, offence := range offences {
		offender, stop := context.WithCancel(ctx)
		answers := map[int]int{}
		done := startOffender(offender, s, bad+"/"+offence, answers)
		r, err := paced(ctx, s.vendor, connections, b.seconds/2, pause, make(int64(3+i)))
		stop()
		<-done
		if err != nil {
			return err
		}
		want := "at most 2.00, none lost"
		row("  beside "+offence, r.p99.Round(time.Microsecond).String(), fmt.Sprintf("%d lost, offender got %v", r.failed, answers), ratioOf(float64(r.p99), float64(quiet.p99)), want)
	}
	return nil
}

// startOffender keeps one offence going until ctx ends.
func startOffender(ctx context.Context, s *server, path string, answers map[int]int) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.vendor+path, nil)
			if err != nil {
				return
			}
			resp, err := direct.Do(req)
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					answers[0]++
				}
				continue
			}
			_, _ = io.Copy(io.Discard, resp.Body) // its status is what counts
			resp.Body.Close()
			answers[resp.StatusCode]++
		}
	}()
	return done
}
