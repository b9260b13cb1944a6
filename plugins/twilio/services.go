package main

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

var services = (&kind{
	name: "Service", prefix: "MessagingV1", host: "messaging", sid: "MG", list: "services", path: "/v1/Services/{sid}",
	shape: serviceShape,
	params: `FriendlyName ScanMessageContent Usecase InboundRequestUrl FallbackUrl StatusCallback InboundMethod FallbackMethod
		StickySender MmsConverter SmartEncoding FallbackToLongCode AreaCodeGeomatch SynchronousValidation UseInboundWebhookOnNumber ValidityPeriod`,
	needed: "FriendlyName",
	links: []string{"phone_numbers=/PhoneNumbers", "short_codes=/ShortCodes", "alpha_senders=/AlphaSenders", "messages=/Messages", "us_app_to_person=/Compliance/Usa2p",
		"us_app_to_person_usecases=/Compliance/Usa2p/Usecases", "channel_senders=/ChannelSenders", "destination_alpha_senders=/DestinationAlphaSenders"},
	gone: func(r *request, d sdk.Doc) { emptyPool.MustRun(r.Args().Text(r.Account()).Text(d.Get("sid").String())) },
}).collect("messaging_services", "messaging_service")

var emptyPool = sdk.Define(`DELETE FROM objects WHERE account = ?1 AND type IN ('pool_number', 'pool_short_code', 'alpha_sender') AND doc ->> '$.service_sid' = ?2`)

// poolKind is a kind of sender of a messaging service's pool.
func poolKind(name, list, sid, entity, typ string, shape *sdk.Template) *kind {
	return (&kind{
		name: name, prefix: "MessagingV1", host: "messaging", sid: sid, list: list, path: "/v1/Services/{service_sid}/" + name + "s/{sid}",
		shape: shape, byURL: true,
	}).collect(entity, typ).below(services, "service_sid", "ServiceSid")
}

var (
	poolNumbers  = poolKind("PhoneNumber", "phone_numbers", "", "pool_numbers", "pool_number", poolNumberShape)
	shortCodes   = poolKind("ShortCode", "short_codes", "", "pool_short_codes", "pool_short_code", poolShortCodeShape)
	alphaSenders = poolKind("AlphaSender", "alpha_senders", "AI", "alpha_senders", "alpha_sender", alphaSenderShape)
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
	if p, why := phone.Parse(e164, ""); why == "" {
		d.SetString("country_code", p.ISO())
	}
	return nil
}

func joinAlpha(r *request, d sdk.Doc, _ bool) error {
	name := r.text("AlphaSender")
	switch {
	case name == "":
		return refuse(21708)
	case !phone.IsSenderName(name):
		return refuse(21709)
	}
	d.SetString("alpha_sender", name)
	return nil
}

// leavePool takes a number that is given back out of its pool.
func leavePool(r *request, d sdk.Doc) {
	if p, ok := poolWith(r.Call, d); ok {
		forget.MustRun(r.Args().Text(r.Account()).Text(p.Get("url").String()))
	}
}

// poolWith is the place of a number in a pool.
func poolWith(c *sdk.Call, number sdk.Doc) (sdk.Doc, bool) {
	sid := number.Get("sid").String()
	if sid == "" {
		return sdk.Doc{}, false
	}
	return poolNumbers.Newest(c, is("sid", sid))
}

// serviceOf is the messaging service that a number is in; absent if it is in
// none.
func serviceOf(c *sdk.Call, number sdk.Doc) sdk.Doc {
	p, _ := poolWith(c, number)
	d, _ := services.Get(c, p.Get("service_sid").String())
	return d
}

// numberOfService tells whether a number is in a service's pool.
func numberOfService(c *sdk.Call, service, e164 string) bool {
	return service != "" && serviceOf(c, numberBy(c, e164)).Get("sid").String() == service
}

// senderPool are the senders of a messaging service, oldest first.
type senderPool []string

func poolOf(c *sdk.Call, service string) (out senderPool) {
	for _, of := range [...]struct {
		k      *kind
		member string
	}{{alphaSenders, "alpha_sender"}, {poolNumbers, "phone_number"}} {
		var q sdk.ListQuery
		q.Filter("$.service_sid", service)
		docs, _ := of.k.All(c, q) // without a cursor there is no error
		for _, d := range docs {
			out = append(out, d.Get(of.member).String())
		}
	}
	slices.Reverse(out)
	return out
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
	if !ok {
		return "", false
	}
	if s.Get("sticky_sender").Bool() {
		rows := lastSender.MustRun(c.Args().Text(c.Account()).Text(service).Text(to))
		if rows.Next() {
			if from := rows.Text(); slices.Contains(p, from) {
				return from, true
			}
		}
	}
	fit := p
	if strings.HasPrefix(to, "+1") { // no alphanumeric senders there
		fit = slices.DeleteFunc(slices.Clone(p), func(from string) bool { return from[0] != '+' })
		for _, from := range fit {
			if s.Get("area_code_geomatch").Bool() && len(from) > 5 && len(to) > 5 && from[:5] == to[:5] {
				return from, true
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
