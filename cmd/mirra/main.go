// Mirra runs faithful, stateful mirrors of third-party APIs. This is its
// command line: each command parses, calls host.Control or the registry, and
// prints. The server that holds the sessions is this same program, started in
// the background when it is needed.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(report(program(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
}
