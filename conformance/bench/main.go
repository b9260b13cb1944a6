// Command bench measures a built mirra against peers and references in one run
// and prints ratios, so that the figures hold on any machine. Nothing of it is
// a test: it always exits 0 unless it cannot measure.
//
//	go run ./conformance/bench -mirra bin/mirra
//
// With -peer it only installs one and prints the command that starts it, for
// mirra fidelity run.
//
// Peers are pinned and installed below build/bench. Everything listens on
// loopback, and every load stops by itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// settings are the flags.
type settings struct {
	mirra   string
	folder  string // peers and scratch files
	seconds time.Duration
	only    string
	peers   bool
	peer    string // only to be installed
	bare    string // only to be served, on address
	address string
}

// section is one group of rows.
type section struct {
	name string
	run  func(ctx context.Context, b *bench) error
}

var sections = []section{
	{"throughput", throughput},
	{"reads", reads},
	{"messages", messages},
	{"sessions", sessions},
	{"clock", clock},
	{"startup", startup},
	{"runs", runs},
	{"proxy", proxied},
	{"hostile", hostile},
}

func main() {
	var s settings
	flag.StringVar(&s.mirra, "mirra", "bin/mirra", "the built program")
	flag.StringVar(&s.folder, "folder", "build/bench", "where peers are installed")
	flag.DurationVar(&s.seconds, "seconds", 4*time.Second, "length of each load")
	flag.StringVar(&s.only, "only", "", "sections to run, comma-separated")
	flag.BoolVar(&s.peers, "peers", true, "measure against stripe-mock and emulate")
	flag.StringVar(&s.peer, "peer", "", "install this peer, print the command that starts it, and end")
	flag.StringVar(&s.bare, "bare", "", "answer every request with this file, on -address: what reads are measured against")
	flag.StringVar(&s.address, "address", "127.0.0.1:0", "where -bare listens")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if s.bare != "" {
		return serveBare(s.bare, s.address)
	}
	if s.peer != "" {
		words, err := (&bench{settings: s}).peerCommand(ctx, s.peer)
		if err == nil {
			fmt.Println(strings.Join(words, " "))
		}
		return err
	}
	var err error
	if s.mirra, err = filepath.Abs(s.mirra); err != nil {
		return err
	}
	if _, err := os.Stat(s.mirra); err != nil {
		return fmt.Errorf("%w; run make build first", err)
	}
	for _, section := range sections {
		if s.only != "" && !strings.Contains(","+s.only+",", ","+section.name+",") {
			continue
		}
		fmt.Printf("\n%s\n", section.name)
		b := &bench{settings: s}
		err := section.run(ctx, b)
		b.close()
		if err != nil {
			return fmt.Errorf("%s: %w", section.name, err)
		}
	}
	return nil
}

// bench is one section under way.
type bench struct {
	settings
	cleanup []func()
}

func (b *bench) later(f func()) { b.cleanup = append(b.cleanup, f) }

func (b *bench) close() {
	for i := len(b.cleanup) - 1; i >= 0; i-- {
		b.cleanup[i]()
	}
}

// row prints one measurement. want says what is to be reached, "" for figures
// that are only shown.
func row(what, measured, against, ratio, want string) {
	fmt.Printf("  %-44s %14s  %-28s %8s  %s\n", what, measured, against, ratio, want)
}

// ratio prints a against b.
func ratioOf(a, b float64) string { return fmt.Sprintf("%.2f", a/b) }
