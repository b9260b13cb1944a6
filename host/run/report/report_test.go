package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

var (
	update = flag.Bool("update", false, "write testdata/golden anew; then read what changed")
	look   = flag.String("look", "", "a folder to write the reports of testdata/example.json to, for looking at them")
)

// example are the runs of testdata/example.json: each verdict, one round and five.
func example(t testing.TB) []host.Run {
	t.Helper()
	b, err := os.ReadFile("testdata/example.json")
	if err != nil {
		t.Fatal(err)
	}
	var runs []host.Run
	if err := json.Unmarshal(b, &runs); err != nil {
		t.Fatal(err)
	}
	return runs
}

// TestGolden holds what the example is written as against files that people read.
func TestGolden(t *testing.T) {
	t.Parallel()
	runs := example(t)
	for name, write := range map[string]func(w io.Writer) error{
		"all.txt":    func(w io.Writer) error { return Text(w, runs, Options{}) },
		"narrow.txt": func(w io.Writer) error { return Text(w, runs[1:2], Options{Width: 44}) },
		"quiet.txt":  func(w io.Writer) error { return Text(w, runs, Options{Quiet: true}) },
		"colour.txt": func(w io.Writer) error { return Text(w, runs[2:3], Options{Colour: true, Width: 100}) },
		"all.md":     func(w io.Writer) error { return Markdown(w, runs) },
		"one.md":     func(w io.Writer) error { return Markdown(w, runs[:1]) },
		"all.xml":    func(w io.Writer) error { return JUnit(w, runs) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata/golden", name)
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("%s differs (-update writes it anew); got:\n%s", file, got.String())
			}
		})
	}
}

// TestWrite writes each format to a folder that is not there yet, in place of what is
// there, and leaves nothing else.
func TestWrite(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "not", "there", "yet")
	if *look != "" {
		folder = *look
	}
	runs := example(t)
	names := map[string]string{"report.json": "JSON", "report.xml": "JUnit", "report.md": "Markdown", "REPORT.HTML": "HTML", "one.html": "HTML"}
	for name, want := range names {
		path := filepath.Join(folder, name)
		if got, err := Format(path); got != want || err != nil {
			t.Errorf("Format(%s) = %q, %v, want %s", name, got, err, want)
		}
		some := runs
		if name == "one.html" {
			some = runs[1:2]
		}
		for range 2 {
			if err := Write(path, some); err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() < 1000 || info.Mode().Perm()&0o444 != 0o444 && runtime.GOOS != "windows" {
			t.Errorf("%s: %v, %v: want a file that all may read", name, info, err)
		}
	}
	if *look != "" {
		return
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != len(names) {
		t.Errorf("%d files, %v, want the %d reports alone", len(entries), err, len(names))
	}
}

func TestFormatUnknown(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"report.pdf", "report", "", "x.json/report", ".html.gz"} {
		err := Write(filepath.Join(t.TempDir(), path), nil)
		e := host.AsError(err)
		if e.Kind != host.KindInvalid {
			t.Errorf("%q: %v, want an error of kind invalid", path, err)
		}
		for _, ending := range []string{".json", ".xml", ".md", ".html"} {
			if !strings.Contains(e.Hint, ending) {
				t.Errorf("%q: the hint %q does not name %s", path, e.Hint, ending)
			}
		}
	}
}
