package main

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

// verifyKind is a kind of Verify's.
func verifyKind(name, list, sid, path, entity, typ string, shape *sdk.Template) *kind {
	return (&kind{name: name, prefix: "VerifyV2", host: "verify", sid: sid, list: list, path: path, shape: shape}).collect(entity, typ)
}

// serviceKind is one below a service.
func serviceKind(name, list, sid, path, entity, typ string, shape *sdk.Template) *kind {
	return verifyKind(name, list, sid, "/v2/Services/{service_sid}"+path, entity, typ, shape).below(verifyServices, "service_sid", "ServiceSid")
}

var (
	verifyServices = verifyKind("Service", "services", "VA", "/v2/Services/{sid}", "verify_services", "verify_service", verifyServiceShape)
	verifications  = serviceKind("Verification", "verifications", "VE", "/Verifications/{sid}", "verifications", "verification", verificationShape)
	attempts       = verifyKind("VerificationAttempt", "attempts", "VL", "/v2/Attempts/{sid}", "verification_attempts", "verification_attempt", attemptShape)
	rateLimits     = serviceKind("RateLimit", "rate_limits", "RK", "/RateLimits/{sid}", "verify_rate_limits", "verify_rate_limit", rateLimitShape)
	buckets        = serviceKind("Bucket", "buckets", "BL", "/RateLimits/{rate_limit_sid}/Buckets/{sid}", "verify_buckets", "verify_bucket", bucketShape).below(rateLimits, "rate_limit_sid", "RateLimitSid")
	verifyWebhooks = serviceKind("Webhook", "webhooks", "YW", "/Webhooks/{sid}", "verify_webhooks", "verify_webhook", verifyWebhookShape)

	configurations = (&kind{
		name: "MessagingConfiguration", prefix: "VerifyV2", host: "verify", list: "messaging_configurations", path: "/v2/Services/{service_sid}/MessagingConfigurations/{country}", byURL: true,
		shape: configurationShape, params: "Country MessagingServiceSid", needed: "Country MessagingServiceSid",
	}).collect("messaging_configurations", "messaging_configuration").below(verifyServices, "service_sid", "ServiceSid")
	safeNumbers = (&kind{
		name: "Safelist", prefix: "VerifyV2", host: "verify", sid: "GN", path: "/v2/SafeList/Numbers/{phone_number}", byURL: true,
		shape: safeNumberShape, params: "PhoneNumber", needed: "PhoneNumber",
	}).collect("safe_numbers", "safe_number")

	// codes are what people would have received. No answer of the vendor's shows
	// them; state does.
	codes = twilio.Collect(&sdk.Collection{Type: "verification_code", Entity: "verification_codes", ID: "id"})
)

func verifyHandlers() {
	verifyServices.params = `FriendlyName TtsName DefaultTemplateSid Push.ApnCredentialSid Push.FcmCredentialSid Totp.Issuer Whatsapp.MsgServiceSid Whatsapp.From
		LookupEnabled SkipSmsToLandlines DtmfInputRequired Psd2Enabled DoNotShareWarningEnabled CustomCodeEnabled VerifyEventSubscriptionEnabled Push.IncludeDate
		CodeLength Totp.TimeStep Totp.CodeLength Totp.Skew`
	verifyServices.needed = "FriendlyName"
	verifyServices.links = []string{"verification_checks=/VerificationCheck", "verifications=/Verifications", "rate_limits=/RateLimits", "messaging_configurations=/MessagingConfigurations", "entities=/Entities", "webhooks=/Webhooks", "access_tokens=/AccessTokens"}
	verifyServices.check = func(_ *request, d sdk.Doc, _ bool) error {
		if n := d.Get("code_length").Int64(); n < 4 || n > 10 { // [D docs/verify/api/service, 2026-11]
			return refuse(60200, "CodeLength")
		}
		return nil
	}
	verifyServices.serve("CFUDL")
	handle("VerifyV2CreateVerification", createVerification)
	handle("VerifyV2FetchVerification", with(theVerification, (*request).JSON))
	handle("VerifyV2UpdateVerification", with(theVerification, updateVerification))
	handle("VerifyV2CreateVerificationCheck", checkVerification)

	attempts.filters = "Channel VerifyServiceSid=service_sid VerificationSid Status=conversion_status Country=channel_data.country ChannelData.To=channel_data.to"
	attempts.unread = "DateCreatedAfter DateCreatedBefore DestinationPrefix"
	attempts.serve("FL")
	handle("VerifyV2FetchVerificationAttemptsSummary", sumAttempts)

	rateLimits.params, rateLimits.needed, rateLimits.links = "UniqueName Description", "UniqueName", []string{"buckets=/Buckets"}
	rateLimits.check = rateLimits.once("unique_name", 60208)
	rateLimits.serve("CFUDL")
	buckets.params, buckets.needed = "Max Interval", "Max Interval"
	buckets.check = buckets.once("interval", 60211)
	buckets.serve("CFUDL")
	verifyWebhooks.params, verifyWebhooks.needed = "FriendlyName Status Version WebhookUrl EventTypes", "FriendlyName WebhookUrl"
	verifyWebhooks.serve("CFUDL")
	configurations.check = configurations.once("country", 60213)
	configurations.serve("CFUDL")
	safeNumbers.serve("CFD")
	handle("VerifyV2ListVerificationTemplate", func(r *request) error {
		none := *verifyServices // an account has none of its own
		none.list = "templates"
		return none.around(r, paging{size: usualPage}, nil, false)
	})
}

