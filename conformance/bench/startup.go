package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// startup measures `mirra up --json`: with nothing cached, then warm, the
// server's start included both times.
func startup(ctx context.Context, b *bench) error {
	var cold time.Duration
	var warm []time.Duration
	home, err := os.MkdirTemp("", "mirra-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	s := &server{b: b, home: home}
	for i := range 6 {
		began := time.Now()
		if _, err := s.mirra(ctx, "up", "--mirrors", "stripe", "--json", "--new"); err != nil {
			return err
		}
		took := time.Since(began)
		if i == 0 {
			cold = took
		} else {
			warm = append(warm, took)
		}
		if _, err := s.mirra(ctx, "down", "--all"); err != nil {
			return err
		}
	}
	slices.Sort(warm)
	row("up --json, first time", cold.Round(time.Millisecond).String(), "", "", "at most 3s")
	row("up --json, cache warm (median)", warm[len(warm)/2].Round(time.Millisecond).String(), "", "", "at most 400ms")
	return size(b.mirra)
}

// size prints the program's size, as it is and compressed.
func size(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var packed counter
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	raw, err := io.Copy(z, f)
	if err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	row("binary", fmt.Sprintf("%.1f MB", float64(raw)/1e6), "", "", "at most 60 MB")
	row("binary, gzip", fmt.Sprintf("%.1f MB", float64(packed)/1e6), "", "", "at most 25 MB")
	return nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }
