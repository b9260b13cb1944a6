package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// checksLeft is what is still being verified of a person in the US.
func (a *assessment) checksLeft(all []string, uploaded bool, at int64) (left []string, status string) {
	fast := a.made < slowSince
	switch {
	case fast && uploaded:
		return nil, "verified"
	case fast:
		if a.now >= a.made+verifyFast {
			return nil, "verified"
		}
		return all, "pending"
	case uploaded:
		status = "pending"
		if a.now >= at+documentSeen {
			status = "verified"
		}
		if a.now >= at+documentPassed {
			return nil, status
		}
		return all, status
	}
	if a.now >= a.made+verifySlow {
		return nil, "pending"
	}
	return all, "pending"
}

// siteUnseen tells whether a business's site was not looked at yet: it is when a
// document comes, or with the rest.
func (a *assessment) siteUnseen() bool {
	at := markOf(a.r.Call, a.d.Get("individual", "id").String(), markDocument)
	if at != "" && parseInt(at) > a.made {
		return false
	}
	wait := int64(verifySlow)
	if a.made < slowSince {
		wait = verifyFast
	}
	return a.now < a.made+wait
}

// assessLater looks at an account again when a check ends.
func (r *request) assessLater(d sdk.Doc) {
	now, next := r.Unix(), int64(0)
	made := d.Get("created").Int64()
	at := int64(0)
	if v := markOf(r.Call, d.Get("individual", "id").String(), markDocument); v != "" {
		at = parseInt(v)
	}
	for _, t := range [...]int64{made + verifyFast, made + verifySlow, at + documentElse, at + documentSeen, at + documentPassed} {
		if t > now && (next == 0 || t < next) {
			next = t
		}
	}
	if next != 0 {
		r.SetTimer("verify", d.Get("id").String(), time.Unix(next, 0), timerPayload(r.Call, d.Get("id").String(), ""))
	}
}

// verifyTimer goes on with the verification of an account.
func verifyTimer(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	d, ok := accounts.Get(c, id)
	if !ok {
		return nil
	}
	before := d.Clone(c.Arena)
	r.assess(d)
	r.keepAccount(before, d)
	r.assessLater(d)
	return nil
}