// once refuses a second document with the same member under the same parent.
func (k *kind) once(member string, code int) func(r *request, d sdk.Doc, created bool) error {
	return func(r *request, d sdk.Doc, created bool) error {
		_, taken := k.Newest(r.Call, is(k.parentIs, d.Get(k.parentIs).String()), is(member, d.Get(member).String()))
		if created && taken {
			return refuse(code)
		}
		return nil
	}
}

// pending is the verification of a recipient that waits for its code.
func pending(c *sdk.Call, service, to string) (sdk.Doc, bool) {
	return verifications.Newest(c, is("service_sid", service), is("to", to), is("status", "pending"))
}

// createVerification sends a code, or the one that is out once more.
func createVerification(r *request) error {
	service, ok := verifyServices.Get(r.Call, r.Value("ServiceSid"))
	if !ok {
		return notFound(r.Call)
	}
	to, channel := r.text("To"), r.text("Channel")
	switch {
	case to == "":
		return refuse(60200, "To")
	case channel == "":
		return refuse(60200, "Channel")
	case attemptChannels[channel] == "":
		if channel == "sna" || channel == "auto" || channel == "rcs" {
			return &sdk.NotImplementedError{Operation: "VerifyV2CreateVerification by " + channel}
		}
		return invalid("Channel", channel)
	}
	if channel == "email" {
		if at := strings.IndexByte(to, '@'); at < 1 || !strings.Contains(to[at:], ".") {
			return invalid("To", to)
		}
	} else {
		p, why := phone.Parse(to, "")
		if why != "" || !strings.HasPrefix(to, "+") {
			return invalid("To", to)
		}
		to = p.E164
	}
	amount, payee, code := r.text("Amount"), r.text("Payee"), r.text("CustomCode")
	switch {
	case service.Get("psd2_enabled").Bool() && (amount == "" || payee == ""):
		return refuse(60206)
	case code != "" && !service.Get("custom_code_enabled").Bool():
		return refuse(60204)
	case code != "" && (len(code) < 4 || len(code) > 10):
		return refuse(60200, "CustomCode")
	}
	if err := withinBuckets(r, service); err != nil {
		return err
	}
	d, again := pending(r.Call, service.Get("sid").String(), to)
	if again && d.Get("send_code_attempts").Len() >= mostSends {
		return refuse(60203)
	}
	if !again {
		d = verifications.new(r.Call)
		verifications.belong(r, d)
		d.SetString("to", to)
		d.SetStringOrNull("amount", amount)
		d.SetStringOrNull("payee", payee)
	}
	d.SetString("channel", channel)
	verifications.stamp(r.Call, d, "date_updated")
	verifications.address(r.Call, d)
	a := keepAttempt(r, d, service)
	one := d.Get("send_code_attempts").AddObject()
	set(one, "attempt_sid", a, "channel", attemptChannels[channel], "time", sdk.ISOSeconds(r.Now()))
	keepCode(r, d, service, code, again)
	if again {
		verifications.Update(r.Call, d)
	} else {
		verifications.MustInsert(r.Call, d)
	}
	announce(r.Call, d, "pending")
	r.SetStatus(201)
	return r.JSON(d)
}

