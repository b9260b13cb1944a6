package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostsFile: what is not Mirra's stays as it is, whatever state a block is in.
func TestHostsFile(t *testing.T) {
	t.Parallel()
	lock := filepath.Join(t.TempDir(), "gone.lock") // nobody holds it
	block := hostsBegin + lock + "\n127.0.0.1 api.stripe.com\n::1 api.stripe.com\n" + hostsEnd + "\n"
	const own = "127.0.0.1 localhost\n10.0.0.7 db # api.stripe.com\n"
	for name, c := range map[string]struct{ text, rest string }{
		"no block":            {own, own},
		"empty":               {"", ""},
		"block":               {own + block, own},
		"block in front":      {block + own, own},
		"block within":        {"127.0.0.1 localhost\n" + block + "10.0.0.7 db # api.stripe.com\n", own},
		"two blocks":          {block + own + block, own},
		"block cut off":       {own + strings.TrimSuffix(block, hostsEnd+"\n"), own},
		"block cut off early": {own + hostsBegin + lock, own},
		"lines behind a cut":  {hostsBegin + lock + "\n127.0.0.1 api.stripe.com\n10.0.0.7 db\n127.0.0.1 localhost\n", "10.0.0.7 db\n127.0.0.1 localhost\n"},
		"carriage returns":    {strings.ReplaceAll(own+block, "\n", "\r\n"), strings.ReplaceAll(own, "\n", "\r\n")},
		"no final line feed":  {"127.0.0.1 localhost", "127.0.0.1 localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := hostsFile{filepath.Join(t.TempDir(), "hosts")}
			if err := os.WriteFile(h.path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			rest, held, err := h.split()
			if err != nil || rest != c.rest || (held != "") != strings.Contains(c.text, hostsBegin) {
				t.Errorf("split: %q, lock %q, %v; want %q", rest, held, err, c.rest)
			}
			other := filepath.Join(t.TempDir(), "mine.lock")
			if err := h.add([]string{"a.example", "b.example"}, other); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(h.path); err != nil || !strings.Contains(string(text), "\n127.0.0.1 a.example b.example\n::1 a.example b.example\n") {
				t.Errorf("added %q, %v", text, err)
			}
			if err := h.remove("another.lock"); err != nil {
				t.Fatal(err)
			}
			if _, held, err := h.split(); held != other || err != nil {
				t.Errorf("somebody else's end took the block out: %q, %v", held, err)
			}
			if err := h.remove(other); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(h.path)
			if want := strings.TrimSuffix(c.rest, "\n"); err != nil || strings.TrimSuffix(string(text), "\n") != want {
				t.Errorf("in the end %q, %v; want %q", text, err, want)
			}
		})
	}
}
