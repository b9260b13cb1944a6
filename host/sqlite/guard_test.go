package sqlite

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

func TestGuardDenies(t *testing.T) {
	tests := []struct{ sql, message string }{
		{`COMMIT`, "COMMIT"},
		{`BEGIN`, "BEGIN"},
		{`END`, "COMMIT"},
		{`ROLLBACK`, "ROLLBACK"},
		{`SAVEPOINT a`, "SAVEPOINT"},
		{`RELEASE a`, "SAVEPOINT"},
		{`CREATE TABLE t (a)`, "not allowed"},
		{`CREATE INDEX i ON objects (doc)`, "not allowed"},
		{`DROP TABLE objects`, "not allowed"},
		{`DROP INDEX objects_id`, "not allowed"},
		{`ALTER TABLE objects ADD COLUMN x`, "not allowed"},
		{`CREATE TEMP TABLE t (a)`, "not allowed"},
		{`CREATE TEMP VIEW v AS SELECT 1`, "not allowed"},
		{`CREATE VIRTUAL TABLE v USING json_each`, "not allowed"},
		{`ATTACH 'x.db' AS x`, "ATTACH"},
		{`DETACH main`, "ATTACH"},
		{`PRAGMA user_version`, "PRAGMA user_version"},
		{`PRAGMA journal_mode = OFF`, "PRAGMA journal_mode"},
		{`VACUUM`, "not allowed"},
		{`VACUUM INTO 'x.db'`, "not allowed"},
		{`EXPLAIN VACUUM`, "not allowed"},
		{`REINDEX`, "not allowed"},
		{`ANALYZE`, "not allowed"},
		{`SELECT * FROM sqlite_schema`, "reading sqlite_master"},
		{`SELECT count(*) FROM sqlite_master`, "reading sqlite_master"},
		{`SELECT * FROM sqlite_temp_schema`, "not allowed"},
		{`UPDATE sqlite_schema SET sql = ''`, ""},
		{`SELECT * FROM _mirra_meta`, "reading _mirra_meta"},
		{`SELECT count(*) FROM _mirra_meta`, "reading _mirra_meta"},
		{`SELECT 1 FROM objects WHERE EXISTS (SELECT 1 FROM _MIRRA_META)`, "not allowed"},
		{`DELETE FROM _mirra_meta`, "writing _mirra_meta"},
		{`INSERT INTO _mirra_meta VALUES ('a', 'b')`, "writing _mirra_meta"},
		{`SELECT * FROM pragma_table_info('objects')`, "not allowed"},
		{`SELECT count(*) FROM pragma_database_list`, "not allowed"},
		{`SELECT * FROM generate_series(1, 2)`, "not allowed"},
		{`SELECT count(*) FROM generate_series(1, 2)`, "not allowed"},
		{`SELECT * FROM dbstat`, ""},
		{`SELECT random()`, "function random()"},
		{`SELECT hex(randomblob(8))`, "function randomblob()"},
		{`SELECT sqlite_version()`, "function sqlite_version()"},
		{`SELECT changes()`, "function changes()"},
		{`SELECT load_extension('x')`, ""},
		{`SELECT writefile('x', 'y')`, ""},
		{`SELECT 1; SELECT 2`, "more than one statement"},
		{`SELECT "no such column" FROM objects`, "no such column"}, // no double-quoted strings
		{``, "no statement"},
		{`-- nothing`, "no statement"},
		{`SELECT * FROM nowhere`, "no such table"},
	}
	s := mustStores(t)
	for _, tt := range tests {
		schema := testSchema
		schema.Statements = []string{tt.sql}
		if _, err := s.Ephemeral(&schema); err == nil || !strings.Contains(err.Error(), tt.message) {
			t.Errorf("%s: %v, want %q", tt.sql, err, tt.message)
		}
	}
}

