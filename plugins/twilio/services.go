package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var services = (&kind{
	name: "Service", prefix: "MessagingV1", host: "messaging", sid: "MG", list: "services", path: "/v1/Services/{sid}",
	// Defaults [D twilio.com/docs/messaging/api/service-resource, 2026-11]; order [S].
	shape: sdk.MustTemplate(`{"sid":"","account_sid":"","friendly_name":"","date_created":"","date_updated":"","inbound_request_url":null,"inbound_method":"POST","fallback_url":null,"fallback_method":"POST","status_callback":null,"sticky_sender":true,"mms_converter":true,"smart_encoding":true,"scan_message_content":"inherit","fallback_to_long_code":true,"area_code_geomatch":true,"synchronous_validation":false,"validity_period":36000,"url":"","links":{},"usecase":"undeclared","us_app_to_person_registered":false,"use_inbound_webhook_on_number":false}`),
	fields: concat(
		fieldsOf(text, "FriendlyName", "ScanMessageContent", "Usecase"),
		fieldsOf(url, "InboundRequestUrl", "FallbackUrl", "StatusCallback"), fieldsOf(method, "InboundMethod", "FallbackMethod"),
		fieldsOf(boolean, "StickySender", "MmsConverter", "SmartEncoding", "FallbackToLongCode", "AreaCodeGeomatch", "SynchronousValidation", "UseInboundWebhookOnNumber"),
		fieldsOf(integer, "ValidityPeriod"),
	),
	needed: []string{"FriendlyName"},
	links: []string{"phone_numbers=/PhoneNumbers", "short_codes=/ShortCodes", "alpha_senders=/AlphaSenders", "messages=/Messages", "us_app_to_person=/Compliance/Usa2p",
		"us_app_to_person_usecases=/Compliance/Usa2p/Usecases", "channel_senders=/ChannelSenders", "destination_alpha_senders=/DestinationAlphaSenders"},
	gone: func(r *request, d sdk.Doc) { emptyPool.MustRun(r.Args().Text(r.Account()).Text(d.Get("sid").String())) },
}).collect("messaging_services", "messaging_service")

var emptyPool = sdk.Define(`DELETE FROM objects WHERE account = ?1 AND type IN ('pool_number', 'pool_short_code', 'alpha_sender') AND doc ->> '$.service_sid' = ?2`)

// poolKind is a kind of sender of a messaging service's pool.
func poolKind(name, list, sid, entity, typ, shape string) *kind {
	return (&kind{
		name: name, prefix: "MessagingV1", host: "messaging", sid: sid, list: list, path: "/v1/Services/{service_sid}/" + name + "s/{sid}",
		shape: sdk.MustTemplate(shape), parent: services, parentIs: "service_sid", parentAs: "ServiceSid", byURL: true,
	}).collect(entity, typ, "service_sid")
}

var (
	poolNumbers  = poolKind("PhoneNumber", "phone_numbers", "", "pool_numbers", "pool_number", `{"sid":"","account_sid":"","service_sid":"","date_created":"","date_updated":"","phone_number":"","country_code":"US","capabilities":["MMS","SMS","Voice"],"url":""}`)
	shortCodes   = poolKind("ShortCode", "short_codes", "", "pool_short_codes", "pool_short_code", `{"sid":"","account_sid":"","service_sid":"","date_created":"","date_updated":"","short_code":"","country_code":"US","capabilities":["SMS"],"url":""}`)
	alphaSenders = poolKind("AlphaSender", "alpha_senders", "AI", "alpha_senders", "alpha_sender", `{"sid":"","account_sid":"","service_sid":"","date_created":"","date_updated":"","alpha_sender":"","capabilities":["SMS"],"url":""}`)
)

func serviceHandlers() {
	services.serve("CFUDL")
	poolNumbers.check = joinNumber
	poolNumbers.serve("CFDL")
	shortCodes.check = func(r *request, _ sdk.Doc, _ bool) error {
		return &failure{code: 21421, status: 404, message: r.text("ShortCodeSid") + " is not a short code of the account"} // it can have none here
	}
	shortCodes.serve("CFDL")
	alphaSenders.check = joinAlpha
	alphaSenders.serve("CFDL")
	handle("MessagingV1FetchUsecase", func(r *request) error { return r.Send(usecases) })
}

// [S messaging_v1 description], its examples.
const usecases = `{"usecases":[{"usecase":"notifications","description":"Transactional notifications and alerts","purpose":"Notify my users."},{"usecase":"marketing","description":"Marketing messages","purpose":"Market my services."}]}`

