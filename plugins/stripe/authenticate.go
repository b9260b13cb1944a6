package main

import (
	"encoding/base64"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// 3D Secure. An intent that asks the customer has a next_action with a URL on
// hooks.stripe.com; the page there completes or fails the challenge.

// askCustomer puts an intent into requires_action: a redirect if the client
// gave a return_url, else what Stripe.js acts on. [R, both forms and their
// order of members: 2023-08-16 and 2023-10-16]
func (r *request) askCustomer(d sdk.Doc, typ string) {
	id := d.Get("id").String()
	source := longID(r.Call, "src_1")
	slug := accountID(r.Call) + ",_" + r.Random(sdk.Objects, 31, sdk.Base62)
	target := "/redirect/authenticate/" + source + "?client_secret=src_client_secret_" + r.Random(sdk.Objects, 24, sdk.Base62) +
		"&source_redirect_slug=test_" + base64.StdEncoding.EncodeToString([]byte(slug)) + "0100" + r.Random(sdk.Objects, 8, sdk.Base62)
	setMark(r.Call, source, markIntent, typ+" "+id)
	action := d.SetObject("next_action")
	if back := r.text("return_url"); back != "" && !r.is("use_stripe_sdk") {
		to := action.SetObject("redirect_to_url")
		to.SetString("return_url", back)
		to.SetURL("url", "hooks", target)
		action.SetString("type", "redirect_to_url")
	} else {
		action.SetString("type", "use_stripe_sdk")
		to := action.SetObject("use_stripe_sdk")
		if r.after(orderedSince) {
			to.SetString("source", source)
			to.SetURL("stripe_js", "hooks", target)
			to.SetString("type", "three_d_secure_redirect")
		} else { // [R 2021-08]
			to.SetString("type", "three_d_secure_redirect")
			to.SetURL("stripe_js", "hooks", target)
			to.SetString("source", source)
		}
	}
	d.SetString("status", "requires_action")
}

// authenticationHandlers serve the page, on the host that the vendor has for it.
func authenticationHandlers() {
	stripe.HandleHost("hooks", "GET /redirect/authenticate/{source}", "ShowAuthentication", sdk.Modelled, showAuthentication)
	stripe.HandleHost("hooks", "POST /redirect/authenticate/{source}", "FinishAuthentication", sdk.Modelled, finishAuthentication)
}

// challenge is the intent behind a page; ok is false if there is none that waits.
type challenge struct {
	r      *request
	d      sdk.Doc
	typ    string
	source string
}

func findChallenge(c *sdk.Call) (challenge, bool) {
	ch := challenge{r: internalRequest(c), source: c.Value("source")}
	params, err := c.Params()
	if err != nil {
		return ch, false
	}
	// The slug names the account.
	slug := strings.TrimPrefix(params.Get("source_redirect_slug").String(), "test_")
	if i := strings.LastIndex(slug, "0100"); i >= 0 {
		slug = slug[:i]
	}
	if text, err := base64.StdEncoding.DecodeString(slug); err == nil {
		account, _, _ := strings.Cut(string(text), ",")
		if account != accountID(c) {
			c.SetAccount(account)
		}
	}
	typ, id, _ := strings.Cut(markOf(c, ch.source, markIntent), " ")
	k := paymentIntents
	if ch.typ = typ; typ == "setup_intent" {
		k = setupIntents
	}
	var ok bool
	if ch.d, ok = k.Get(c, id); !ok || ch.d.Get("status").String() != "requires_action" {
		return ch, false
	}
	action := ch.d.Get("next_action")
	return ch, strings.Contains(action.JSON(), ch.source)
}

const page = "text/html; charset=utf-8"

const pageStyle = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>3D Secure 2 Test Page</title>` +
	`<style>body{font:16px system-ui,sans-serif;max-width:32em;margin:4em auto;padding:0 1em}button{font:inherit;padding:.6em 1.2em;margin-right:1em}</style>`

func showAuthentication(c *sdk.Call) error {
	ch, ok := findChallenge(c)
	if !ok {
		c.SetStatus(404)
		return c.SendText(page, pageStyle+`<p>There is nothing to authenticate here.`)
	}
	what := "set up a card"
	if ch.typ == "payment_intent" {
		what = "pay " + money(ch.d.Get("amount").Int64(), ch.d.Get("currency").String()) + " " + strings.ToUpper(ch.d.Get("currency").String())
	}
	return c.SendText(page, pageStyle+`<h1>3D Secure test page</h1><p>An application asks you to `+what+`.<form method="post">`+
		`<button id="test-source-authorize-3ds" name="outcome" value="complete">Complete</button>`+
		`<button id="test-source-fail-3ds" name="outcome" value="fail">Fail</button></form>`)
}

// finishAuthentication takes what the customer decided, moves the intent on and
// sends the browser back.
func finishAuthentication(c *sdk.Call) error {
	ch, ok := findChallenge(c)
	if !ok {
		return showAuthentication(c)
	}
	params, err := c.Params()
	if err != nil {
		return err
	}
	r := ch.r
	back := ch.d.Get("next_action", "redirect_to_url", "return_url").String()
	status := "succeeded"
	if params.Get("outcome").String() != "complete" {
		status = "failed"
		r.refuseAuthentication(ch)
	} else if err := r.acceptAuthentication(ch); err != nil {
		if f, ok := err.(*failure); !ok || f.status != 402 {
			return err
		}
		status = "failed"
	}
	if back == "" {
		return c.SendText(page, pageStyle+`<p>Authentication `+status+`. You can close this window.`)
	}
	mark := "?"
	if strings.IndexByte(back, '?') >= 0 {
		mark = "&"
	}
	// [D docs.stripe.com/payments/3d-secure/authentication-flow, 2026-11]
	c.SetHeader("Location", back+mark+ch.typ+"="+ch.d.Get("id").String()+"&"+ch.typ+"_client_secret="+ch.d.Get("client_secret").String()+"&redirect_status="+status)
	c.SetStatus(303)
	return c.SendText(page, "")
}

// acceptAuthentication goes on behind a passed challenge. With manual
// confirmation the server has to confirm again
// [D docs.stripe.com/payments/payment-intents, confirmation_method, 2026-11].
func (r *request) acceptAuthentication(ch challenge) error {
	d := ch.d
	setMark(r.Call, d.Get("id").String(), markAuthenticated, "passed")
	d.SetNull("next_action")
	method, err := r.method(d.Get("payment_method").String(), "payment_method", 400)
	if err != nil {
		return err
	}
	card := cardOf(method.Get("card"))
	if ch.typ == "setup_intent" {
		return r.finishSetup(d, method, card)
	}
	if d.Get("confirmation_method").String() == "manual" {
		d.SetString("status", "requires_confirmation")
		paymentIntents.Update(r.Call, d)
		return nil
	}
	return r.chargeIntent(d, method, card)
}

// refuseAuthentication fails the attempt of an intent
// [D docs.stripe.com/error-codes#payment-intent-authentication-failure, 2026-11].
func (r *request) refuseAuthentication(ch challenge) {
	method, _ := paymentMethods.Get(r.Call, ch.d.Get("payment_method").String())
	f := &failure{code: ch.typ + "_authentication_failure", message: "We are unable to authenticate your payment method. Please choose a different payment method and try again."}
	if ch.typ == "setup_intent" {
		r.newAttempt(ch.d, method, "failed")
		r.failSetup(ch.d, method, f)
		return
	}
	r.failIntent(ch.d, method, f)
}
