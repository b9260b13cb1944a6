package sqlite

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

func TestRunAndEmit(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustBegin(t, s)
		_, changed := mustRun(t, s, putObject, "acct", "customer", "cus_1", 7, `{"name":"Ada"}`)
		if changed != 1 {
			t.Errorf("changed = %d, want 1", changed)
		}
		mustRun(t, s, putObject, "acct", "customer", "cus_2", 8, `{"name":"Bo"}`)
		rows, _ := mustRun(t, s, listFrom)
		want := []any{"acct", int64(7), 1.5, nil, []byte{1, 2}}
		if len(rows) != 2 || !reflect.DeepEqual(rows[0], want) {
			t.Errorf("rows = %v, want first %v", rows, want)
		}
		out, n, err := s.Emit([]byte("["), listObjects, args("acct", "customer", 10), 0, []byte(","))
		if err != nil || n != 2 || string(out) != `[{"name":"Bo"},{"name":"Ada"}` {
			t.Errorf("emit = %s, %d, %v", out, n, err)
		}
		mustCommit(t, s)
		if n := count(t, s); n != 2 {
			t.Errorf("%d objects committed, want 2", n)
		}
	})
}

func TestRollback(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		mustBegin(t, s)
		mustRun(t, s, putObject, "acct", "customer", "cus_2", 1, strings.Repeat("x", 100_000))
		mustRun(t, s, updateObject, "acct", "cus_1", "changed", 0)
		s.Rollback()
		mustBegin(t, s)
		rows, _ := mustRun(t, s, getObject, "acct", "cus_1")
		if n := len(rows); n != 1 || rows[0][0] != "{}" {
			t.Errorf("after rollback: %v", rows)
		}
		mustCommit(t, s)
		if n := count(t, s); n != 1 {
			t.Errorf("%d objects, want 1", n)
		}
	})
}

func TestRunErrors(t *testing.T) {
	tests := []struct {
		name    string
		stmt    uint32
		args    []byte
		errno   abi.Errno
		message string
	}{
		{"unique", putObject, args("acct", "customer", "cus_1", 1, "{}"), abi.SQL, "UNIQUE constraint failed: objects.account, objects.id"},
		{"not null", putObject, args("acct", "customer", "cus_9", nil, "{}"), abi.SQL, "NOT NULL constraint failed: objects.created"},
		{"no such statement", 999, nil, abi.Invalid, "statement 999"},
		{"too few", putObject, args("acct"), abi.Invalid, "1 arguments: the statement takes 5"},
		{"too many", countObjects, args("acct"), abi.Invalid, "argument 1: the statement takes 0"},
		{"type", getObject, []byte{9}, abi.Invalid, "argument 1: value type 9"},
		{"short number", getObject, []byte{1, 0}, abi.Invalid, "argument 1: 1 bytes of a number"},
		{"short length", getObject, []byte{3, 0}, abi.Invalid, "argument 1: 1 bytes of a length"},
		{"short text", getObject, []byte{3, 255, 255, 255, 255, 0}, abi.Invalid, "argument 1: length 4294967295"},
	}
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				mustBegin(t, s)
				_, _, err := s.Run(tt.stmt, tt.args, nil)
				if got := errnoOf(err); got != tt.errno || !strings.Contains(err.Error(), tt.message) {
					t.Errorf("run = %v, want %v with %q", err, tt.errno, tt.message)
				}
				mustRun(t, s, putEvent, "after", "{}") // the plugin goes on
				mustCommit(t, s)
			})
		}
	})
}

func TestEmitErrors(t *testing.T) {
	s := mustEphemeral(t, mustStores(t))
	mustBegin(t, s)
	for _, column := range []int{-1, 1} {
		out, _, err := s.Emit([]byte("kept"), listObjects, args("a", "b", 1), column, nil)
		if errnoOf(err) != abi.Invalid || string(out) != "kept" {
			t.Errorf("column %d: %s, %v", column, out, err)
		}
	}
	s.Rollback()
}

func TestSessionTime(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustBegin(t, s)
		rows, _ := mustRun(t, s, now)
		want := []any{"2023-11-14 22:13:20", "2023-11-14 22:13:20", int64(1_700_000_000), "2023-11-15T22:13:20.123Z", int64(1), "2020-02-29"}
		if !reflect.DeepEqual(rows[0], want) {
			t.Errorf("times = %v, want %v", rows[0], want)
		}
		rows, _ = mustRun(t, s, insertReturning, "t", "{}")
		if rows[0][1] != "2023-11-14 22:13:20" {
			t.Errorf("default CURRENT_TIMESTAMP = %v", rows[0][1])
		}
		mustCommit(t, s)
	})
}

func TestOrRollbackEndsTheCall(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		mustBegin(t, s)
		mustRun(t, s, putObject, "acct", "customer", "cus_2", 1, "{}")
		if _, _, err := s.Run(orRollback, args("acct", "customer", "cus_1", 1, "{}"), nil); err == nil || errnoOf(err) != 0 {
			t.Errorf("run = %v, want an error that stops the plugin", err)
		}
		if _, _, err := s.Run(putObject, args("acct", "customer", "cus_3", 1, "{}"), nil); err == nil || errnoOf(err) != 0 {
			t.Errorf("later run = %v, want an error that stops the plugin", err)
		}
		if err := s.Commit(); !errors.Is(err, errEnded) {
			t.Errorf("commit = %v, want %v", err, errEnded)
		}
		if n := count(t, s); n != 1 {
			t.Errorf("%d objects, want 1", n)
		}
	})
}

