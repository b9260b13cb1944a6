package vendorsuite

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Baseline is what was measured of mirrors, by vendor, so that a later run finds
// what was lost and others need not measure again.
type Baseline map[string]*VendorBaseline

// VendorBaseline is what was measured of one vendor's mirrors.
type VendorBaseline struct {
	// Figures are sums, by the mirror without its build, "stripe@2024-06", and by
	// corpus.
	Figures map[string]map[string]*Figures
	// Matches are the exchanges that were answered exactly: by corpus, by a digest
	// of the cassette's name, by order. Recordings may be private; the digest
	// keeps their names out of the file.
	Matches map[string]map[string]map[int]Verdict
}

// Figures are how many exchanges of a corpus count, and how many of them a
// mirror answered exactly.
type Figures struct {
	Counted int     `json:"counted"`
	Exact   int     `json:"exact"`
	Mean    float64 `json:"meanOverOperations"`
	// Checked is the day of a measurement of the vendor itself, "2026-11-27".
	Checked string `json:"checked,omitempty"`
	// Operations are the same by operation: exact, counted.
	Operations map[string][2]int `json:"operations"`
}

// FiguresOf sums up a report; for checked see Baseline.Update.
func FiguresOf(r *Report, checked string) *Figures {
	f := &Figures{Checked: checked, Counted: r.Total.Counted, Exact: r.Total.Exact, Mean: r.Total.Mean, Operations: map[string][2]int{}}
	for _, o := range r.Operations {
		f.Operations[o.Operation] = [2]int{o.Exact, o.Counted}
	}
	return f
}

// sourceDigest names a cassette in a baseline.
func sourceDigest(source string) string {
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:8])
}

// baselineFile is a VendorBaseline as files have it.
type baselineFile struct {
	Figures map[string]map[string]*Figures           `json:"figures"`
	Matches map[string]map[string]map[string]Verdict `json:"matches"`
}

// ReadBaseline reads a file. One that is not there is an empty baseline.
func ReadBaseline(path string) (Baseline, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Baseline{}, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := ParseBaseline(text)
	if err != nil {
		return nil, fmt.Errorf("baseline %s: %w", path, err)
	}
	return b, nil
}

// ParseBaseline reads what Write writes.
func ParseBaseline(text []byte) (Baseline, error) {
	var file map[string]*baselineFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, err
	}
	b := Baseline{}
	for vendor, part := range file {
		if part == nil {
			continue
		}
		v := b.of(vendor)
		for mirror, corpora := range part.Figures {
			for corpus, f := range corpora {
				if f == nil {
					return nil, fmt.Errorf("%s figures %s %q: want an object", vendor, mirror, corpus)
				}
			}
			v.Figures[mirror] = corpora
		}
		for corpus, sources := range part.Matches {
			for source, orders := range sources {
				for order, verdict := range orders {
					n, err := strconv.Atoi(order)
					if err != nil || verdict < Exact {
						return nil, fmt.Errorf("%s %s %s %q: want an order and exact or byte", vendor, corpus, source, order)
					}
					v.match(corpus, source)[n] = verdict
				}
			}
		}
	}
	return b, nil
}

// of returns a vendor's part, made if it is not there.
func (b Baseline) of(vendor string) *VendorBaseline {
	return at(b, vendor, func() *VendorBaseline {
		return &VendorBaseline{Figures: map[string]map[string]*Figures{}, Matches: map[string]map[string]map[int]Verdict{}}
	})
}

func (v *VendorBaseline) match(corpus, digest string) map[int]Verdict {
	sources := at(v.Matches, corpus, func() map[string]map[int]Verdict { return map[string]map[int]Verdict{} })
	return at(sources, digest, func() map[int]Verdict { return map[int]Verdict{} })
}

