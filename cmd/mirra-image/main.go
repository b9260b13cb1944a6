// Mirra-image writes a container image of a built mirra: an archive that docker load,
// podman load and skopeo read. It needs no daemon, and the same program gives the same
// bytes.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
)

func main() {
	out := flag.String("o", "image.tar", "the archive")
	name := flag.String("name", "mirra:latest", "the image's name and tag")
	version := flag.String("version", "dev", "of the program, for the image's labels")
	arch := flag.String("arch", runtime.GOARCH, "of the program, as Go names it")
	flag.Parse()
	if err := run(*out, *name, *version, *arch, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mirra-image:", err)
		os.Exit(1)
	}
}

func run(out, name, version, arch string, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: mirra-image -o image.tar bin/mirra")
	}
	program, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	if err := static(program); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	var archive bytes.Buffer
	if err := write(&archive, name, version, arch, program); err != nil {
		return err
	}
	return os.WriteFile(out, archive.Bytes(), 0o644)
}
