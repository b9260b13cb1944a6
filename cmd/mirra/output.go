package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// printer writes for people, or one JSON object.
type printer struct {
	stdout, stderr io.Writer
	asJSON, quiet  bool
	colour         bool
}

func newPrinter(stdout, stderr io.Writer, asJSON, quiet bool) printer {
	return printer{stdout, stderr, asJSON, quiet, isTerminal(stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// say prints a line of a result, unless --quiet or --json.
func (p *printer) say(format string, args ...any) {
	if !p.quiet && !p.asJSON {
		p.summary(format, args...)
	}
}

// summary prints a line that --quiet leaves.
func (p *printer) summary(format string, args ...any) {
	if !p.asJSON {
		fmt.Fprintln(p.stdout, p.paint(fmt.Sprintf(format, args...)))
	}
}

// note prints a diagnostic.
func (p *printer) note(format string, args ...any) {
	fmt.Fprintln(p.stderr, "mirra: "+fmt.Sprintf(format, args...))
}

// object prints the JSON answer.
func (p *printer) object(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, string(b))
	return err
}

// paint colours the sign a line begins with.
func (p *printer) paint(line string) string {
	if !p.colour {
		return line
	}
	sign, size := utf8.DecodeRuneInString(line)
	switch sign {
	case '✓':
		return "\x1b[32m✓\x1b[0m" + line[size:]
	case '✗':
		return "\x1b[31m✗\x1b[0m" + line[size:]
	case '→':
		return "\x1b[36m→\x1b[0m" + line[size:]
	}
	return line
}

// table prints rows in columns.
func (p *printer) table(header []string, rows [][]string) {
	w := tabwriter.NewWriter(p.stdout, 0, 4, 2, ' ', 0)
	if header != nil {
		fmt.Fprintln(w, strings.Join(header, "\t"))
	}
	for _, r := range rows {
		for i := range r {
			r[i] = printable(r[i])
		}
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	w.Flush()
}

// printable takes control characters out of text from outside: it must not
// steer the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '�'
		}
		return r
	}, s)
}

// plural returns "1 request", "2 requests".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
