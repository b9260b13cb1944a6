package main

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// base2010 is what the paths of the 2010 API begin with.
const base2010 = "/2010-04-01"

// request is a call with its parameters.
type request struct {
	*sdk.Call
	params sdk.Doc
}

func (r *request) text(name string) string { return r.params.Get(name).String() }
func (r *request) has(name string) bool    { return r.params.Get(name).Exists() }

// [R 2015 to 2017, api.twilio.com]; the age of Strict-Transport-Security is the
// later one of VENDORS.
var fixedHeaders = sdk.NewHeaders(
	"Content-Type", contentType,
	"Access-Control-Allow-Origin", "*",
	"Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
	"Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS",
	"Access-Control-Expose-Headers", "ETag",
	"Access-Control-Allow-Credentials", "true",
	"X-Powered-By", "AT-5000",
	"X-Shenanigans", "none",
	"Strict-Transport-Security", "max-age=31536000",
)

var selectGate = sdk.Define(`SELECT (SELECT doc FROM objects WHERE type = 'account' AND account = '' AND id = ?1 AND deleted = 0),
	(SELECT data FROM details WHERE account = '' AND id = 'limit'), (SELECT data FROM details WHERE account = '' AND id = 'seeded')`)

// before authenticates, finds out which account a request is about, and counts
// it against the limit of a fixture.
func before(c *sdk.Call) error {
	c.FixedHeaders(fixedHeaders)
	c.SetHeader("Twilio-Request-Id", "RQ"+c.Random(sdk.Requests, 32, sdk.Hex))
	c.SetHeader("Twilio-Request-Duration", "0.0"+c.Random(sdk.Requests, 2, sdk.Digits))
	if c.Host != "" && c.Host != "api" {
		c.SetHeader("X-Api-Domain", c.Host+".twilio.com") // [R]
	}
	path := pathAccount(c.Path())
	user := c.Account()
	switch {
	case user == testAccount:
		if path != "" && path != user {
			return unauthorized()
		}
		if !forTests(c) {
			return refuse(20008)
		}
		return nil
	case c.Credential.Class == "account":
	case c.Credential.Class == "key":
		owner, gone := ownerOfKey(c, user)
		switch {
		case gone:
			return unauthorized()
		case owner != "":
			user = owner
		case path != "":
			user = path // an API key of the application's own
		default:
			user = defaultAccount(c)
		}
	default:
		return unauthorized()
	}
	account := user
	if path != "" {
		account = path
	}
	rows := selectGate.MustRun(c.Args().Text(account))
	rows.Next()
	stored, limit, seeded := rows.Text(), rows.Text(), rows.Text()
	c.SetAccount(account)
	if seeded != "" && stored == "" && account == user {
		adopt(c, seeded)
	}
	if stored != "" {
		d := c.Trusted(stored)
		owner := d.Get("owner_account_sid").String()
		if account != user && owner != user {
			return unauthorized()
		}
		// Status and name of a suspended subaccount can still be looked at and set.
		if d.Get("status").String() != "active" && !(account != user && isAccount(c.Path())) {
			return refuse(20005)
		}
	} else if account != user {
		if isAccount(c.Path()) {
			return notFound(c)
		}
		return unauthorized() // believed
	}
	if isAccount(c.Path()) {
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

// unauthorized [3, users' captures].
func unauthorized() error {
	f := refuse(20003).(*failure)
	f.detail = "Your AccountSid or AuthToken was incorrect."
	return f
}

// pathAccount is the account that a path of the 2010 API names.
func pathAccount(path string) string {
	rest, ok := strings.CutPrefix(path, base2010+"/Accounts/")
	if !ok {
		return ""
	}
	sid, _, _ := strings.Cut(rest, "/")
	return strings.TrimSuffix(sid, ".json")
}

// isAccount tells whether a path is an account's own.
func isAccount(path string) bool {
	rest, ok := strings.CutPrefix(path, base2010+"/Accounts/")
	return ok && !strings.Contains(rest, "/")
}

// forTests tells whether test credentials reach an operation [D
// twilio.com/docs/iam/test-credentials, 2026-11].
func forTests(c *sdk.Call) bool {
	switch c.Operation() {
	case "CreateMessage", "CreateCall", "CreateIncomingPhoneNumber", "CreateIncomingPhoneNumberLocal", "CreateIncomingPhoneNumberTollFree", "CreateIncomingPhoneNumberMobile":
		return true
	}
	return false
}

func (r *request) isTest() bool { return r.Account() == testAccount }

var (
	selectKey   = sdk.Define(`SELECT account, deleted FROM objects WHERE type = 'key' AND id = ?1`)
	selectFirst = sdk.Define(`SELECT account FROM objects WHERE account <> '' ORDER BY seq LIMIT 1`)
)

// ownerOfKey returns the account of an API key that was made in the session, ""
// if there is none; gone tells that it was deleted.
func ownerOfKey(c *sdk.Call, sid string) (account string, gone bool) {
	rows := selectKey.MustRun(c.Args().Text(sid))
	if !rows.Next() {
		return "", false
	}
	account = rows.Text()
	return account, rows.Int() != 0
}

// defaultAccount is the account of what no account is named for: the first that
// has anything, else one of the session's own.
func defaultAccount(c *sdk.Call) string {
	if rows := selectFirst.MustRun(c.Args()); rows.Next() {
		return rows.Text()
	}
	account := "AC" + c.Random(sdk.Fixed, 32, sdk.Hex)
	putDetail.MustRun(c.Args().Text("").Text("seeded").Text(account))
	return account
}

var (
	dropSeeded   = sdk.Define(`DELETE FROM details WHERE account = '' AND id = 'seeded'`)
	adoptObjects = sdk.Define(`UPDATE objects SET account = ?2, doc = replace(doc, ?1, ?2), id = replace(id, ?1, ?2) WHERE account = ?1`)
	adoptLinks   = sdk.Define(`UPDATE links SET account = ?2 WHERE account = ?1`)
	adoptDetails = sdk.Define(`UPDATE details SET account = ?2 WHERE account = ?1`)
)

// adopt makes what was seeded without an account the first caller's: which
// account the application has is known when it asks.
func adopt(c *sdk.Call, seeded string) {
	dropSeeded.MustRun(c.Args())
	for _, s := range [...]*sdk.Statement{adoptObjects, adoptLinks, adoptDetails} {
		s.MustRun(c.Args().Text(seeded).Text(c.Account()))
	}
	putDetail.MustRun(c.Args().Text("").Text(seeded).Text(c.Account()))
}

// actFor acts for the account that a timer or delivery was set for, which may
// have been adopted meanwhile.
func actFor(c *sdk.Call, account string) {
	c.SetAccount(account)
	rows := getDetail.MustRun(c.Args().Text("").Text(account))
	if rows.Next() {
		c.SetAccount(rows.Text())
	}
}

func newSID(c *sdk.Call, prefix string) string {
	return prefix + c.Random(sdk.Objects, 32, sdk.Hex)
}

// Dates: the 2010 API's are of RFC 2822, the others' of ISO 8601.
func rfc2822(t time.Time) string { return t.Format("Mon, 02 Jan 2006 15:04:05 +0000") }
func iso8601(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }

func parse2822(s string) (time.Time, bool) {
	t, err := time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", s)
	return t.UTC(), err == nil
}

// account2010 is the path of the call's account.
func account2010(c *sdk.Call) string { return base2010 + "/Accounts/" + c.Account() }

// isURL tells whether a text is an absolute URL.
func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(s, " \t\r\n\"<>")
}

// The details of an object that answers do not show.
const detailsSchema = `
CREATE TABLE details(
	account TEXT NOT NULL,
	id TEXT NOT NULL,
	data TEXT NOT NULL,
	PRIMARY KEY(account, id)
) STRICT, WITHOUT ROWID;
`

var (
	putDetail = sdk.Define(`INSERT OR REPLACE INTO details(account, id, data) VALUES(?1, ?2, ?3)`)
	getDetail = sdk.Define(`SELECT data FROM details WHERE account = ?1 AND id = ?2`)
)

// detail returns what is kept with an object of the call's account; absent if
// nothing is.
func detail(c *sdk.Call, id string) sdk.Doc {
	rows := getDetail.MustRun(c.Args().Text(c.Account()).Text(id))
	if !rows.Next() {
		return sdk.Doc{}
	}
	return c.Trusted(rows.Text())
}

func keepDetail(c *sdk.Call, id string, d sdk.Doc) {
	putDetail.MustRun(c.Args().Text(c.Account()).Text(id).JSON(d))
}
