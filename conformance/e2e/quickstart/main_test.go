package main

import "testing"

// TestReadme does what the README says, in an empty folder.
func TestReadme(t *testing.T) {
	if err := run("../../../README.md", "../../../build/npm"); err != nil {
		t.Fatal(err)
	}
}
