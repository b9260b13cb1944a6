package main

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// marks are what is known of objects and no answer shows: the url of a medium, by
// whom an account was adopted; and of account "" what fixtures say of all.
var marks = twilio.Marks()

// base2010 is what the paths of the 2010 API begin with.
const base2010 = "/2010-04-01"

// request is a call with its parameters.
type request struct {
	*sdk.Call
	params sdk.Doc
}

func (r *request) text(name string) string { return r.params.Get(name).String() }
func (r *request) has(name string) bool    { return r.params.Get(name).Exists() }

var selectGate = sdk.Define(`SELECT (SELECT doc FROM objects WHERE type = 'account' AND account = '' AND id = ?1 AND deleted = 0),
	(SELECT value FROM marks WHERE account = '' AND id = '' AND mark = 'limit'), (SELECT value FROM marks WHERE account = '' AND id = '' AND mark = 'seeded')`)

// before authenticates, finds out which account a request is about, and counts
// it against the limit of a fixture.
func before(c *sdk.Call) error {
	c.FixedHeaders(fixedHeaders)
	c.SetHeader("Twilio-Request-Id", c.RandomBehind(sdk.Requests, "RQ", 32, sdk.Hex))
	c.SetHeader("Twilio-Request-Duration", c.RandomBehind(sdk.Requests, "0.0", 2, sdk.Digits))
	if c.Host != "" && c.Host != "api" {
		c.SetHeader("X-Api-Domain", c.Host+".twilio.com") // [R]
	}
	path, own := pathAccount(c.Path())
	user, err := authenticate(c, path)
	if err != nil || user == testAccount {
		return err
	}
	account := cmp.Or(path, user)
	other := account != user // maybe a subaccount of the user's
	rows := selectGate.MustRun(c.Args().Text(account))
	rows.Next()
	stored, limit, seeded := rows.Text(), rows.Text(), rows.Text()
	c.SetAccount(account)
	if seeded != "" && stored == "" && !other {
		adopt(c, seeded)
	}
	d := c.Trusted(stored)
	switch owner := d.Get("owner_account_sid").String(); {
	case stored == "" && other && own:
		return notFound(c)
	case other && owner != user:
		return unauthorized() // believed of one that is not there
	case stored != "" && d.Get("status").String() != "active" && !(other && own):
		return refuse(20005) // status and name of a suspended subaccount can still be looked at and set
	case own:
		c.SetAccount(user)
	}
	if limit != "" {
		perMinute, _ := strconv.ParseFloat(limit, 64)
		if c.Take("twilio "+limit+"/min", 1, perMinute/60, int64(perMinute)) > 0 {
			return refuse(20429)
		}
	}
	return nil
}

// authenticate returns the account that a user of basic authentication acts for.
func authenticate(c *sdk.Call, path string) (string, error) {
	user := c.Account()
	switch {
	case user == testAccount && path != "" && path != user:
		return "", unauthorized()
	case user == testAccount && !strings.Contains(testOperations, " "+c.Operation()+" "):
		return "", refuse(20008)
	case c.Credential.Class == "account":
		return user, nil
	case c.Credential.Class != "key":
		return "", unauthorized()
	}
	rows := selectKey.MustRun(c.Args().Text(user))
	switch {
	case rows.Next(): // made in the session
		account := rows.Text()
		if deleted := rows.Int() != 0; deleted {
			return "", unauthorized()
		}
		return account, nil
	case path != "":
		return path, nil // an API key of the application's own
	}
	return defaultAccount(c), nil
}

// unauthorized [3, users' captures].
func unauthorized() error {
	f := refuse(20003).(*failure)
	f.detail = "Your AccountSid or AuthToken was incorrect."
	return f
}

// pathAccount is the account that a path of the 2010 API names; own tells that it
// is the account's own path.
func pathAccount(path string) (sid string, own bool) {
	rest, _ := strings.CutPrefix(path, base2010+"/Accounts/")
	if rest == path {
		return "", false
	}
	sid, _, below := strings.Cut(rest, "/")
	return strings.TrimSuffix(sid, ".json"), !below
}

func (r *request) isTest() bool { return r.Account() == testAccount }

var (
	selectKey   = sdk.Define(`SELECT account, deleted FROM objects WHERE type = 'key' AND id = ?1`)
	selectFirst = sdk.Define(`SELECT account FROM objects WHERE account <> '' ORDER BY seq LIMIT 1`)
)

// defaultAccount is the account of what no account is named for: the first that
// has anything, else one of the session's own.
func defaultAccount(c *sdk.Call) string {
	if rows := selectFirst.MustRun(c.Args()); rows.Next() {
		return rows.Text()
	}
	account := "AC" + c.Random(sdk.Fixed, 32, sdk.Hex)
	c.As("", func() { marks.Set(c, "", "seeded", account) })
	return account
}

var (
	adoptObjects = sdk.Define(`UPDATE objects SET account = ?2, doc = replace(doc, ?1, ?2), id = replace(id, ?1, ?2) WHERE account = ?1`)
	adoptLinks   = sdk.Define(`UPDATE links SET account = ?2 WHERE account = ?1`)
	adoptMarks   = sdk.Define(`UPDATE marks SET account = ?2 WHERE account = ?1`)
)

// adopt makes what was seeded without an account the first caller's: which
// account the application has is known when it asks.
func adopt(c *sdk.Call, seeded string) {
	for _, s := range [...]*sdk.Statement{adoptObjects, adoptLinks, adoptMarks} {
		s.MustRun(c.Args().Text(seeded).Text(c.Account()))
	}
	by := c.Account()
	c.As("", func() {
		marks.Set(c, "", "seeded", "")
		marks.Set(c, seeded, "adopted", by)
	})
}

// actFor acts for the account that a timer or delivery was set for, which may
// have been adopted meanwhile.
func actFor(c *sdk.Call, account string) {
	c.As("", func() { account = cmp.Or(marks.Get(c, account, "adopted"), account) })
	c.SetAccount(account)
}

// set sets members to texts: name and value in turn.
func set(d sdk.Doc, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		d.SetString(pairs[i], pairs[i+1])
	}
}

func newSID(c *sdk.Call, prefix string) string {
	return c.RandomBehind(sdk.Objects, prefix, 32, sdk.Hex)
}

// account2010 is the path of the call's account.
func account2010(c *sdk.Call) string { return base2010 + "/Accounts/" + c.Account() }

// isURL tells whether a text is an absolute URL.
func isURL(s string) bool {
	if sdk.IsPlainURL(s) {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(s, " \t\r\n\"<>")
}
