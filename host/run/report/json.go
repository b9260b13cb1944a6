package report

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/mirrahq/mirra/host"
)

// JSON writes one run as its object, and any other number as
// {"scenarios": [...], "verdict": "fail"} with the verdict that Overall tells. It is
// complete; lists that are empty are [].
func JSON(w io.Writer, runs []host.Run) error {
	runs = slices.Clone(runs)
	for i := range runs {
		r := &runs[i]
		r.Criteria, r.Rounds, r.Mirrors = listed(r.Criteria), listed(r.Rounds), listed(r.Mirrors)
		for j := range r.Criteria {
			r.Criteria[j].Evidence = listed(r.Criteria[j].Evidence)
		}
	}
	var v any = struct {
		Scenarios []host.Run   `json:"scenarios"`
		Verdict   host.Verdict `json:"verdict"`
	}{listed(runs), Overall(runs)}
	if len(runs) == 1 {
		v = &runs[0]
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// listed returns a copy, which is never nil.
func listed[T any](s []T) []T { return append([]T{}, s...) }
