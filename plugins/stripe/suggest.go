package main

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// nearest is the field a client may have meant, "" if none is close. The vendor's
// own measure is not known; Ruby's did_you_mean gives what was seen, [R] "price.
// Did you mean pricing?", and is what a service in Ruby would use
// [S github.com/ruby/did_you_mean lib/did_you_mean/spell_checker.rb, 1.6.1; six thousand
// mistyped words were compared with it].
func nearest(path string, fields []sdk.Field, in uint8) string {
	name := path
	prefix := ""
	if i := strings.LastIndexByte(path, '['); i >= 0 {
		prefix, name = path[:i], strings.TrimSuffix(path[i+1:], "]")
	}
	var names []string
	for i := range fields {
		if fields[i].Is(in) {
			names = append(names, fields[i].Name)
		}
	}
	best := correct(name, names)
	if best == "" || prefix == "" {
		return best
	}
	return prefix + "[" + best + "]"
}

// correct returns what of words is most like input: a mistyped one, else a
// misspelled one.
func correct(input string, words []string) string {
	threshold := 0.834
	if len(input) <= 3 {
		threshold = 0.77
	}
	type candidate struct {
		word     string
		likeness float64
	}
	var near []candidate
	for _, w := range words {
		if l := jaroWinkler(w, input); l >= threshold && w != input {
			near = append(near, candidate{w, l})
		}
	}
	// The most alike first; of equals the later one, as Ruby reverses the order.
	slices.Reverse(near)
	slices.SortStableFunc(near, func(a, b candidate) int {
		switch {
		case a.likeness > b.likeness:
			return -1
		case a.likeness < b.likeness:
			return 1
		}
		return 0
	})
	for _, limit := range [...]func(w string) int{
		func(string) int { return (len(input) + 3) / 4 },
		func(w string) int { return min(len(input), len(w)) - 1 },
	} {
		for _, c := range near {
			if editDistance(c.word, input) <= limit(c.word) {
				return c.word
			}
		}
	}
	return ""
}

// jaroWinkler tells how alike two words are, 0 to 1
// [D en.wikipedia.org/wiki/Jaro–Winkler_distance, 2026-11]; words that are less
// alike than 0.7 gain nothing by their beginnings.
func jaroWinkler(a, b string) float64 {
	if len(a) > len(b) {
		a, b = b, a
	}
	reach := max(len(b)/2-1, 0)
	used := make([]bool, len(b))
	var left, right []byte
	for i := range len(a) {
		for j := max(0, i-reach); j < min(len(b), i+reach+1); j++ {
			if !used[j] && a[i] == b[j] {
				used[j] = true
				left = append(left, a[i])
				break
			}
		}
	}
	for j, u := range used {
		if u {
			right = append(right, b[j])
		}
	}
	if len(left) == 0 {
		return 0
	}
	moved := 0
	for i := range left {
		if left[i] != right[i] {
			moved++
		}
	}
	m := float64(len(left))
	jaro := (m/float64(len(a)) + m/float64(len(b)) + (m-float64(moved/2))/m) / 3
	if jaro <= 0.7 {
		return jaro
	}
	same := 0
	for same < min(4, len(a)) && a[same] == b[same] {
		same++
	}
	return jaro + float64(same)*0.1*(1-jaro)
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