func invalid(param, value string) error {
	f := refuse(60200, param).(*failure)
	f.message += ": " + value
	return f
}

// keepCode makes the code of a verification; it stays the same until it is used
// or expires [D docs/verify/api/rate-limits-and-timeouts, 2026-11].
func keepCode(r *request, d, service sdk.Doc, custom string, again bool) {
	sid := d.Get("sid").String()
	c, _ := codes.Get(r.Call, "code/"+sid)
	if !again {
		c = r.NewObject()
		set(c, "id", "code/"+sid, "verification_sid", sid, "account_sid", r.Account(), "to", d.Get("to").String())
		custom = cmp.Or(custom, r.Random(sdk.Objects, int(service.Get("code_length").Int64()), sdk.Digits))
		r.SetTimer("expiry", r.Account()+"/"+sid, r.Now().Add(lifetime), "")
	}
	c.SetString("channel", d.Get("channel").String())
	if custom != "" {
		c.SetString("code", custom)
		c.SetInt("checks", 0)
	}
	if again {
		codes.Update(r.Call, c)
	} else {
		codes.MustInsert(r.Call, c)
	}
}

func keepAttempt(r *request, d, service sdk.Doc) string {
	a := attempts.new(r.Call)
	sid, to := d.Get("sid").String(), d.Get("to").String()
	set(a, "service_sid", service.Get("sid").String(), "verification_sid", sid, "channel", d.Get("channel").String())
	data := a.Get("channel_data")
	set(data, "verification_sid", sid, "to", to, "status", "unconfirmed")
	if p, why := phone.Parse(to, ""); why == "" {
		data.SetString("country", p.ISO())
	}
	data.SetInt("code_length", service.Get("code_length").Int64())
	attempts.address(r.Call, a)
	attempts.MustInsert(r.Call, a)
	return a.Get("sid").String()
}

// withinBuckets counts a verification against the service's own rate limits [D
// docs/verify/api/programmable-rate-limits, 2026-11]: RateLimits names them with
// the key that each counts by.
func withinBuckets(r *request, service sdk.Doc) error {
	text := r.text("RateLimits")
	if text == "" {
		return nil
	}
	keys, err := r.Parse(text)
	if err != nil || keys.Kind() != sdk.Object {
		return refuse(60200, "RateLimits")
	}
	for key := range keys.All {
		limit, ok := rateLimits.Newest(r.Call, is("service_sid", service.Get("sid").String()), is("unique_name", key.Key()))
		if !ok {
			return refuse(60200, "RateLimits")
		}
		var q sdk.ListQuery
		q.Filter("$.rate_limit_sid", limit.Get("sid").String())
		all, _ := buckets.All(r.Call, q) // without a cursor there is no error
		for _, b := range all {
			most, interval := b.Get("max").Int64(), b.Get("interval").Int64()
			if most < 1 || interval < 1 {
				continue
			}
			if r.Take("verify "+key.Key()+" "+b.Get("sid").String()+"\x00"+key.String(), 1, float64(most)/float64(interval), most) > 0 {
				return refuse(20429)
			}
		}
	}
	return nil
}

// theVerification is the one that the path names, by its sid or its recipient.
func theVerification(r *request) (sdk.Doc, error) {
	id := r.Value("Sid")
	if !strings.HasPrefix(id, "VE") {
		if d, ok := pending(r.Call, r.Value("ServiceSid"), id); ok {
			return d, nil
		}
		return sdk.Doc{}, notFound(r.Call)
	}
	return verifications.find(r)
}

// updateVerification cancels or approves [D docs/verify/api/verification,
// 2026-11].
func updateVerification(r *request, d sdk.Doc) error {
	status := r.text("Status")
	if status != "canceled" && status != "approved" {
		return invalid("Status", status)
	}
	if d.Get("status").String() != "pending" {
		return notFound(r.Call) // believed
	}
	settle(r.Call, d, status)
	return r.JSON(d)
}

// settle ends a verification.
func settle(c *sdk.Call, d sdk.Doc, status string) {
	d.SetString("status", status)
	d.SetBool("valid", status == "approved")
	verifications.save(c, d)
	c.ClearTimer("expiry", c.Account()+"/"+d.Get("sid").String())
	if status == "approved" {
		tries := d.Get("send_code_attempts")
		if a, ok := attempts.Get(c, tries.At(tries.Len()-1).Get("attempt_sid").String()); ok {
			a.SetString("conversion_status", "converted")
			a.Get("channel_data").SetString("status", "converted")
			attempts.save(c, a)
		}
	}
	announce(c, d, status)
}

