package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mirrahq/mirra/host"
)

func mustCatalogue(t *testing.T, path string) *Catalogue {
	t.Helper()
	c, err := OpenCatalogue(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestCatalogue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalogue.db")
	c := mustCatalogue(t, path)
	for _, e := range []Entry{
		{Kind: "session", ID: "b", JSON: []byte(`{"n":1}`), DueNS: 20}, {Kind: "session", ID: "a", JSON: []byte(`{}`), DueNS: 0}, {Kind: "session", ID: "c", JSON: []byte(`{}`), DueNS: 10},
		{Kind: "port", ID: "a", JSON: []byte(`1`), DueNS: 0}, {Kind: "session", ID: "b", JSON: []byte(`{"n":2}`), DueNS: 30},
	} {
		if err := c.Put(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Delete("session", "a"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = mustCatalogue(t, path)
	if e, err := c.Get("session", "b"); err != nil || string(e.JSON) != `{"n":2}` || e.DueNS != 30 {
		t.Errorf("get = %+v, %v", e, err)
	}
	var ids string
	collect := func(e Entry) bool { ids += e.ID; return true }
	if err := c.List("session", collect); err != nil || ids != "bc" {
		t.Errorf("list = %q, %v, want bc", ids, err)
	}
	ids = ""
	if err := c.Due("session", 30, collect); err != nil || ids != "cb" {
		t.Errorf("due = %q, %v, want cb", ids, err)
	}
	_, err := c.Get("session", "a")
	if e, ok := errors.AsType[*host.Error](err); !ok || e.Kind != host.KindNotFound {
		t.Errorf("get = %v, want not found", err)
	}
}

func TestCatalogueConcurrently(t *testing.T) {
	c := mustCatalogue(t, filepath.Join(t.TempDir(), "catalogue.db"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				if err := c.Put(Entry{Kind: "k", ID: string(rune('a' + i)), JSON: []byte("{}")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n := 0
	if err := c.List("k", func(Entry) bool { n++; return true }); err != nil || n != 8 {
		t.Errorf("%d entries, %v", n, err)
	}
}

func TestFilesThatAreSomethingElse(t *testing.T) {
	s := mustStores(t)
	open := map[string]func(path string) error{
		"catalogue": func(path string) error { _, err := OpenCatalogue(path); return err },
		"store":     func(path string) error { _, err := s.Persistent(&testSchema, path); return err },
	}
	for kind, open := range open {
		for name, content := range map[string]string{"text": "hello, this is a letter to a friend", "long": string(make([]byte, 9000))} {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := open(path)
			if e, ok := errors.AsType[*host.Error](err); !ok || e.Code != "mirra.store.foreign" || e.Hint == "" {
				t.Errorf("%s of %s: %v, want foreign", kind, name, err)
			}
			if got, _ := os.ReadFile(path); string(got) != content {
				t.Errorf("%s of %s: the file was changed", kind, name)
			}
		}
	}
}