// Write replaces a file: a line for each operation and each cassette, so that a
// change of one is a change of one line.
func (b Baseline) Write(path string) error {
	lines := lineWriter{}
	lines.object(sortedKeys(b), func(vendor string) {
		v := b[vendor]
		lines.object([]string{"figures", "matches"}, func(part string) {
			if part == "figures" {
				lines.object(sortedKeys(v.Figures), func(mirror string) {
					lines.object(sortedKeys(v.Figures[mirror]), func(corpus string) { lines.figures(v.Figures[mirror][corpus]) })
				})
				return
			}
			lines.object(sortedKeys(v.Matches), func(corpus string) {
				lines.object(sortedKeys(v.Matches[corpus]), func(digest string) { lines.value(v.Matches[corpus][digest]) })
			})
		})
	})
	lines.WriteByte('\n')
	if lines.err != nil {
		return lines.err
	}
	return replaceFile(path, lines.Bytes())
}

// lineWriter writes JSON with a line for each member.
type lineWriter struct {
	bytes.Buffer
	err error
}

func (w *lineWriter) value(v any) {
	text, err := json.Marshal(v)
	w.err = errors.Join(w.err, err)
	w.Buffer.Write(text)
}

func (w *lineWriter) object(names []string, member func(name string)) {
	w.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteByte('\n')
		w.value(name)
		w.WriteString(": ")
		member(name)
	}
	if len(names) > 0 {
		w.WriteByte('\n')
	}
	w.WriteByte('}')
}

func (w *lineWriter) figures(f *Figures) {
	names := []string{"counted", "exact", "meanOverOperations", "operations"}
	if f.Checked != "" {
		names = append([]string{"checked"}, names...)
	}
	w.object(names, func(name string) {
		switch name {
		case "checked":
			w.value(f.Checked)
		case "counted":
			w.value(f.Counted)
		case "exact":
			w.value(f.Exact)
		case "meanOverOperations":
			w.value(json.Number(strconv.FormatFloat(f.Mean, 'f', 4, 64)))
		case "operations":
			w.object(sortedKeys(f.Operations), func(op string) { w.value(f.Operations[op]) })
		}
	})
}

// replaceFile replaces a file whole or not at all.
func replaceFile(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".baseline-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // err says what went wrong
	}
	return err
}

// Lost is a match of a baseline that a run no longer has.
type Lost struct {
	*Result
	Was Verdict
}

// Lost returns the matches of the baseline that the report's results do not
// reach any more, and how many of the baseline's it could not look at because
// their exchanges were not replayed.
func (b Baseline) Lost(r *Report) (lost []Lost, unseen int) {
	v := b[r.Vendor]
	if v == nil {
		return nil, 0
	}
	seen := 0
	all := 0
	for _, orders := range v.Matches[r.Corpus] {
		all += len(orders)
	}
	for _, x := range r.Results {
		if !x.selected {
			continue
		}
		was, ok := v.Matches[r.Corpus][sourceDigest(x.Source)][x.Order]
		if !ok {
			continue
		}
		seen++
		if x.Verdict < was {
			lost = append(lost, Lost{x, was})
		}
	}
	return lost, all - seen
}

// Update puts the report's results into the baseline. What was not replayed
// stays. Figures are those of whole runs: whole says that nothing was left out.
// checked is the day of a measurement of the vendor itself, "" for others.
func (b Baseline) Update(r *Report, whole bool, checked string) {
	v := b.of(r.Vendor)
	if whole && r.Mirror != "" {
		at(v.Figures, r.Mirror, func() map[string]*Figures { return map[string]*Figures{} })[r.Corpus] = FiguresOf(r, checked)
	}
	for _, x := range r.Results {
		if !x.selected {
			continue
		}
		digest := sourceDigest(x.Source)
		if x.Verdict >= Exact && x.Counted {
			v.match(r.Corpus, digest)[x.Order] = x.Verdict
			continue
		}
		delete(v.Matches[r.Corpus][digest], x.Order)
		if len(v.Matches[r.Corpus][digest]) == 0 {
			delete(v.Matches[r.Corpus], digest)
		}
	}
}

// LineOf returns a mirror's name and line: stripe@2024-06 of stripe@2024-06.3.
func LineOf(version string) string {
	if i := strings.LastIndexByte(version, '.'); i > strings.IndexByte(version, '@') {
		return version[:i]
	}
	return version
}
