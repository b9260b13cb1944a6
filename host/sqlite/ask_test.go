package sqlite

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestAsk(t *testing.T) {
	t.Parallel()
	tables := map[string][]json.RawMessage{
		"customers":         {json.RawMessage(`{"id":"cus_1","email":"a@b.c","balance":-20,"livemode":false,"metadata":{"plan":"pro"}}`), json.RawMessage(`{"id":"cus_2","email":null,"rate":1.5}`)},
		"checkout.sessions": {json.RawMessage(`{"id":"cs_1"}`)},
		"refunds":           nil,
	}
	for _, c := range []struct {
		sql   string
		want  []any
		fault string
	}{
		{sql: `SELECT count(*) = 2 FROM customers`, want: []any{int64(1)}},
		{sql: `SELECT id FROM customers WHERE metadata ->> 'plan' = 'pro'`, want: []any{"cus_1"}},
		{sql: `SELECT email, livemode, rate FROM customers ORDER BY id DESC`, want: []any{nil, nil, 1.5}},
		{sql: `SELECT balance, livemode FROM customers WHERE id = 'cus_1'`, want: []any{int64(-20), int64(0)}},
		{sql: `SELECT _document ->> 'id' FROM "checkout.sessions"`, want: []any{"cs_1"}},
		{sql: `SELECT count(*) FROM refunds r WHERE r.status = 'failed' AND amount > 3`, want: []any{int64(0)}},
		{sql: `SELECT 1 FROM customers WHERE 0`},
		{sql: `SELECT colour FROM customers`, fault: "no such column: colour"},
		{sql: `SELECT 1 FROM charges`, fault: "no such table: charges"},
		{sql: `DELETE FROM customers`, fault: "not allowed"},
		{sql: `SELECT 1; SELECT 2`, fault: "one statement"},
		{sql: `ATTACH ':memory:' AS other`, fault: "not allowed"},
		{sql: `PRAGMA user_version`, fault: "not allowed"},
		{sql: `SELECT * FROM sqlite_master`, fault: "not allowed"},
		{sql: `SELECT`, fault: "incomplete input"},
		{sql: ` `, fault: "no statement"},
	} {
		r, err := Ask(context.Background(), tables, c.sql)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%s: error %v, want one with %q", c.sql, err, c.fault)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(r.Values, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.sql, r.Values, err, c.want)
		}
	}
}

// A statement that never ends, or takes all memory, costs nobody else anything.
func TestAskIsBounded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Ask(ctx, nil, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n`); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("error %v, want one that says it takes too long", err)
	}
	if _, err := Ask(context.Background(), nil, `SELECT length(zeroblob(1000000000))`); err == nil {
		t.Error("a value of 1 GB was made")
	}
}
