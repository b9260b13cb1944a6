package sdk

// Marks are what a mirror knows of objects and no answer shows: where to tell of
// a message, what a token stands for.
type Marks struct{ write, read, drop *Statement }

// Marks gives the plugin's databases a table of marks.
func (p *Plugin) Marks() *Marks {
	p.Schema += `
CREATE TABLE marks(
	account TEXT NOT NULL,
	id TEXT NOT NULL,
	mark TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY(account, id, mark)
) STRICT, WITHOUT ROWID;
`
	return &Marks{
		write: Define(`INSERT OR REPLACE INTO marks(account, id, mark, value) VALUES(?1, ?2, ?3, ?4)`),
		read:  Define(`SELECT value FROM marks WHERE account = ?1 AND id = ?2 AND mark = ?3`),
		drop:  Define(`DELETE FROM marks WHERE account = ?1 AND id = ?2 AND mark = ?3`),
	}
}

// Set keeps a mark with an object of the call's account; "" takes it away.
func (m *Marks) Set(c *Call, id, mark, value string) {
	a := c.Args().Text(c.Account()).Text(id).Text(mark)
	if value == "" {
		m.drop.MustRun(a)
		return
	}
	m.write.MustRun(a.Text(value))
}

// Get returns a mark of an object of the call's account, "" if it has none.
func (m *Marks) Get(c *Call, id, mark string) string {
	rows := m.read.MustRun(c.Args().Text(c.Account()).Text(id).Text(mark))
	if !rows.Next() {
		return ""
	}
	return rows.Text()
}
