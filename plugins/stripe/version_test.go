package main

import (
	"cmp"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestVersions: which versions are answered and which refused, in either mode
// of a session. Texts are users' reports, see invalidVersion.
func TestVersions(t *testing.T) {
	lenient, strict := start(t), start(t, sdktest.RefuseVersions())
	const beta = ". You do not have permission to pass this beta header: risk_beta. If you have any questions, we can help at https://support.stripe.com/."
	for asked, c := range map[string]struct{ lenient, strict, used string }{
		"":                               {},
		"2024-06-20":                     {},
		"2023-10-16":                     {used: "2023-10-16"},
		"2025-03-31.basil":               {used: "2025-03-31.basil"},
		"2019-08-14":                     {used: "2019-08-14"},
		"2019-05-16":                     {strict: "Invalid Stripe API version: 2019-05-16"},
		"2026-09-30.endive":              {strict: "Invalid Stripe API version: 2026-09-30.endive"},
		"2019-05-16; risk_beta=v1":       {strict: "Invalid Stripe API version: 2019-05-16; risk_beta=v1"},
		"2024-06-20; risk_beta=v1":       {strict: "Invalid Stripe API version: 2024-06-20; risk_beta=v1" + beta, used: "2024-06-20; risk_beta=v1"},
		"2024-06-20;risk_beta=v1":        {strict: "Invalid Stripe API version: 2024-06-20;risk_beta=v1" + beta, used: "2024-06-20;risk_beta=v1"},
		"2019-2-19":                      {lenient: "Invalid Stripe API version: 2019-2-19", strict: "Invalid Stripe API version: 2019-2-19"},
		"2025-21-27":                     {lenient: "Invalid Stripe API version: 2025-21-27", strict: "Invalid Stripe API version: 2025-21-27"},
		"2018-11-21 accounts_upgrade=on": {lenient: "Invalid Stripe API version: 2018-11-21 accounts_upgrade=on", strict: "Invalid Stripe API version: 2018-11-21 accounts_upgrade=on"},
		"2025-03-31.":                    {lenient: "Invalid Stripe API version: 2025-03-31.", strict: "Invalid Stripe API version: 2025-03-31."},
		"2024_06_20":                     {lenient: "Invalid Stripe API version: 2024_06_20", strict: "Invalid Stripe API version: 2024_06_20"},
		"latest":                         {used: "2026-08-26.dahlia"},
		`"; drop`:                        {lenient: `Invalid Stripe API version: "; drop`, strict: `Invalid Stripe API version: "; drop`},
	} {
		var headers []string
		if asked != "" {
			headers = []string{"Stripe-Version: " + asked}
		}
		for mode, m := range map[string]*sdktest.Mirror{"warn": lenient, "error": strict} {
			t.Run(mode+" "+asked, func(t *testing.T) {
				want := map[string]string{"warn": c.lenient, "error": c.strict}[mode]
				r := m.With(t).Form("POST", "/v1/customers", headers...)
				if got := r.Header("Stripe-Version"); got != cmp.Or(c.used, "2024-06-20") {
					t.Errorf("the answer says version %q", got)
				}
				if want == "" {
					r.Want(200)
					return
				}
				apiError{status: 400, msg: want}.check(t, r)
			})
		}
	}
	// What was refused ran nothing, and took no idempotency key.
	const key = "Idempotency-Key: of-a-refused-version"
	before := len(strict.State("customers"))
	strict.Form("POST", "/v1/customers", key, "Stripe-Version: 2019-05-16").Want(400)
	if n := len(strict.State("customers")); n != before {
		t.Errorf("%d customers, want %d", n, before)
	}
	if r := strict.Form("POST", "/v1/customers", key).Want(200); r.Header("Idempotent-Replayed") != "" {
		t.Errorf("the refusal was kept for its key: %v", r.Headers)
	}
	// A wrong key is told first.
	if r := strict.Form("POST", "/v1/customers", "Authorization: Bearer sk_tast_4eC39HqLyjWDarjtT1zdp7dc", "Stripe-Version: 2019-05-16").Want(401); !strings.HasPrefix(r.Get("error.message"), "Invalid API Key provided") {
		t.Errorf("%s", r.Body)
	}
}
