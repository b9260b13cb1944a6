package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mirrahq/mirra/host"
)

// sessions measures what a session of one mirror costs: time to create, reset
// and end over the control API, and memory at ten thousand.
func sessions(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	var created, reset, ended []time.Duration
	for range 30 {
		began := time.Now()
		infos, err := s.sessions(ctx, 1, nil)
		if err != nil {
			return err
		}
		created = append(created, time.Since(began))
		id := infos[0].SessionID
		if len(reset) < 5 {
			if done, err := fill(ctx, s.vendor, 1000, func(c, n int) []byte { return post(s.vendor, prefix(infos[0])+"/v1/customers", c, n, 3) }); err != nil {
				return fmt.Errorf("%d customers: %w", done, err)
			}
			began = time.Now()
			if err := s.ResetSession(ctx, id); err != nil {
				return err
			}
			reset = append(reset, time.Since(began))
		}
		began = time.Now()
		if err := s.EndSession(ctx, id, false); err != nil {
			return err
		}
		ended = append(ended, time.Since(began))
	}
	row("create a session (API, median)", median(created), "", "", "at most 1ms")
	row("reset 1,000 customers (API, median)", median(reset), "", "", "at most 1ms")
	row("end a session (API, median)", median(ended), "", "", "at most 1ms")
	return b.memory(ctx, s)
}

// memory compares what the process has before and after, each once it has
// settled, so that neither shared code, images and templates nor what a load
// left to the garbage collector count.
func (b *bench) memory(ctx context.Context, s *server) error {
	const count = 10_000
	// The first sessions pay for what all share.
	if _, err := s.sessions(ctx, 100, nil); err != nil {
		return err
	}
	before, err := settledKB(ctx, s.pid)
	if err != nil {
		return err
	}
	infos, err := s.sessions(ctx, count, nil)
	if err != nil {
		return err
	}
	idle, err := settledKB(ctx, s.pid)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("%d idle sessions", count), fmt.Sprintf("%.1f KB each", (idle-before)/count), "", "", "at most 10 KB")
	const busy = 1000
	for _, info := range infos[:busy] {
		if err := b.objects(ctx, s, info, 20); err != nil {
			return err
		}
	}
	loaded, err := residentKB(s.pid)
	if err != nil {
		return err
	}
	row("20 objects in a session, right after the load", fmt.Sprintf("%.1f KB each", (loaded-idle)/busy), "", "", "")
	settled, err := settledKB(ctx, s.pid)
	if err != nil {
		return err
	}
	row("20 objects in a session, trace bodies included", fmt.Sprintf("%.1f KB each", (settled-idle)/busy), "", "", "at most 100 KB without trace bodies")
	return nil
}

// settledKB waits until the process has not given memory back for a while, longer
// than it takes a session to count as unused; a minute at most.
func settledKB(ctx context.Context, pid int) (float64, error) {
	least, err := residentKB(pid)
	for still, n := 0, 0; err == nil && still < 15 && n < 60 && ctx.Err() == nil; n++ {
		time.Sleep(time.Second)
		var now float64
		now, err = residentKB(pid)
		still++
		if now < least*0.99 {
			least, still = now, 0
		}
	}
	return least, err
}

func (b *bench) objects(ctx context.Context, s *server, info *host.SessionInfo, n int) error {
	for range n {
		if _, err := s.call(ctx, "POST", prefix(info)+"/v1/customers", customerForm); err != nil {
			return err
		}
	}
	return nil
}

func median(d []time.Duration) string {
	slices.Sort(d)
	return d[len(d)/2].Round(10 * time.Microsecond).String()
}
