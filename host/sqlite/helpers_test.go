package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// The schema of most tests: generic objects and events, as the SDK has them.
const (
	putObject = iota
	getObject
	listObjects
	putEvent
	updateObject
	deleteObjects
	countObjects
	runaway
	hugeValue
	now
	insertReturning
	orRollback
	listFrom
)

var testSchema = host.Schema{
	Version: 3,
	DDL: `
-- objects of every type
CREATE TABLE objects (
	account TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL,
	deleted INTEGER NOT NULL DEFAULT 0, doc TEXT NOT NULL);
CREATE UNIQUE INDEX objects_id ON objects (account, id);
CREATE INDEX objects_list ON objects (account, type, created, id);
CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, doc TEXT NOT NULL, at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE VIEW customers AS SELECT id, doc ->> '$.name' AS name FROM objects WHERE type = 'customer' AND NOT deleted;
`,
	Statements: []string{
		putObject:       `INSERT INTO objects (account, type, id, created, doc) VALUES (?1, ?2, ?3, ?4, ?5)`,
		getObject:       `SELECT doc FROM objects WHERE account = ?1 AND id = ?2 AND NOT deleted`,
		listObjects:     `SELECT doc FROM objects WHERE account = ?1 AND type = ?2 AND NOT deleted ORDER BY created DESC, id DESC LIMIT ?3`,
		putEvent:        `INSERT INTO events (type, doc) VALUES (?1, ?2)`,
		updateObject:    `UPDATE objects SET doc = ?3, deleted = ?4 WHERE account = ?1 AND id = ?2`,
		deleteObjects:   `DELETE FROM objects`,
		countObjects:    `SELECT count(*), sum(length(doc)) FROM objects`,
		runaway:         `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n`,
		hugeValue:       `WITH RECURSIVE n(i, b) AS (SELECT 1, zeroblob(1000000) UNION ALL SELECT i + 1, zeroblob(1000000) FROM n LIMIT 300) SELECT length(b) FROM n ORDER BY b, i`,
		now:             `SELECT datetime('now'), CURRENT_TIMESTAMP, unixepoch(), strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 day'), julianday('now') > 0, date('2020-02-28', '+1 day')`,
		insertReturning: `INSERT INTO events (type, doc) VALUES (?1, ?2) RETURNING seq, at`,
		orRollback:      `INSERT OR ROLLBACK INTO objects (account, type, id, created, doc) VALUES (?1, ?2, ?3, ?4, ?5)`,
		listFrom:        `SELECT account, created, 1.5, NULL, x'0102' FROM objects ORDER BY rowid`,
	},
}

var objectsTable = abi.Table{Name: "objects", Type: "type", ID: "id", Account: "account", Document: "doc", Deleted: "deleted"}

const someTime = 1_700_000_000_123_456_789 // 2023-11-14T22:13:20.123Z

// kinds are the two implementations every behaviour is tested on.
var kinds = map[string]func(t testing.TB, s *Stores, schema *host.Schema) *Store{
	"ephemeral": func(t testing.TB, s *Stores, schema *host.Schema) *Store {
		st, err := s.Ephemeral(schema)
		if err != nil {
			t.Fatal(err)
		}
		return st.(*Store)
	},
	"persistent": func(t testing.TB, s *Stores, schema *host.Schema) *Store {
		st, err := s.Persistent(schema, filepath.Join(t.TempDir(), "mirror.db"))
		if err != nil {
			t.Fatal(err)
		}
		return st.(*Store)
	},
}

// eachKind runs a test on both kinds of store.
func eachKind(t *testing.T, f func(t *testing.T, s *Store)) {
	for name, open := range kinds {
		t.Run(name, func(t *testing.T) {
			s := open(t, mustStores(t), &testSchema)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			f(t, s)
		})
	}
}

func mustStores(t testing.TB) *Stores {
	t.Helper()
	s := New(Config{})
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func mustEphemeral(t testing.TB, s *Stores) *Store {
	t.Helper()
	return kinds["ephemeral"](t, s, &testSchema)
}

func mustBegin(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Begin(context.Background(), someTime); err != nil {
		t.Fatal(err)
	}
}

func mustCommit(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
}

// args encodes arguments: nil, int, float64, string, []byte.
func args(values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = abi.AppendNull(b)
		case int:
			b = abi.AppendInteger(b, int64(v))
		case float64:
			b = abi.AppendFloat(b, v)
		case string:
			b = abi.AppendText(b, v)
		case []byte:
			b = abi.AppendBlob(b, string(v))
		}
	}
	return b
}

// mustRun runs a statement and returns its rows.
func mustRun(t testing.TB, s *Store, stmt uint32, values ...any) (rows [][]any, changed int) {
	t.Helper()
	out, _, err := s.Run(stmt, args(values...), nil)
	if err != nil {
		t.Fatalf("statement %d: %v", stmt, err)
	}
	r, err := abi.DecodeRows(string(out))
	if err != nil {
		t.Fatal(err)
	}
	for range r.Count {
		row := make([]any, r.Columns)
		for i := range row {
			v, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			switch v.Type {
			case abi.Integer:
				row[i] = v.Int
			case abi.Float:
				row[i] = v.Float
			case abi.Text:
				row[i] = v.Str
			case abi.Blob:
				row[i] = []byte(v.Str)
			}
		}
		rows = append(rows, row)
	}
	return rows, r.Changed
}

// mustPut commits one object.
func mustPut(t testing.TB, s *Store, id, doc string) {
	t.Helper()
	mustBegin(t, s)
	mustRun(t, s, putObject, "acct", "customer", id, 1, doc)
	mustCommit(t, s)
}

// count returns how many objects are committed.
func count(t testing.TB, s *Store) int {
	t.Helper()
	mustBegin(t, s)
	defer s.Rollback()
	rows, _ := mustRun(t, s, countObjects)
	return int(rows[0][0].(int64))
}

// errnoOf returns the errno a plugin would see, 0 when it would be stopped.
func errnoOf(err error) abi.Errno {
	if e, ok := errors.AsType[*host.CallError](err); ok {
		return e.Errno
	}
	return 0
}
