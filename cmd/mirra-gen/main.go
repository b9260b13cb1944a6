// Command mirra-gen turns a vendor's OpenAPI description into the data tables
// of a plugin: its operations with their parameters, and the shapes of its
// objects. Names, types and limits are taken; prose is not.
//
//	mirra-gen -package main -out tables_gen.go -operations operations.txt SPEC [SPEC…]
//
// Several descriptions are versions of one API, oldest first: what only some of
// them have knows which.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/cmd/openapi"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mirra-gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	var o openapi.Options
	flags := flag.NewFlagSet("mirra-gen", flag.ContinueOnError)
	flags.StringVar(&o.Package, "package", "main", "package of the generated file")
	out := flags.String("out", "", "file to write; standard output if empty")
	flags.BoolVar(&o.Lists, "lists", false, "describe what stands around the elements of lists too")
	list := flags.String("operations", "", "file with a METHOD /path a line; all operations if empty")
	lead := flags.String("lead", "", "members that answers begin with, comma-separated; the others are then sorted")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("name at least one OpenAPI description")
	}
	var all []*openapi.Description
	for _, path := range flags.Args() {
		d, err := openapi.Read(path)
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	var err error
	if o.Operations, err = readOperations(*list); err != nil {
		return err
	}
	if *lead != "" {
		o.Lead = strings.Split(*lead, ",")
	}
	text, err := openapi.Generate(o, all...)
	if err != nil {
		return err
	}
	for _, d := range all {
		for _, fault := range d.Faults() {
			fmt.Fprintln(os.Stderr, "mirra-gen: left out:", fault)
		}
	}
	if *out == "" {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(*out, text, 0o644)
}

func readOperations(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s names no operation", path)
	}
	slices.Sort(out)
	return out, nil
}
