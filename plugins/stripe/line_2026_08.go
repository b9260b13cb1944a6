//go:build line_2026_08

package main

// The line of this build: what requests that name no version get.
const (
	lineName    = "2026-08"
	lineVersion = newestName
)
