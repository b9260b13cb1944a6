package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Commands that add tokens at a time lose none.
func TestTokensAddedAtOnce(t *testing.T) {
	t.Parallel()
	s := tokenStore{filepath.Join(t.TempDir(), "data", "tokens.json")}
	const n = 20
	texts := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			var err error
			if _, texts[i], err = s.add(fmt.Sprintf("t%02d", i), time.Unix(1, 0)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := s.list()
	if err != nil || len(all) != n {
		t.Fatalf("%d tokens, %v; want %d", len(all), err, n)
	}
	for i, text := range texts {
		if name, err := s.whose(text); err != nil || name != fmt.Sprintf("t%02d", i) {
			t.Errorf("token %d is %q's, %v", i, name, err)
		}
		// What is in the file opens nothing.
		if name, err := s.whose(all[i].Hash); err != nil || name != "" {
			t.Errorf("a hash is taken for %q's token, %v", name, err)
		}
	}
}