func TestInterrupt(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		ctx, cancel := context.WithCancel(context.Background())
		if err := s.Begin(ctx, someTime); err != nil {
			t.Fatal(err)
		}
		mustRun(t, s, putObject, "acct", "customer", "cus_2", 1, "{}")
		done := make(chan struct{})
		go func() { cancel(); close(done) }()
		_, _, err := s.Run(runaway, nil, nil)
		<-done
		if !errors.Is(err, context.Canceled) || errnoOf(err) != 0 {
			t.Errorf("run = %v, want canceled", err)
		}
		s.Rollback()
		if n := count(t, s); n != 1 {
			t.Errorf("%d objects, want 1", n)
		}
	})
}

// mustSurvive checks that a store whose transaction failed has what was
// committed before, and goes on.
func mustSurvive(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Commit(); err == nil {
		t.Error("a transaction that failed was committed")
	}
	if n := count(t, s); n != 1 {
		t.Errorf("%d objects after the failure, want 1", n)
	}
	mustPut(t, s, "cus_after", "{}")
	if n := count(t, s); n != 2 {
		t.Errorf("%d objects, want 2", n)
	}
}

func TestOutOfMemory(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		mustBegin(t, s)
		mustRun(t, s, putObject, "acct", "customer", "cus_2", 1, "{}")
		_, _, err := s.Run(hugeValue, nil, nil)
		if _, ok := errors.AsType[*stopped](err); !ok {
			t.Errorf("run = %v, want out of memory", err)
		}
		mustSurvive(t, s)
	})
}

func TestPanicInsideSQLite(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		s.Observe([]abi.Table{objectsTable}, func(host.Change) { panic("in the hook") })
		mustBegin(t, s)
		_, _, err := s.Run(putObject, args("acct", "customer", "cus_2", 1, "{}"), nil)
		if _, ok := errors.AsType[*stopped](err); !ok {
			t.Errorf("run = %v, want a panic's error", err)
		}
		s.Observe(nil, nil)
		mustSurvive(t, s)
	})
}

func TestDatabaseIsFull(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		mustBegin(t, s)
		big := strings.Repeat("x", 15<<20)
		var err error
		for i := 0; err == nil && i < 10; i++ {
			_, _, err = s.Run(putObject, args("acct", "customer", fmt.Sprint("big", i), 1, big), nil)
		}
		if err == nil || !strings.Contains(err.Error(), "full") {
			t.Errorf("run = %v, want full", err)
		}
		mustSurvive(t, s)
	})
}

func TestLimits(t *testing.T) {
	s := mustEphemeral(t, mustStores(t))
	mustBegin(t, s)
	_, _, err := s.Run(putObject, args("acct", "customer", "big", 1, strings.Repeat("x", maxValueBytes+1)), nil)
	if errnoOf(err) != abi.Limit {
		t.Errorf("large value: %v, want limit", err)
	}
	for i := range 300 {
		mustRun(t, s, putObject, "acct", "customer", fmt.Sprint(i), i, "{}")
	}
	for range 1000 {
		if _, _, err = s.Run(listFrom, nil, nil); err != nil {
			break
		}
	}
	if errnoOf(err) != abi.Limit {
		t.Errorf("rows: %v, want limit", err)
	}
	s.Rollback()
}

func TestHostValues(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustBegin(t, s)
		for _, k := range []string{"timer/b", "timer/a", "rand", "timer0"} {
			if err := s.Put(k, []byte("v-"+k)); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Put("empty", []byte{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Put("rand", nil); err != nil {
			t.Fatal(err)
		}
		mustCommit(t, s)
		var got []string
		read := func(k string, v []byte) bool { got = append(got, k+"="+string(v)); return true }
		if err := s.Values("timer/", read); err != nil {
			t.Fatal(err)
		}
		if want := []string{"timer/a=v-timer/a", "timer/b=v-timer/b"}; !reflect.DeepEqual(got, want) {
			t.Errorf("values = %v, want %v", got, want)
		}
		got = nil
		if err := s.Values("", read); err != nil || len(got) != 4 || got[0] != "empty=" {
			t.Errorf("all values = %v, %v", got, err)
		}
	})
}

func TestDocumentsAndQuery(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustBegin(t, s)
		mustRun(t, s, putObject, "acct", "customer", "cus_2", 1, `{"name":"Ada"}`)
		mustRun(t, s, putObject, "acct", "charge", "ch_1", 2, `{}`)
		mustRun(t, s, putObject, "acct", "customer", "cus_1", 3, `{"name":"Bo"}`)
		mustRun(t, s, putObject, "acct", "customer", "cus_0", 4, `{"name":"gone"}`)
		mustRun(t, s, updateObject, "acct", "cus_0", "{}", 1)
		mustCommit(t, s)
		var got []string
		err := s.Documents(&objectsTable, "customer", func(d host.Document) bool {
			got = append(got, d.Type+" "+d.Account+" "+d.ID+" "+string(d.JSON))
			return true
		})
		if want := []string{`customer acct cus_2 {"name":"Ada"}`, `customer acct cus_1 {"name":"Bo"}`}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("documents = %v, %v, want %v", got, err, want)
		}
		var rows [][]any
		err = s.Query(context.Background(), `SELECT name, 1, 2.5, NULL, x'00' FROM customers ORDER BY name`, func(columns []string, row []any) bool {
			if len(columns) != 5 || columns[0] != "name" {
				t.Errorf("columns = %v", columns)
			}
			rows = append(rows, row)
			return true
		})
		if want := []any{"Ada", int64(1), 2.5, nil, []byte{0}}; err != nil || len(rows) != 2 || !reflect.DeepEqual(rows[0], want) {
			t.Errorf("query = %v, %v, want first %v", rows, err, want)
		}
	})
}
