package sqlite

import (
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// guardMode says who is speaking on a connection.
type guardMode uint8

const (
	guardHost   guardMode = iota // this package: everything
	guardSchema                  // a plugin's DDL: its own tables, indexes, views and triggers
	guardPlugin                  // a plugin's statements: read and write its own tables
	guardQuery                   // a user: read the plugin's tables
)

// guard is the authorizer of a connection: an allow-list, asked while a
// statement is compiled. What SQLite does not ask about (VACUUM) is caught by
// requiring that it asked about a SELECT, INSERT, UPDATE or DELETE.
type guard struct {
	mode   guardMode
	own    map[string]bool // tables and views of the schema
	denied string          // what was refused last, in words
	acts   bool            // a SELECT, INSERT, UPDATE or DELETE was seen
	dates  bool            // a function of dateFunctions was seen
}

// reset forgets what an earlier statement did.
func (g *guard) reset(m guardMode) { g.mode, g.denied, g.acts = m, "", false }

func (g *guard) authorize(action sqlite3.AuthorizerActionCode, third, fourth, schema, inner string) sqlite3.AuthorizerReturnCode {
	if g.mode == guardHost {
		return sqlite3.AUTH_OK
	}
	if g.allows(action, third, fourth, schema) {
		if action == sqlite3.AUTH_DELETE && g.mode == guardPlugin {
			// Allowed, row by row: an emptied table is observed too.
			return sqlite3.AUTH_IGNORE
		}
		return sqlite3.AUTH_OK
	}
	if g.denied == "" {
		g.denied = describe(action, third, fourth)
	}
	return sqlite3.AUTH_DENY
}

func (g *guard) allows(action sqlite3.AuthorizerActionCode, third, fourth, schema string) bool {
	if schema != "" && schema != "main" {
		return false // temp
	}
	switch action {
	case sqlite3.AUTH_SELECT:
		g.acts = true
		return true
	case sqlite3.AUTH_RECURSIVE:
		return true
	case sqlite3.AUTH_FUNCTION:
		name := strings.ToLower(fourth)
		if dateFunctions[name] {
			g.dates = true
			return true
		}
		return allowedFunctions[name] || editFunctions[name] && g.mode != guardSchema
	case sqlite3.AUTH_READ:
		return g.reads(strings.ToLower(third), fourth)
	case sqlite3.AUTH_INSERT, sqlite3.AUTH_UPDATE, sqlite3.AUTH_DELETE:
		g.acts = true
		return g.writes(action, strings.ToLower(third))
	}
	if g.mode != guardSchema {
		return false
	}
	switch action {
	case sqlite3.AUTH_CREATE_INDEX:
		// SQLite names the index of a PRIMARY KEY or UNIQUE itself, and lets
		// nobody else use such a name.
		return (!reserved(strings.ToLower(third)) || strings.HasPrefix(third, "sqlite_autoindex_")) && !reserved(strings.ToLower(fourth))
	case sqlite3.AUTH_CREATE_TABLE, sqlite3.AUTH_CREATE_VIEW, sqlite3.AUTH_CREATE_TRIGGER:
		return !reserved(strings.ToLower(third)) && !reserved(strings.ToLower(fourth))
	case sqlite3.AUTH_REINDEX: // part of CREATE INDEX
		return true
	}
	return false
}

func (g *guard) reads(table, column string) bool {
	switch {
	case tableFunctions[table]:
		return true
	case table == "sqlite_master":
		return g.mode == guardSchema
	case reserved(table):
		return false
	case g.mode == guardSchema || g.own[table]:
		return true
	}
	// Without a column the name may be a common table expression, which
	// SQLite asks about as well. Built-in virtual tables look the same.
	return column == "" && !builtinTables[table] && !strings.HasPrefix(table, "pragma_")
}

func (g *guard) writes(action sqlite3.AuthorizerActionCode, table string) bool {
	switch g.mode {
	case guardSchema:
		if table == "sqlite_master" {
			return action != sqlite3.AUTH_DELETE // CREATE writes its row
		}
		return !reserved(table)
	case guardPlugin:
		return g.own[table]
	}
	return false
}

func reserved(table string) bool {
	return strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "_mirra_")
}

// describe words a refusal for the plugin's author.
func describe(action sqlite3.AuthorizerActionCode, third, fourth string) string {
	switch action {
	case sqlite3.AUTH_FUNCTION:
		return "function " + fourth + "()"
	case sqlite3.AUTH_READ:
		return "reading " + third
	case sqlite3.AUTH_INSERT, sqlite3.AUTH_UPDATE, sqlite3.AUTH_DELETE:
		return "writing " + third
	case sqlite3.AUTH_TRANSACTION:
		return third + " (the host begins and ends the transaction)"
	case sqlite3.AUTH_SAVEPOINT:
		return "SAVEPOINT"
	case sqlite3.AUTH_PRAGMA:
		return "PRAGMA " + third
	case sqlite3.AUTH_ATTACH, sqlite3.AUTH_DETACH:
		return "ATTACH"
	case sqlite3.AUTH_CREATE_VTABLE, sqlite3.AUTH_DROP_VTABLE:
		return "a virtual table"
	case sqlite3.AUTH_CREATE_TEMP_TABLE, sqlite3.AUTH_CREATE_TEMP_INDEX,
		sqlite3.AUTH_CREATE_TEMP_VIEW, sqlite3.AUTH_CREATE_TEMP_TRIGGER:
		return "TEMP"
	case sqlite3.AUTH_SELECT:
		return "SELECT"
	}
	if third == "" {
		return "this statement"
	}
	return "changing the schema (" + third + ")"
}

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

var (
	// tableFunctions are the virtual tables that may be read: they are pure.
	tableFunctions = set("json_each json_tree jsonb_each jsonb_tree")

	// builtinTables are the other modules of this SQLite build.
	builtinTables = set("generate_series bytecode tables_used dbstat sqlite_stmt sqlite_dbpage completion")

	// dateFunctions are replaced, see clock.go.
	dateFunctions = set(`date time datetime julianday unixepoch strftime timediff
		current_date current_time current_timestamp`)

	// allowedFunctions are functions of their arguments. Left out: random and
	// randomblob, changes and total_changes (connections are shared; run
	// returns the count), everything about SQLite or the machine.
	allowedFunctions = set(`
		abs char coalesce concat concat_ws format glob hex if ifnull iif instr last_insert_rowid length like
		likelihood likely lower ltrim max min nullif octet_length printf quote regexp regexpi replace round rtrim
		sign soundex substr substring trim typeof unhex unicode unistr unistr_quote unlikely upper zeroblob
		avg count group_concat string_agg sum total median percentile percentile_cont percentile_disc
		row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
		json json_array json_array_insert json_array_length json_error_position json_extract -> ->> json_insert
		json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid
		json_group_array json_group_object
		jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_insert jsonb_object jsonb_patch jsonb_remove
		jsonb_replace jsonb_set jsonb_group_array jsonb_group_object
		acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi
		pow power radians sin sinh sqrt tan tanh trunc`)
)