func TestGuardAllows(t *testing.T) {
	schema := testSchema
	schema.Statements = []string{
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9) SELECT count(*) FROM n`,
		`WITH c AS (SELECT * FROM objects) SELECT count(*) FROM c`,
		`SELECT count(*) FROM objects, json_each(objects.doc)`,
		`SELECT j.value FROM objects o, json_tree(o.doc, '$.a') j WHERE j.key = 'x'`,
		`SELECT name FROM customers`,
		`SELECT doc ->> '$.a', json_set(doc, '$.b', 1) FROM objects; -- a comment`,
		`INSERT INTO events (type, doc) VALUES (?, ?) ON CONFLICT (seq) DO UPDATE SET doc = excluded.doc RETURNING seq`,
		`SELECT row_number() OVER (PARTITION BY type ORDER BY created) FROM objects`,
		`SELECT group_concat(id, ',' ORDER BY id) FILTER (WHERE deleted = 0) FROM objects`,
		`SELECT last_insert_rowid(), round(1.5), upper('a') LIKE 'A', 'a' GLOB '*', 'a' REGEXP 'a+'`,
		`EXPLAIN QUERY PLAN SELECT * FROM objects`,
	}
	if _, err := mustStores(t).Ephemeral(&schema); err != nil {
		t.Error(err)
	}
}

func TestSchemaFaultsAreReportedTogether(t *testing.T) {
	schema := host.Schema{
		DDL: "CREATE TABLE a (x);\nCREATE TABLE _mirra_x (y);",
		Statements: []string{
			`SELECT x FROM a`,
			`SELEKT 1`,
			`COMMIT`,
			`SELECT y FROM a`,
		},
	}
	_, err := mustStores(t).Ephemeral(&schema)
	if err == nil {
		t.Fatal("compiled")
	}
	for _, want := range []string{
		"DDL statement 2: changing the schema (_mirra_x) is not allowed",
		`statement 1: near "SELEKT": syntax error at offset 0: SELEKT 1`,
		"statement 2: COMMIT (the host begins and ends the transaction) is not allowed: COMMIT",
		"statement 3: no such column: y at offset 7: SELECT y FROM a",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
}

func TestDDLIsGuarded(t *testing.T) {
	for _, ddl := range []string{
		`PRAGMA journal_mode = OFF`, `ATTACH 'x' AS x`, `CREATE TEMP TABLE t (a)`, `COMMIT`,
		`CREATE VIRTUAL TABLE v USING fts5(a)`, `CREATE TABLE sqlite_x (a)`, `CREATE TABLE t (a DEFAULT (random()))`,
		`CREATE TRIGGER r AFTER INSERT ON _mirra_meta BEGIN SELECT 1; END`, `CREATE INDEX i ON _mirra_meta (value)`,
		`DROP TABLE _mirra_meta`, `ALTER TABLE _mirra_meta ADD COLUMN x`, `DELETE FROM sqlite_schema`,
		`CREATE TABLE t (a); CREATE VIEW v AS SELECT * FROM _mirra_meta; CREATE TABLE u AS SELECT * FROM v`,
	} {
		if _, err := mustStores(t).Ephemeral(&host.Schema{DDL: ddl}); err == nil {
			t.Errorf("%s: no error", ddl)
		}
	}
}

func TestQueryIsGuarded(t *testing.T) {
	eachKind(t, func(t *testing.T, s *Store) {
		mustPut(t, s, "cus_1", "{}")
		for _, sql := range []string{
			`DELETE FROM objects`, `INSERT INTO events (type, doc) VALUES (1, 2)`, `UPDATE objects SET doc = ''`,
			`SELECT * FROM _mirra_meta`, `PRAGMA table_info(objects)`, `SELECT * FROM sqlite_schema`,
			`SELECT 1; DELETE FROM objects`, `COMMIT`, `SELECT random()`, `SELEKT`, ``,
		} {
			err := s.Query(context.Background(), sql, func([]string, []any) bool { return true })
			if e, ok := errors.AsType[*host.Error](err); !ok || e.Kind != host.KindInvalid {
				t.Errorf("%s: %v, want an invalid request", sql, err)
			}
		}
		if n := count(t, s); n != 1 {
			t.Errorf("%d objects, want 1", n)
		}
	})
}