// joinNumber puts a number of the account into a pool; it is in one at a time.
func joinNumber(r *request, d sdk.Doc, _ bool) error {
	sid := r.text("PhoneNumberSid")
	if sid == "" {
		return refuse(20001, "PhoneNumberSid")
	}
	number, ok := numbers.Get(r.Call, sid)
	if !ok {
		return &failure{code: 21421, status: 404, message: sid + " is not a phone number of the account"} // text believed
	}
	e164 := number.Get("phone_number").String()
	if s := serviceOf(r.Call, number).Get("sid").String(); s == d.Get("service_sid").String() {
		return refuse(21710)
	} else if s != "" {
		return refuse(21712)
	}
	d.SetString("sid", sid)
	d.SetString("phone_number", e164)
	if p, why := parsePhone(e164, ""); why == "" {
		d.SetString("country_code", p.iso())
	}
	return nil
}

func joinAlpha(r *request, d sdk.Doc, _ bool) error {
	name := r.text("AlphaSender")
	switch {
	case name == "":
		return refuse(21708)
	case !isAlpha(name):
		return refuse(21709)
	}
	d.SetString("alpha_sender", name)
	return nil
}

// leavePool takes a number that is given back out of its pool.
func leavePool(r *request, d sdk.Doc) {
	for _, p := range poolWith(r.Call, d.Get("sid").String()) {
		forget.MustRun(r.Args().Text(r.Account()).Text(p.Get("url").String()))
	}
}

var selectPool = sdk.Define(`SELECT doc FROM objects WHERE type = 'pool_number' AND account = ?1 AND deleted = 0 AND doc ->> '$.sid' = ?2`)

func poolWith(c *sdk.Call, sid string) []sdk.Doc {
	if sid == "" {
		return nil
	}
	rows := selectPool.MustRun(c.Args().Text(c.Account()).Text(sid))
	var out []sdk.Doc
	for rows.Next() {
		out = append(out, c.Trusted(rows.Text()))
	}
	return out
}

// serviceOf is the messaging service that a number is in; absent if it is in
// none.
func serviceOf(c *sdk.Call, number sdk.Doc) sdk.Doc {
	for _, p := range poolWith(c, number.Get("sid").String()) {
		if d, ok := services.Get(c, p.Get("service_sid").String()); ok {
			return d
		}
	}
	return sdk.Doc{}
}

// numberOfService returns the number of a service's pool.
func numberOfService(c *sdk.Call, service, e164 string) (sdk.Doc, bool) {
	if service == "" {
		return sdk.Doc{}, false
	}
	n := numberBy(c, e164)
	return n, serviceOf(c, n).Get("sid").String() == service
}

// senderPool are the senders of a messaging service, oldest first.
type senderPool []string

func poolOf(c *sdk.Call, service string) senderPool {
	var out senderPool
	for _, of := range [...]struct {
		k      *kind
		member string
	}{{alphaSenders, "alpha_sender"}, {poolNumbers, "phone_number"}} {
		p, err := of.k.Find(c, sdk.ListQuery{Limit: mostPool, Index: "service_sid", Key: service})
		if err != nil {
			continue
		}
		docs, _ := p.Docs(c)
		for _, d := range docs {
			out = append(out, d.Get(of.member).String())
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// mostPool is how many senders a pool has [D docs/api/errors/21714, 2026-11].
const mostPool = 400

func (p senderPool) has(sender string) bool {
	for _, s := range p {
		if s == sender {
			return true
		}
	}
	return false
}

var (
	lastSender = sdk.Define(`SELECT doc ->> '$.from' FROM objects WHERE type = 'message' AND account = ?1 AND doc ->> '$.to' = ?3
		AND doc ->> '$.messaging_service_sid' = ?2 AND doc ->> '$.from' IS NOT NULL AND doc ->> '$.direction' <> 'inbound' ORDER BY seq DESC LIMIT 1`)
	countSent = sdk.Define(`SELECT count(*) FROM objects WHERE type = 'message' AND account = ?1 AND doc ->> '$.messaging_service_sid' = ?2 AND doc ->> '$.from' IS NOT NULL`)
)

// choose picks the sender of a message to somebody: the one who wrote to them
// last (sticky sender), else one of the recipient's area code (geomatch), else
// the next in turn [D twilio.com/docs/messaging/services, 2026-11]; the turn is
// believed.
func (p senderPool) choose(c *sdk.Call, service, to string) (string, bool) {
	s, ok := services.Get(c, service)
	if len(p) == 0 || !ok {
		return "", false
	}
	if s.Get("sticky_sender").Bool() {
		if rows := lastSender.MustRun(c.Args().Text(c.Account()).Text(service).Text(to)); rows.Next() {
			if from := rows.Text(); p.has(from) {
				return from, true
			}
		}
	}
	fit := p
	if strings.HasPrefix(to, "+1") { // no alphanumeric senders there
		fit = nil
		for _, from := range p {
			if from[0] == '+' {
				fit = append(fit, from)
			}
		}
		if s.Get("area_code_geomatch").Bool() {
			for _, from := range fit {
				if len(from) > 5 && len(to) > 5 && from[:5] == to[:5] {
					return from, true
				}
			}
		}
	}
	if len(fit) == 0 {
		return "", false
	}
	rows := countSent.MustRun(c.Args().Text(c.Account()).Text(service))
	rows.Next()
	return fit[int(rows.Int())%len(fit)], true
}
