package vendorsuite

import (
	"encoding/json"
	"fmt"
	"os"
)

// Eligible says which exchanges of a vendor count, and how: by source, then by
// order.
type Eligible map[string]map[int]Class

// ReadEligible reads a vendor's part of a file of the form
// {vendor: {source: [[order, class], …]}}. It is nil, and every exchange
// Counted, if the file does not have the vendor.
func ReadEligible(path, vendor string) (Eligible, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all map[string]map[string][][2]any
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	sources, ok := all[vendor]
	if !ok {
		return nil, nil
	}
	out := make(Eligible, len(sources))
	for source, list := range sources {
		out[source] = make(map[int]Class, len(list))
		for i, pair := range list {
			order, isNumber := pair[0].(float64)
			class, _ := pair[1].(string)
			if c := Class(class); !isNumber || order != float64(int(order)) || c != Counted && c != Listed && c != Outside {
				return nil, fmt.Errorf("%s: %s %q [%d]: want [order, yes | list | outside], got %v", path, vendor, printable(source), i, pair)
			}
			out[source][int(order)] = Class(class)
		}
	}
	return out, nil
}

// Classify gives every exchange its class.
func (r *Recordings) Classify(eligible Eligible) {
	missing := 0
	for source, orders := range eligible {
		have := map[int]bool{}
		if c := r.bySource[source]; c != nil {
			for _, e := range c.Exchanges {
				have[e.Order] = true
			}
		}
		for order := range orders {
			if !have[order] {
				missing++
			}
		}
	}
	if missing > 0 && r.only == "" {
		r.note("eligible, not recorded", "", fmt.Sprintf("%d exchanges that are listed as eligible are not in the recordings", missing))
	}
	for _, c := range r.Cassettes {
		for _, e := range c.Exchanges {
			if e.Class == Setup || e.Class == Believed {
				continue
			}
			e.Class = Counted
			if eligible == nil {
				continue
			}
			var ok bool
			if e.Class, ok = eligible[c.Source][e.Order]; !ok {
				e.Class = Unlisted
			}
		}
	}
}
