package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// SQLite reads the machine's clock for 'now', and go-sqlite3 has no hook for
// it. So connections whose statements use a time function get it replaced by
// one that puts session time in the place of 'now' and lets an untouched
// SQLite do the rest. Modifiers that depend on the machine's time zone are
// refused: session time is UTC.

// clockFunctions lists, by function, at which arguments a time is expected.
var clockFunctions = []struct {
	name  string
	times []int
}{
	{"date", []int{0}}, {"time", []int{0}}, {"datetime", []int{0}}, {"julianday", []int{0}},
	{"unixepoch", []int{0}}, {"strftime", []int{1}}, {"timediff", []int{0, 1}},
}

var errZone = errors.New("localtime and utc are not available: session time is UTC")

// replaceClock makes SQLite's time functions follow c.nowNS.
func (c *conn) replaceClock() error {
	c.dates = true
	for _, f := range clockFunctions {
		err := c.db.CreateFunction(f.name, -1, sqlite3.INNOCUOUS, func(ctx sqlite3.Context, arg ...sqlite3.Value) {
			c.clock(ctx, f.name, f.times, arg)
		})
		if err != nil {
			return fmt.Errorf("replace %s: %w", f.name, err)
		}
	}
	for name, layout := range map[string]string{
		"current_date": time.DateOnly, "current_time": time.TimeOnly, "current_timestamp": time.DateTime,
	} {
		err := c.db.CreateFunction(name, 0, sqlite3.INNOCUOUS, func(ctx sqlite3.Context, _ ...sqlite3.Value) {
			ctx.ResultText(c.now().Format(layout))
		})
		if err != nil {
			return fmt.Errorf("replace %s: %w", name, err)
		}
	}
	return nil
}

func (c *conn) now() time.Time { return time.Unix(0, c.nowNS).UTC() }

// clock answers one call of a time function.
func (c *conn) clock(ctx sqlite3.Context, name string, times []int, arg []sqlite3.Value) {
	now := c.now()
	if len(arg) == 0 || len(arg) == 1 && times[0] == 0 && isText(arg[0], "now") {
		switch name {
		case "date":
			ctx.ResultText(now.Format(time.DateOnly))
			return
		case "time":
			ctx.ResultText(now.Format(time.TimeOnly))
			return
		case "datetime":
			ctx.ResultText(now.Format(time.DateTime))
			return
		case "unixepoch":
			ctx.ResultInt64(now.Unix())
			return
		}
	}
	stamp := now.Format("2006-01-02 15:04:05.000")
	args := make([]any, 0, len(arg)+2)
	for i, v := range arg {
		isTime := i == times[0] || len(times) > 1 && i == times[1]
		switch {
		case isTime && isText(v, "now"):
			args = append(args, stamp)
		case isTime && (isText(v, "subsec") || isText(v, "subsecond")):
			args = append(args, stamp, "subsec")
		case !isTime && i > times[0] && (isText(v, "localtime") || isText(v, "utc")):
			ctx.ResultError(errZone)
			return
		default:
			args = append(args, goValue(v))
		}
	}
	if len(arg) == times[0] && len(times) == 1 {
		args = append(args, stamp)
	}
	v, err := calendar.eval(name, args)
	if err != nil {
		ctx.ResultError(err)
		return
	}
	switch v := v.(type) {
	case int64:
		ctx.ResultInt64(v)
	case float64:
		ctx.ResultFloat(v)
	case string:
		ctx.ResultText(v)
	default:
		ctx.ResultNull()
	}
}

// isText compares as SQLite does when it parses a time: a blob is text too.
func isText(v sqlite3.Value, s string) bool {
	switch v.Type() {
	case sqlite3.TEXT, sqlite3.BLOB:
		return strings.EqualFold(string(v.RawText()), s)
	}
	return false
}

// goValue copies a value of SQLite's: int64, float64, string, []byte or nil.
func goValue(v sqlite3.Value) any {
	switch v.Type() {
	case sqlite3.INTEGER:
		return v.Int64()
	case sqlite3.FLOAT:
		return v.Float()
	case sqlite3.TEXT:
		return v.Text()
	case sqlite3.BLOB:
		return append([]byte{}, v.RawBlob()...)
	}
	return nil
}

// calendar is an SQLite with its own time functions and no data, shared by
// all connections.
var calendar calculator

type calculator struct {
	mu    sync.Mutex
	db    *sqlite3.Conn
	stmts map[string]*sqlite3.Stmt
}

// eval returns name(args…). No argument is "now" any more.
func (k *calculator) eval(name string, args []any) (v any, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			k.db, k.stmts = nil, nil
			err = &stopped{r}
		}
	}()
	if k.db == nil {
		if k.db, err = sqlite3.Open(":memory:"); err != nil {
			return nil, fmt.Errorf("open calendar: %w", err)
		}
		k.stmts = map[string]*sqlite3.Stmt{}
	}
	sql := "SELECT " + name + "(" + strings.TrimSuffix(strings.Repeat("?,", len(args)), ",") + ")"
	s := k.stmts[sql]
	if s == nil {
		if s, _, err = k.db.Prepare(sql); err != nil {
			return nil, errors.New(text(err))
		}
		k.stmts[sql] = s
	}
	defer s.Reset()
	for i, a := range args {
		if err := bindAny(s, i+1, a); err != nil {
			return nil, err
		}
	}
	if s.Step() {
		v = goValue(s.ColumnValue(0))
	}
	return v, s.Err()
}

func bindAny(s *sqlite3.Stmt, i int, v any) error {
	switch v := v.(type) {
	case int64:
		return s.BindInt64(i, v)
	case float64:
		return s.BindFloat(i, v)
	case string:
		return s.BindText(i, v)
	case []byte:
		return s.BindBlob(i, v)
	}
	return s.BindNull(i)
}
