package sqlite

import (
	"context"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// BenchmarkSchema compares layouts of a table of objects: one insert of 1.5 KB
// per transaction with random ids into 500 rows, then a list of 100 and a
// select by id on them.
func BenchmarkSchema(b *testing.B) {
	const columns = `(account TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, doc TEXT NOT NULL`
	for _, bb := range []struct{ name, ddl string }{
		{"rowid/unique", `CREATE TABLE objects ` + columns + `); CREATE UNIQUE INDEX i ON objects (account, id)`},
		{"rowid/unique+list", `CREATE TABLE objects ` + columns + `); CREATE UNIQUE INDEX i ON objects (account, id); CREATE INDEX l ON objects (account, type, created, id)`},
		{"rowid/unique+listrowid", `CREATE TABLE objects ` + columns + `); CREATE UNIQUE INDEX i ON objects (account, id); CREATE INDEX l ON objects (account, type)`},
		{"worowid/pk", `CREATE TABLE objects ` + columns + `, PRIMARY KEY (account, id)) WITHOUT ROWID`},
		{"worowid/pk+list", `CREATE TABLE objects ` + columns + `, PRIMARY KEY (account, id)) WITHOUT ROWID; CREATE INDEX l ON objects (account, type, created, id)`},
		{"worowid/typed", `CREATE TABLE objects ` + columns + `, PRIMARY KEY (account, type, created, id)) WITHOUT ROWID; CREATE UNIQUE INDEX i ON objects (account, id)`},
	} {
		order := "created DESC, id DESC"
		if bb.name == "rowid/unique+listrowid" {
			order = "rowid DESC"
		}
		schema := host.Schema{DDL: bb.ddl, Statements: []string{
			`INSERT INTO objects VALUES (?1, ?2, ?3, ?4, ?5)`,
			`SELECT doc FROM objects WHERE account = ?1 AND type = ?2 ORDER BY ` + order + ` LIMIT 100`,
			`SELECT doc FROM objects WHERE account = ?1 AND id = ?2`,
		}}
		st, err := mustStores(b).Ephemeral(&schema)
		if err != nil {
			b.Fatal(err)
		}
		s := st.(*Store)
		ctx := context.Background()
		d := doc("cus", 1500)
		i := 0
		insert := func() {
			_ = s.Begin(ctx, 0)
			if _, _, err := s.Run(0, appendObject(nil, i, d), nil); err != nil {
				b.Fatal(err)
			}
			if err := s.Commit(); err != nil {
				b.Fatal(err)
			}
			i++
		}
		for range 500 {
			insert()
		}
		full, err := s.Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bb.name+"/insert", func(b *testing.B) {
			for b.Loop() {
				if i%500 == 0 {
					if err := s.Restore(full); err != nil {
						b.Fatal(err)
					}
				}
				insert()
			}
		})
		if err := s.Restore(full); err != nil {
			b.Fatal(err)
		}
		size, err := s.SizeBytes()
		if err != nil {
			b.Fatal(err)
		}
		out := make([]byte, 0, 256<<10)
		b.Run(bb.name+"/list100", func(b *testing.B) {
			in := args("acct_1", "customer")
			for b.Loop() {
				_ = s.Begin(ctx, 0)
				if _, n, err := s.Emit(out, 1, in, 0, nil); err != nil || n != 100 {
					b.Fatal(n, err)
				}
				s.Rollback()
			}
			b.ReportMetric(float64(size)/500, "bytes/row")
		})
		b.Run(bb.name+"/get", func(b *testing.B) {
			in := appendObject(nil, 250, "")
			get := append(in[:11:11], in[24:47]...)
			for b.Loop() {
				_ = s.Begin(ctx, 0)
				if _, n, err := s.Run(2, get, out); err != nil || n != 1 {
					b.Fatal(n, err)
				}
				s.Rollback()
			}
		})
	}
}
