package sqlite

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// contents returns everything in a store.
func contents(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	if err := s.Documents(&objectsTable, "", func(d host.Document) bool {
		fmt.Fprintf(&b, "%s %s %s\n", d.Type, d.ID, d.JSON)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Values("", func(k string, v []byte) bool { fmt.Fprintf(&b, "%s=%s\n", k, v); return true }); err != nil {
		t.Fatal(err)
	}
	v, err := s.Version()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%sversion %d", b.String(), v)
}

func TestSnapshotRestoreReset(t *testing.T) {
	for from := range kinds {
		for to := range kinds {
			t.Run(from+" to "+to, func(t *testing.T) {
				stores := mustStores(t)
				a, b := kinds[from](t, stores, &testSchema), kinds[to](t, stores, &testSchema)
				defer a.Close()
				defer b.Close()
				empty := contents(t, a)
				fill(t, a, 30)
				mustBegin(t, a)
				if err := a.Put("rand", []byte("7")); err != nil {
					t.Fatal(err)
				}
				if err := a.SetVersion(3); err != nil {
					t.Fatal(err)
				}
				mustCommit(t, a)
				snap, err := a.Snapshot()
				if err != nil {
					t.Fatal(err)
				}
				want := contents(t, a)
				mustPut(t, a, "later", "{}")
				mustPut(t, b, "other", "{}")
				for _, s := range []host.StoreSnapshot{snap, mustFile(t, snap)} {
					if err := b.Restore(s); err != nil {
						t.Fatal(err)
					}
					if got := contents(t, b); got != want {
						t.Errorf("restored:\n%s\nwant:\n%s", got, want)
					}
					mustPut(t, b, "fork", "{}")
				}
				if n := count(t, b); n != 31 {
					t.Errorf("%d objects in the fork, want 31", n)
				}
				if err := a.Restore(snap); err != nil {
					t.Fatal(err)
				}
				if got := contents(t, a); got != want {
					t.Errorf("origin restored:\n%s\nwant:\n%s", got, want)
				}
				if err := a.Reset(); err != nil {
					t.Fatal(err)
				}
				if got := contents(t, a); got != empty {
					t.Errorf("reset:\n%s\nwant:\n%s", got, empty)
				}
				snap.Release()
				mustPut(t, a, "again", "{}")
			})
		}
	}
}

// fileSnapshot is a snapshot as another process would bring it.
type fileSnapshot []byte

func (f fileSnapshot) Bytes() ([]byte, error) { return f, nil }
func (f fileSnapshot) Release()               {}

func mustFile(t *testing.T, s host.StoreSnapshot) fileSnapshot {
	t.Helper()
	b, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRestoreRefuses(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		fill(t, s, 50)
		snap, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		good := mustFile(t, snap)
		other := kinds["ephemeral"](t, mustStores(t), &host.Schema{DDL: "CREATE TABLE a (b)"})
		foreign, err := other.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		damaged := bytes.Clone(good)
		for i := range 10 {
			copy(damaged[(3+i)*pageSize:], make([]byte, 64))
		}
		want := contents(t, s)
		for name, from := range map[string]host.StoreSnapshot{
			"text": fileSnapshot("hello"), "cut": good[:len(good)-1], "schema": foreign, "damaged": fileSnapshot(damaged),
		} {
			if err := s.Restore(from); err == nil {
				t.Errorf("%s: restored", name)
			}
		}
		if got := contents(t, s); got != want {
			t.Errorf("the state changed:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestIdleKeepsTheState(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		for i := range 5 {
			create(t, s, i)
			want := contents(t, s)
			s.Idle()
			s.Idle()
			if n, err := s.SizeBytes(); err != nil || n == 0 {
				t.Errorf("size = %d, %v", n, err)
			}
			snap, err := s.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			if got := contents(t, s); got != want {
				t.Errorf("after idle:\n%s\nwant:\n%s", got, want)
			}
			s.Idle()
			if err := s.Restore(snap); err != nil {
				t.Fatal(err)
			}
			if got := contents(t, s); got != want {
				t.Errorf("after restore:\n%s\nwant:\n%s", got, want)
			}
		}
	})
}

func TestThousandStoresAreIsolated(t *testing.T) {
	stores := mustStores(t)
	all := make([]*Store, 1000)
	for i := range all {
		all[i] = mustEphemeral(t, stores)
	}
	done := make(chan struct{})
	for w := range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for round := range 3 {
				for i := w; i < len(all); i += 4 {
					s := all[i]
					id := fmt.Sprintf("store_%d_round_%d", i, round)
					mustBegin(t, s)
					if _, _, err := s.Run(putObject, args("acct", "customer", id, round, id), nil); err != nil {
						t.Error(err)
					}
					if i%7 == round {
						s.Rollback()
						continue
					}
					if err := s.Commit(); err != nil {
						t.Error(err)
					}
					all[(i*13)%len(all)].Idle() // any goroutine may
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	for i, s := range all {
		want := ""
		for round := range 3 {
			if i%7 != round {
				want += fmt.Sprintf("store_%d_round_%d;", i, round)
			}
		}
		got := ""
		if err := s.Documents(&objectsTable, "customer", func(d host.Document) bool { got += string(d.JSON) + ";"; return true }); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("store %d has %s, want %s", i, got, want)
		}
	}
}

func TestObserve(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		var got []string
		s.Observe([]abi.Table{objectsTable}, func(c host.Change) {
			got = append(got, fmt.Sprintf("%s %s %s %s>%s", c.Type, c.Account, c.ID, c.Before, c.After))
		})
		mustBegin(t, s)
		mustRun(t, s, putObject, "acct", "customer", "cus_1", 1, "one")
		mustRun(t, s, updateObject, "acct", "cus_1", "two", 0)
		mustRun(t, s, putEvent, "not", "observed")
		mustRun(t, s, updateObject, "acct", "cus_1", "three", 1)
		mustRun(t, s, updateObject, "acct", "cus_1", "four", 1)
		mustRun(t, s, updateObject, "acct", "cus_1", "five", 0)
		mustRun(t, s, deleteObjects)
		mustCommit(t, s)
		s.Observe(nil, nil)
		mustPut(t, s, "cus_2", "unseen")
		want := []string{
			"customer acct cus_1 >one", "customer acct cus_1 one>two", "customer acct cus_1 two>",
			"customer acct cus_1 >five", "customer acct cus_1 five>",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("changes = %q, want %q", got, want)
		}
	})
}

func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mirror.db")
	stores := mustStores(t)
	open := func(schema *host.Schema) *Store {
		s, err := stores.Persistent(schema, path)
		if err != nil {
			t.Fatal(err)
		}
		return s.(*Store)
	}
	s := open(&testSchema)
	mustBegin(t, s)
	mustRun(t, s, putObject, "acct", "customer", "cus_1", 1, `{"name":"Ada"}`)
	if err := s.Put("rand", []byte("7")); err != nil {
		t.Fatal(err)
	}
	if err := s.SetVersion(3); err != nil {
		t.Fatal(err)
	}
	mustCommit(t, s)
	want := contents(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	next := testSchema
	next.Version = 4
	next.DDL = strings.Replace(next.DDL, "deleted INTEGER", "livemode INTEGER NOT NULL DEFAULT 0, deleted INTEGER", 1) + "; CREATE TABLE links (a, b)"
	next.Statements = append(next.Statements[:len(next.Statements):len(next.Statements)], "SELECT livemode FROM objects")
	s = open(&next)
	defer s.Close()
	if got := contents(t, s); got != want {
		t.Errorf("upgraded:\n%s\nwant:\n%s", got, want)
	}
	mustBegin(t, s)
	if rows, _ := mustRun(t, s, uint32(len(next.Statements)-1)); len(rows) != 1 || rows[0][0] != int64(0) {
		t.Errorf("new column: %v", rows)
	}
	mustCommit(t, s)
	mustPut(t, s, "cus_2", "{}")
	if err := checkFile(path + ".v3.bak"); err != nil {
		t.Errorf("the file as it was: %v", err)
	}
}
