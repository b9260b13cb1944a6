// Package report shows runs of scenarios: to people on a terminal, in a pull request
// and in a browser, and to machines as JSON and JUnit's XML. It takes runs that are over
// and writes; it runs nothing and judges nothing: verdicts are in the runs. Only JSON is
// complete: the others leave out what would make them unreadable, and say so.
package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// formats are what Write can write, by the ending of the file.
var formats = []struct {
	ending, name string
	write        func(io.Writer, []host.Run) error
}{
	{".json", "JSON", JSON},
	{".xml", "JUnit", JUnit},
	{".md", "Markdown", Markdown},
	{".html", "HTML", HTML},
}

// Format tells what Write writes to a file of that name: JSON, JUnit, Markdown or HTML.
// Another ending than .json, .xml, .md and .html is an Error of KindInvalid.
func Format(path string) (string, error) {
	i, err := formatOf(path)
	if err != nil {
		return "", err
	}
	return formats[i].name, nil
}

func formatOf(path string) (int, error) {
	ending := strings.ToLower(filepath.Ext(path))
	var known []string
	for i, f := range formats {
		if f.ending == ending {
			return i, nil
		}
		known = append(known, f.ending+" ("+f.name+")")
	}
	what := fmt.Sprintf("%q does not say by its ending what to write", path)
	if ending != "" {
		what = fmt.Sprintf("%q: there is no report that ends with %s", path, ending)
	}
	return 0, &host.Error{Kind: host.KindInvalid, Code: "mirra.report.format", Message: what, Hint: "a report ends with " + strings.Join(known, ", ")}
}

// WriteJUnit is Write in JUnit's XML, whatever the file's ending.
func WriteJUnit(path string, runs []host.Run) error {
	var b bytes.Buffer
	err := JUnit(&b, runs)
	if err == nil {
		err = writeWhole(path, b.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	return nil
}

// Write writes a report whole or not at all, in the format that the file's ending names,
// in place of one that is there. Folders that are missing are made.
func Write(path string, runs []host.Run) error {
	i, err := formatOf(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := formats[i].write(&b, runs); err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	if err := writeWhole(path, b.Bytes()); err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	return nil
}

func writeWhole(path string, data []byte) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // else the link would be replaced, and not what it names
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(folder, ".mirra-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already once it was renamed
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// worst lists verdicts as exit codes of several files precede each other.
var worst = []host.Verdict{host.VerdictError, host.VerdictTimeout, host.VerdictFail, host.VerdictUndecided, host.VerdictPass}

// Overall is the verdict of several runs: the first that one of them has of error,
// timeout, fail, undecided and pass. No runs, and one without a verdict, are undecided.
func Overall(runs []host.Run) host.Verdict {
	least := len(worst)
	for i := range runs {
		least = min(least, rank(runs[i].Verdict))
	}
	if least == len(worst) {
		return host.VerdictUndecided
	}
	return worst[least]
}

func rank(v host.Verdict) int {
	if i := slices.Index(worst, v); i >= 0 {
		return i
	}
	return rank(host.VerdictUndecided)
}
