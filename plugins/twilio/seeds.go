package main

import (
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

// seeds are the fixtures. What they make belongs to the account that asks first.
func seeds() {
	twilio.Fixture("verified-numbers", "Two numbers, +15555550123 and +15555550124", func(c *sdk.Call) error {
		seedNumbers(c, "+15555550123", "+15555550124")
		return nil
	})
	twilio.Fixture("messaging-service", "A messaging service with a pool of five numbers", func(c *sdk.Call) error {
		pool := seedNumbers(c, "+15555550131", "+15555550132", "+15555550133", "+15555550134", "+15555550135")
		s := services.new(c)
		s.SetString("friendly_name", "Notifications")
		services.address(c, s)
		services.MustInsert(c, s)
		for _, n := range pool {
			d := poolNumbers.new(c)
			d.SetString("sid", n.Get("sid").String())
			d.SetString("service_sid", s.Get("sid").String())
			d.SetString("phone_number", n.Get("phone_number").String())
			poolNumbers.address(c, d)
			poolNumbers.MustInsert(c, d)
		}
		return nil
	})
	twilio.Fixture("verify-flow", "A service of Verify with codes of six digits", func(c *sdk.Call) error {
		seedAccount(c)
		d := verifyServices.new(c)
		d.SetString("friendly_name", "My App")
		d.SetBool("custom_code_enabled", true)
		verifyServices.address(c, d)
		verifyServices.MustInsert(c, d)
		return nil
	})
	twilio.Fixture("rate-limited", "429 after ten requests a minute", func(c *sdk.Call) error {
		c.As("", func() { marks.Set(c, "", "limit", "10") })
		return nil
	})
}

func seedAccount(c *sdk.Call) { c.SetAccount(defaultAccount(c)) }

func seedNumbers(c *sdk.Call, all ...string) []sdk.Doc {
	seedAccount(c)
	var out []sdk.Doc
	for _, n := range all {
		p, why := phone.Parse(n, "")
		if why != "" {
			c.AddFault(numbers.Entity, n+": "+string(why))
			continue
		}
		d := numbers.new(c)
		name(d, &p)
		numbers.address(c, d)
		numbers.MustInsert(c, d)
		out = append(out, d)
	}
	return out
}