// verificationExpires: after ten minutes a code is worth nothing.
func verificationExpires(c *sdk.Call, _ string) error {
	actFor(c, c.Name[:34])
	if d, ok := verifications.Get(c, c.Name[35:]); ok && d.Get("status").String() == "pending" {
		settle(c, d, "expired")
	}
	return nil
}

// checkVerification compares a code. What is not pending is not found [D
// docs/verify/api/verification-check, 2026-11].
func checkVerification(r *request) error {
	service := r.Value("ServiceSid")
	if _, ok := verifyServices.Get(r.Call, service); !ok {
		return notFound(r.Call)
	}
	to, sid, given := r.text("To"), r.text("VerificationSid"), r.text("Code")
	if to == "" && sid == "" {
		return refuse(60200, "To")
	}
	if given == "" {
		return refuse(60200, "Code")
	}
	var d sdk.Doc
	ok := false
	if sid != "" {
		d, ok = verifications.Get(r.Call, sid)
		ok = ok && d.Get("status").String() == "pending" && d.Get("service_sid").String() == service
	} else {
		d, ok = pending(r.Call, service, to)
	}
	if !ok {
		return notFound(r.Call)
	}
	code, _ := codes.Get(r.Call, "code/"+d.Get("sid").String())
	if code.Get("checks").Int64() >= mostChecks {
		return refuse(60202)
	}
	code.SetInt("checks", code.Get("checks").Int64()+1)
	codes.Update(r.Call, code)
	if code.Get("code").String() == given {
		settle(r.Call, d, "approved")
	} else if code.Get("checks").Int64() == mostChecks {
		announce(r.Call, d, "max_attempts_reached")
	}
	out := checkShape.New(r.Arena)
	for m := range out.All {
		if v := d.Get(m.Key()); v.Exists() {
			out.SetDoc(m.Key(), v)
		}
	}
	return r.JSON(out)
}

func sumAttempts(r *request) error {
	q, _ := r.filtered("VerifyServiceSid=service_sid Channel Country=channel_data.country")
	if err := r.without(attempts.unread); err != nil {
		return err
	}
	docs, _ := attempts.All(r.Call, q) // without a cursor there is no error
	all, converted := len(docs), 0
	for _, d := range docs {
		if d.Get("conversion_status").String() == "converted" {
			converted++
		}
	}
	rate := "0"
	if all > 0 {
		rate = strconv.FormatFloat(float64(converted)*100/float64(all), 'f', -1, 64)
	}
	d := r.NewObject()
	d.SetInt("total_attempts", int64(all))
	d.SetInt("total_converted", int64(converted))
	d.SetInt("total_unconverted", int64(all-converted))
	d.SetString("conversion_rate_percentage", rate)
	d.SetURL("url", "verify", "/v2/Attempts/Summary")
	return r.JSON(d)
}

// announce tells where every event goes of a verification, as a webhook of Event
// Streams is told: a list of one CloudEvent in JSON [D
// twilio.com/docs/verify/verification and docs/events/webhook-quickstart,
// 2026-11]. What data holds beside these is believed.
func announce(c *sdk.Call, d sdk.Doc, status string) {
	if len(c.Forwards) == 0 {
		return
	}
	list := c.NewArray()
	e := list.AddObject()
	set(e, "specversion", "1.0", "type", "com.twilio.accountsecurity.verify.verification."+status,
		"source", "/v2/Services/"+d.Get("service_sid").String()+"/Verifications/"+d.Get("sid").String(),
		"id", newSID(c, "EZ"), "time", sdk.ISOSeconds(c.Now()), "datacontenttype", "application/json")
	data := e.SetObject("data")
	for _, name := range [...]string{"account_sid", "service_sid", "to", "channel"} {
		data.SetDoc(name, d.Get(name))
	}
	set(data, "verification_sid", d.Get("sid").String(), "verification_status", strings.ToUpper(status))
	h := newHook(c, "event", "POST", d.Get("sid").String())
	h.SetString("json", c.Plain(list.JSON()))
	for _, u := range c.Forwards {
		h.send(c, "verification."+status, u)
	}
}
