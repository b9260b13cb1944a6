package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"github.com/mirrahq/mirra/host"
)

// clock measures an advance over 10,000 timers, each of which updates a row and
// records an event.
func clock(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	info, base, err := b.plugin(ctx, s, "ticker")
	if err != nil {
		return err
	}
	const timers = 10_000
	for from := 0; from < timers; from += 1000 {
		if _, err := s.call(ctx, "POST", fmt.Sprintf("%s/timers?from=%d&count=1000", base, from), ""); err != nil {
			return err
		}
	}
	began := time.Now()
	moved, err := s.MoveClock(ctx, info.SessionID, &host.ClockMove{Advance: host.Duration(24 * time.Hour)})
	if err != nil {
		return err
	}
	took := time.Since(began)
	if moved.Timers != timers {
		return fmt.Errorf("%d timers ran, want %d", moved.Timers, timers)
	}
	row("advance over 10,000 timers", (took/timers).Round(time.Microsecond).String()+" each", "", "", "at most 300µs")
	return nil
}

// plugin builds a plugin of testdata and starts a session with it.
func (b *bench) plugin(ctx context.Context, s *server, name string) (*host.SessionInfo, string, error) {
	file := filepath.Join(s.home, name+".wasm")
	source, err := filepath.Abs(filepath.Join("conformance", "bench", "testdata", name))
	if err != nil {
		return nil, "", err
	}
	if out, err := s.mirra(ctx, "plugin", "build", source, "-o", file); err != nil {
		return nil, "", fmt.Errorf("%w: %s", err, out)
	}
	out, err := s.mirra(ctx, "up", "--mirrors", file, "--json", "--new")
	if err != nil {
		return nil, "", err
	}
	info := new(host.SessionInfo)
	if err := json.Unmarshal(out, info); err != nil {
		return nil, "", fmt.Errorf("up --json: %w", err)
	}
	return info, "/s/" + info.SessionID[len("ses_"):] + "/" + name, nil
}
