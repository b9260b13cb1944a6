package sqlite

import (
	"testing"

	"github.com/mirrahq/mirra/abi"
)

// FuzzArguments feeds a plugin's bytes to statements: they are bound, or the
// plugin is told what is wrong.
func FuzzArguments(f *testing.F) {
	f.Add(uint32(putObject), args("acct", "customer", "cus_1", 1, "{}"))
	f.Add(uint32(getObject), args(nil, 1.5))
	f.Add(uint32(putEvent), args([]byte{}, ""))
	f.Add(uint32(listObjects), []byte{3, 255, 255, 255, 127, 0})
	f.Add(uint32(99), []byte{1})
	s := mustEphemeral(f, mustStores(f))
	f.Fuzz(func(t *testing.T, stmt uint32, in []byte) {
		if stmt == runaway || stmt == hugeValue || stmt == orRollback {
			return // never ends, or ends the transaction
		}
		mustBegin(t, s)
		defer s.Rollback()
		out, _, err := s.Run(stmt, in, nil)
		if err != nil {
			if errnoOf(err) == 0 {
				t.Fatalf("stopped: %v", err)
			}
			return
		}
		r, err := abi.DecodeRows(string(out))
		if err != nil {
			t.Fatal(err)
		}
		for range r.Count * r.Columns {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
