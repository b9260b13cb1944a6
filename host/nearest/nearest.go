// Package nearest finds the words that were probably meant.
package nearest

import (
	"slices"
	"strings"
)

// Words returns at most n of the words that were probably meant, the likeliest
// first, and none when nothing is near.
func Words(text string, words []string, n int) []string {
	type scored struct {
		word     string
		distance int
	}
	var near []scored
	bound := 1 + len(text)/4
	for _, w := range words {
		if d := len(w) - len(text); d > bound || -d > bound {
			continue
		}
		if d := distance(text, w); d <= bound {
			near = append(near, scored{w, d})
		}
	}
	slices.SortFunc(near, func(a, b scored) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.word, b.word)
	})
	var out []string
	if len(near) == 0 && len(text) > 2 { // the beginning of a word
		for _, w := range words {
			if strings.HasPrefix(w, text) {
				near = append(near, scored{word: w})
			}
		}
	}
	for _, s := range near {
		if len(out) < n {
			if !slices.Contains(out, s.word) {
				out = append(out, s.word)
			}
		}
	}
	return out
}

// distance counts the bytes to insert, delete, replace or swap with their
// neighbour between two words.
func distance(a, b string) int {
	var short [3][64]int // what most words need is not allocated
	before, row, next := short[0][:], short[1][:], short[2][:]
	if len(b) >= len(before) {
		before, row, next = make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	}
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost = 1 + min(row[j], row[j+1], next[j])
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] && a[i] != b[j] {
				cost = min(cost, before[j-1]+1)
			}
			next[j+1] = cost
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

// Word returns the word that was probably meant, "" if none is near.
func Word(text string, words []string) string {
	if near := Words(text, words, 1); near != nil {
		return near[0]
	}
	return ""
}
