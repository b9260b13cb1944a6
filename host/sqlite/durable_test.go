package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// childEnv makes the test binary commit objects to the database it names,
// until it is killed.
const childEnv = "MIRRA_SQLITE_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := commitForever(path); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func commitForever(path string) error {
	st, err := New(Config{}).Persistent(&testSchema, path)
	if err != nil {
		return err
	}
	cat, err := OpenCatalogue(path + ".catalogue")
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("cus_%d", i)
		if err := st.Begin(context.Background(), someTime); err != nil {
			return err
		}
		if _, _, err := st.Run(putObject, args("acct", "customer", id, i, doc(id, 3000)), nil); err != nil {
			return err
		}
		if err := st.Commit(); err != nil {
			return err
		}
		if err := cat.Put(Entry{Kind: "session", ID: id, JSON: []byte("{}")}); err != nil {
			return err
		}
		fmt.Println(id)
	}
}

func TestKilledProcessLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mirror.db")
	total := 0
	for round := range 3 {
		seen := runChild(t, path, 40*(round+1))
		s, err := mustStores(t).Persistent(&testSchema, path)
		if err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		if err := s.Documents(&objectsTable, "", func(d host.Document) bool { have[d.ID] = true; return true }); err != nil {
			t.Fatal(err)
		}
		cat, err := OpenCatalogue(path + ".catalogue")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range seen {
			if !have[id] {
				t.Errorf("round %d: %s was committed and is gone", round, id)
			}
			if _, err := cat.Get("session", id); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		total += len(seen)
		// The next round starts over: ids are unique.
		if err := s.Reset(); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Close(), cat.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if total == 0 {
		t.Error("nothing was committed")
	}
}

// runChild lets a child commit at least n objects, kills it and returns what it
// said it had committed. While it runs nobody else can open the file.
func runChild(t *testing.T, path string, n int) (seen []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil { // a line that was cut off was not acknowledged
			if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) {
				t.Error(err)
			}
			break
		}
		if strings.HasPrefix(line, "error:") {
			t.Fatal(line)
		}
		seen = append(seen, strings.TrimSpace(line))
		if len(seen) == 1 {
			_, err := mustStores(t).Persistent(&testSchema, path)
			if e, ok := errors.AsType[*host.Error](err); !ok || e.Code != "mirra.store.locked" {
				t.Errorf("second process: %v, want locked", err)
			}
			_, err = OpenCatalogue(path + ".catalogue")
			if e, ok := errors.AsType[*host.Error](err); !ok || e.Code != "mirra.store.locked" {
				t.Errorf("second process: %v, want locked", err)
			}
		}
		if len(seen) == n {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed
	return seen
}
