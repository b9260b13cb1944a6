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
)

// Baseline is which exchanges were answered exactly, so that a later run finds
// what was lost: by vendor, by a digest of the cassette's name, by order.
// Recordings may be private; the digest keeps their names out of the file.
type Baseline map[string]map[string]map[int]Verdict

// sourceDigest names a cassette in a baseline.
func sourceDigest(source string) string {
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:8])
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
	var file map[string]map[string]map[string]Verdict
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("baseline %s: %w", path, err)
	}
	b := Baseline{}
	for vendor, sources := range file {
		b[vendor] = map[string]map[int]Verdict{}
		for source, orders := range sources {
			b[vendor][source] = map[int]Verdict{}
			for order, v := range orders {
				n, err := strconv.Atoi(order)
				if err != nil || v < Exact {
					return nil, fmt.Errorf("baseline %s: %s %s %q: want an order and exact or byte", path, vendor, source, order)
				}
				b[vendor][source][n] = v
			}
		}
	}
	return b, nil
}

// Write replaces a file: a line for each cassette, so that a change of one is a
// change of one line.
func (b Baseline) Write(path string) error {
	var out bytes.Buffer
	out.WriteString("{")
	for i, vendor := range sortedKeys(b) {
		if i > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(&out, "\n%q: {", vendor)
		for j, source := range sortedKeys(b[vendor]) {
			line, err := json.Marshal(b[vendor][source])
			if err != nil {
				return err
			}
			if j > 0 {
				out.WriteString(",")
			}
			fmt.Fprintf(&out, "\n%q: %s", source, line)
		}
		out.WriteString("\n}")
	}
	out.WriteString("\n}\n")
	tmp, err := os.CreateTemp(filepath.Dir(path), ".baseline-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(out.Bytes())
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
	seen := 0
	all := 0
	for _, orders := range b[r.Vendor] {
		all += len(orders)
	}
	for _, x := range r.Results {
		if !x.selected {
			continue
		}
		was, ok := b[r.Vendor][sourceDigest(x.Source)][x.Order]
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
// stays.
func (b Baseline) Update(r *Report) {
	if b[r.Vendor] == nil {
		b[r.Vendor] = map[string]map[int]Verdict{}
	}
	for _, x := range r.Results {
		if !x.selected {
			continue
		}
		source := sourceDigest(x.Source)
		if x.Verdict < Exact || !x.Counted {
			delete(b[r.Vendor][source], x.Order)
			if len(b[r.Vendor][source]) == 0 {
				delete(b[r.Vendor], source)
			}
			continue
		}
		if b[r.Vendor][source] == nil {
			b[r.Vendor][source] = map[int]Verdict{}
		}
		b[r.Vendor][source][x.Order] = x.Verdict
	}
}
