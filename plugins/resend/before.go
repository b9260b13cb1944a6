package main

import (
	"strconv"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
)

const contentType = "application/json; charset=utf-8" // [R]

// schema holds what is no document: which tokens the session's API keys have, and
// how many emails each day had.
const schema = `
CREATE TABLE tokens(token TEXT PRIMARY KEY, id TEXT NOT NULL, permission TEXT NOT NULL, domain TEXT NOT NULL, deleted INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE usage(day TEXT PRIMARY KEY, emails INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

// accountID is the id of the session's account, of which there is one.
const accountID = "account"

// account is how the session's account is set up and what every request asks of the
// session, which one statement reads.
type account struct {
	stamp              string // the session's time
	email              string
	rate               int64
	daily, monthly     int64 // -1 is unlimited
	always             bool  // quotas hold in sessions without limits too: a seed asked for them
	usedDay, usedMonth int64
	hooks, domains     bool  // there is any at all
	key                token // of the request; zero for one that the session did not make
}

// token is what is known of an API key that the session made.
type token struct {
	id, permission, domain string
	deleted                bool
}

// defaultRate is how many requests a second an account may send on a day: ten
// [D api-reference/rate-limit as of 2026-09], five at the beginning of 2026 and two
// before [R, October 2025]. On which days it was raised is believed.
func defaultRate(day string) int64 {
	switch {
	case day < "2026-01-01":
		return 2
	case day < "2026-09-01":
		return 5
	}
	return 10
}

var selectAccount = sdk.Define(`SELECT (SELECT doc FROM objects WHERE type = 'account' AND account = '' AND id = '` + accountID + `' AND deleted = 0), u.day, u.month,
	EXISTS(SELECT 1 FROM objects WHERE type = 'webhook' AND account = '' AND deleted = 0), EXISTS(SELECT 1 FROM objects WHERE type = 'domain' AND account = '' AND deleted = 0),
	t.id, t.permission, t.domain, t.deleted
	FROM (SELECT sum(emails) AS month, sum(emails) FILTER (WHERE day = ?1) AS day FROM usage WHERE day BETWEEN ?2 AND ?1) u LEFT JOIN tokens t ON t.token = ?3`)

var currentAccount sdk.Once[account]

func accountOf(c *sdk.Call) *account { return currentAccount.Of(c, readAccount) }

func readAccount(c *sdk.Call) account {
	now := stampOf(c.Now())
	day := dayOf(now)
	rows := selectAccount.MustRun(c.Args().Text(day).Text(day[:8] + "01").Text(c.Account()))
	rows.Next()
	a := account{stamp: now, email: defaultEmail, rate: defaultRate(day), daily: defaultDaily, monthly: defaultMonthly}
	if text := rows.Text(); text != "" {
		d := c.Trusted(text)
		a.email = d.Get("email").String()
		a.rate = max(1, d.Get("rate_limit").Int64())
		a.daily, a.monthly = d.Get("daily_quota").IntOr(-1), d.Get("monthly_quota").IntOr(-1)
		a.always = true
	}
	a.usedDay, a.usedMonth = rows.Int(), rows.Int()
	a.hooks, a.domains = rows.Int() != 0, rows.Int() != 0
	a.key = token{rows.Text(), rows.Text(), rows.Text(), rows.Int() != 0}
	return a
}

// dayOf is the day that a stamp's quota is of [D api-reference/rate-limit: days end at
// midnight UTC].
func dayOf(stamp string) string { return stamp[:len(time.DateOnly)] }

// completeAccount fills a seeded account up.
func completeAccount(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
	d := accountTemplate.New(c.Arena)
	d.SetInt("rate_limit", defaultRate(stamp(c)))
	switch given.Get("plan").String() {
	case "", "free":
	case "pro", "scale", "enterprise": // [D knowledge-base/account-quotas-and-limits: no daily quota]
		d.Put("daily_quota", nil, "monthly_quota", nil)
	default:
		c.AddFault(path+".plan", "want free, pro, scale or enterprise")
	}
	for m := range given.All {
		if d.Get(m.Key()).Exists() {
			d.SetDoc(m.Key(), m)
		} else {
			c.AddFault(path+"."+m.Key(), "no member of the account")
		}
	}
	d.SetString("id", accountID)
	return d
}

var usualHeaders = sdk.NewHeaders("Content-Type", contentType)

// before sets the headers of every answer, and checks the key and the limit.
func before(c *sdk.Call) error {
	if c.Host == hostOutbound || c.Host == hostInbound {
		return nil // addresses of files are secret enough for the vendor
	}
	a := accountOf(c)
	c.SetAccount("") // keys of one session are keys of one team
	if c.Host == hostSMTP {
		return beforeMail(c, a)
	}
	rate, remaining := float64(a.rate), int64(0)
	wait := c.Take("api", 1, rate, a.rate)
	if wait == 0 {
		remaining = c.Remaining("api", rate, a.rate)
	}
	limit := strconv.FormatInt(a.rate, 10)
	c.FixedHeaders(usualHeaders)
	c.AddHeader("ratelimit-limit", limit)
	c.AddHeader("ratelimit-policy", limit+";w=1") // [R]
	c.AddHeader("ratelimit-remaining", strconv.FormatInt(remaining, 10))
	c.AddHeader("ratelimit-reset", "1")
	setQuotaHeaders(c, a)
	switch {
	case c.Credential.Status == abi.CredentialAbsent:
		return fail(401, "missing_api_key", textNoKey)
	case c.Credential.Status == abi.CredentialMalformed, c.Credential.Class != "key":
		return fail(400, "validation_error", textKey)
	}
	if wait > 0 && !c.LimitsOff() {
		return fail(429, "rate_limit_exceeded", textRate)
	}
	return checkToken(c, a.key)
}

// after tags every answer of the API [R, 160 of 160].
func after(c *sdk.Call) {
	if c.Host != hostOutbound && c.Host != hostInbound && c.Host != hostSMTP {
		c.AddHeader("etag", c.WeakETag())
	}
}

// setQuotaHeaders tells what is used of the quotas [D api-reference/rate-limit, as
// of 2026-09: the daily one on the free plan alone].
func setQuotaHeaders(c *sdk.Call, a *account) {
	if a.daily >= 0 {
		c.SetHeader("x-resend-daily-quota", strconv.FormatInt(a.usedDay, 10))
	}
	c.SetHeader("x-resend-monthly-quota", strconv.FormatInt(a.usedMonth, 10))
}

// checkToken holds the request against the permission of a key that the session
// made. Any other well-formed key has full access.
func checkToken(c *sdk.Call, key token) error {
	sends := sending[c.Operation()]
	switch {
	case key.deleted && sends:
		return fail(401, "validation_error", textKey) // [D api-reference/errors]
	case key.deleted:
		return fail(400, "validation_error", textKey)
	case key.permission == "sending_access" && !sends:
		return fail(401, "restricted_api_key", textRestricted)
	}
	if d, ok := apiKeys.Get(c, key.id); ok {
		d.SetString("last_used_at", stamp(c))
		apiKeys.Update(c, d)
	}
	return nil
}

var countEmails = sdk.Define(`INSERT INTO usage(day, emails) VALUES(?1, ?2) ON CONFLICT(day) DO UPDATE SET emails = emails + ?2`)

// spend counts emails against the quotas, or refuses them.
func spend(c *sdk.Call, n int64) error {
	a := accountOf(c)
	if a.always || !c.LimitsOff() {
		switch {
		case a.daily >= 0 && a.usedDay+n > a.daily:
			return refuse(c, "daily quota", fail(429, "daily_quota_exceeded", textDaily))
		case a.monthly >= 0 && a.usedMonth+n > a.monthly:
			return refuse(c, "monthly quota", fail(429, "monthly_quota_exceeded", textMonthly))
		}
	}
	countEmails.MustRun(c.Args().Text(dayOf(a.stamp)).Int(n))
	a.usedDay, a.usedMonth = a.usedDay+n, a.usedMonth+n
	if c.Method != "" && c.Host != hostSMTP {
		setQuotaHeaders(c, a)
	}
	return nil
}

// refuse names in the trace which limit refused: an empty bucket says it.
func refuse(c *sdk.Call, limit string, err error) error {
	for c.Take(limit, 1, 0.001, 1) == 0 {
	}
	return err
}
