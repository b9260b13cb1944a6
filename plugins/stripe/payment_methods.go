package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var paymentMethods = stripe.Collect(&sdk.Collection{
	Type: "payment_method", Entity: "payment_methods", Prefix: "pm_", Random: 24,
	Index:   []string{"customer"},
	Aliases: []string{"payment_method", "pm"},
	Fields:  []string{"id", "type", "customer", "card.brand", "card.last4"},
})

// paymentMethodTemplate [R, POST /v1/payment_methods/pm_card_visa/attach at 2024-06-20].
var paymentMethodTemplate = sdk.MustTemplate(`{"id":"","object":"payment_method","allow_redisplay":"unspecified","billing_details":{"address":{"city":null,"country":null,"line1":null,"line2":null,"postal_code":null,"state":null},"email":null,"name":null,"phone":null,"tax_id":null},"card":{"brand":"","checks":{"address_line1_check":null,"address_postal_code_check":null,"cvc_check":null},"country":"","display_brand":"","exp_month":0,"exp_year":0,"fingerprint":"","funding":"","generated_from":null,"last4":"","networks":{"available":[],"preferred":null},"regulated_status":"unregulated","three_d_secure_usage":{"supported":true},"wallet":null},"created":0,"customer":null,"customer_account":null,"livemode":false,"metadata":{},"shared_payment_granted_token":null,"type":"card"}`)

func paymentMethodHandlers() {
	handle("PostPaymentMethods", sdk.Exact, createPaymentMethod)
	handle("GetPaymentMethods", sdk.Exact, listPaymentMethods)
	handle("GetPaymentMethodsPaymentMethod", sdk.Exact, func(r *request) error {
		d, err := r.pathMethod()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostPaymentMethodsPaymentMethod", sdk.Exact, updatePaymentMethod)
	handle("PostPaymentMethodsPaymentMethodAttach", sdk.Exact, attachPaymentMethod)
	handle("PostPaymentMethodsPaymentMethodDetach", sdk.Exact, detachPaymentMethod)
	handle("GetCustomersCustomerPaymentMethods", sdk.Exact, func(r *request) error {
		if _, err := r.liveCustomer(); err != nil {
			return err
		}
		id := r.Value("customer")
		return r.listMethods(id, "/v1/customers/"+id+"/payment_methods")
	})
	handle("GetCustomersCustomerPaymentMethodsPaymentMethod", sdk.Exact, func(r *request) error {
		customer, err := r.liveCustomer()
		if err != nil {
			return err
		}
		id := r.Value("payment_method")
		d, ok := paymentMethods.Get(r.Call, id)
		if !ok || d.Get("customer").String() != customer.Get("id").String() {
			return r.noSuchMethod(id, "payment_method", 404)
		}
		return r.answer(d)
	})
}

// noSuchMethod is an id that names no payment method [R, both endings; the one
// for requests with a Stripe-Account header is 2023-10-16].
func (r *request) noSuchMethod(id, param string, status int) *failure {
	if strings.HasPrefix(id, "pm_usBankAccount") {
		// [D docs.stripe.com/payments/ach-direct-debit/accept-a-payment#test-your-integration, 2026-11]
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: param, message: "Mirra does not mirror payments by us_bank_account yet: " + id + "."}
	}
	message := "No such PaymentMethod: '" + id + "'; "
	if r.Header("Stripe-Account") != "" {
		message += "OAuth key or Stripe-Account header was used but API request was provided with a platform-owned payment method ID. Please ensure that the provided payment method matches the specified account."
	} else {
		message += "It's possible this PaymentMethod exists on one of your connected accounts, in which case you should retry this request on that connected account. Learn more at https://stripe.com/docs/connect/authentication"
	}
	return &failure{status: status, code: "resource_missing", param: param, message: message}
}

// pathMethod is the payment method that the path names.
func (r *request) pathMethod() (sdk.Doc, error) {
	return r.method(r.Value("payment_method"), "payment_method", 404)
}

// method finds a payment method. Each use of a test name, pm_card_visa, makes
// a new one [R].
func (r *request) method(id, param string, status int) (sdk.Doc, error) {
	if name, ok := strings.CutPrefix(id, "pm_card_"); ok {
		if card := cardNamed(name); card != nil {
			d := r.newMethod(r.namedCard(card))
			return d, paymentMethods.Insert(r.Call, d)
		}
	}
	if d, ok := paymentMethods.Get(r.Call, id); ok {
		return d, nil
	}
	// A card of a customer from before payment methods can be used as one.
	if strings.HasPrefix(id, "card_") || strings.HasPrefix(id, "src_") {
		if card, ok := cardSources.Get(r.Call, id); ok {
			return r.methodOfSource(card), nil
		}
		if s, ok := sources().Get(r.Call, id); ok && s.Get("type").String() == "card" {
			return r.methodOfSourceObject(s), nil
		}
	}
	return sdk.Doc{}, r.noSuchMethod(id, param, status)
}

// newMethod makes the payment method of a card; it is not kept yet.
func (r *request) newMethod(data cardData) sdk.Doc {
	d := paymentMethodTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "pm_1"))
	card := d.Get("card")
	brand := brandOf(data.card.brand)
	card.SetString("brand", brand.key)
	if data.cvc {
		card.Get("checks").SetString("cvc_check", "unchecked") // [R] until it is used
	}
	card.SetString("country", data.card.country)
	card.SetString("display_brand", brand.display)
	card.SetInt("exp_month", data.month)
	card.SetInt("exp_year", data.year)
	card.SetString("fingerprint", fingerprint(r.Call, data.card.number))
	card.SetString("funding", data.card.funding)
	card.SetString("last4", data.card.last4())
	networks := card.Get("networks", "available")
	networks.AddString(brand.key)
	if data.card.auth == authUnsupported || brand.key == "discover" && !r.after(discoverAuthenticates) {
		card.Get("three_d_secure_usage").SetBool("supported", false)
	}
	d.SetInt("created", r.Unix())
	return d
}

// discoverAuthenticates is since when cards of Discover support 3D Secure: not in
// 2021-04, in 2021-08 [R].
var discoverAuthenticates = day("2021-06-15")

// runChecks does what an issuer does when a card is attached or charged.
func runChecks(method sdk.Doc, card *testCard) {
	address := method.Get("billing_details", "address")
	checks := method.Get("card", "checks")
	if address.Get("line1").String() != "" {
		checks.SetString("address_line1_check", orPass(card.lineCheck))
	}
	if address.Get("postal_code").String() != "" {
		checks.SetString("address_postal_code_check", orPass(card.zipCheck))
	}
	if !checks.Get("cvc_check").IsNull() {
		result := "pass"
		if card.declined == incorrectCVC {
			result = "fail" // [R] 0101
		} else if card.declined == fraudulent {
			result = "unavailable" // [R] 4100…0019
		}
		checks.SetString("cvc_check", result)
	}
}

func orPass(check string) string {
	if check == "" {
		return "pass"
	}
	return check
}

// refuses returns how the issuer refuses a card that is attached or charged.
func (r *request) refuses(method sdk.Doc, card *testCard, charging bool) *decline {
	switch {
	case card.declined == nil, card.attaches && !charging:
		return nil
	case card.zipDecline && method.Get("billing_details", "address", "postal_code").String() == "":
		return nil
	case card.cvcDecline && method.Get("card", "checks", "cvc_check").IsNull():
		return nil
	case card.before != nil && !r.after(customerFailSince):
		return card.before
	}
	return card.declined
}

func createPaymentMethod(r *request) error {
	if !r.given("type") && !r.given("payment_method") {
		return invalid("parameter_missing", "type", "Missing required param: type.") // [R-like]
	}
	d, err := r.newMethodFrom(r.params, "")
	if err != nil {
		return err
	}
	r.setMetadata(d)
	if err := paymentMethods.Insert(r.Call, d); err != nil {
		return err
	}
	return r.answer(d)
}

// newMethodFrom makes a payment method of parameters, those of POST
// /v1/payment_methods or a payment_method_data.
func (r *request) newMethodFrom(p sdk.Doc, prefix string) (sdk.Doc, error) {
	if id := p.Get("payment_method").String(); id != "" {
		from, err := r.sharedMethod(id, p.Get("customer").String())
		if err != nil {
			return from, err
		}
		d := from.Clone(r.Arena)
		d.SetString("id", longID(r.Call, "pm_1"))
		d.SetNull("customer")
		d.SetInt("created", r.Unix())
		return d, nil
	}
	typ := p.Get("type").String()
	if typ != "card" {
		return r.otherMethod(p, typ, prefix)
	}
	card := p.Get("card")
	if card.Kind() != sdk.Object {
		return sdk.Doc{}, invalid("parameter_missing", within(prefix, "card"), "Missing required param: "+within(prefix, "card")+".")
	}
	var data cardData
	var err error
	if token := card.Get("token").String(); token != "" {
		data, err = r.tokenCard(token)
	} else {
		data, err = r.readCard(card)
	}
	if err != nil {
		return sdk.Doc{}, err
	}
	d := r.newMethod(data)
	r.setBilling(d, p)
	// [R 2023-10-16] what there is to check waits for the first use.
	checks, address := d.Get("card", "checks"), d.Get("billing_details", "address")
	if address.Get("line1").String() != "" {
		checks.SetString("address_line1_check", "unchecked")
	}
	if address.Get("postal_code").String() != "" {
		checks.SetString("address_postal_code_check", "unchecked")
	}
	return d, nil
}

// within is a parameter's name inside another one.
func within(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "[" + name + "]"
}

// setBilling copies billing_details and allow_redisplay.
func (r *request) setBilling(d, p sdk.Doc) {
	if v := p.Get("allow_redisplay").String(); v != "" {
		d.SetString("allow_redisplay", v)
	}
	from := p.Get("billing_details")
	if from.Kind() != sdk.Object {
		return
	}
	to := d.Get("billing_details")
	if a := from.Get("address"); a.Kind() == sdk.Object {
		address := to.Get("address")
		for _, m := range addressMembers {
			if v := a.Get(m); v.Exists() {
				address.SetStringOrNull(m, v.String())
			}
		}
	}
	for _, m := range [...]string{"email", "name", "phone"} {
		if v := from.Get(m); v.Exists() {
			to.SetStringOrNull(m, v.String())
		}
	}
}

func updatePaymentMethod(r *request) error {
	d, err := r.pathMethod()
	if err != nil {
		return err
	}
	if d.Get("customer").IsNull() {
		// [D docs.stripe.com/api/payment_methods/update, 2026-11]; wording believed.
		return executed(invalid("", "", "You must save this PaymentMethod to a customer before you can update it."))
	}
	before := d.Clone(r.Arena)
	r.setBilling(d, r.params)
	card := d.Get("card")
	for _, m := range [...]string{"exp_month", "exp_year"} {
		if v, ok := r.params.Get("card", m).Int(); ok {
			if m == "exp_month" && (v < 1 || v > 12) {
				return cardError("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
			}
			card.SetInt(m, v)
		}
	}
	r.setMetadata(d)
	paymentMethods.Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "payment_method.updated", d, previous)
	}
	return r.answer(d)
}

func attachPaymentMethod(r *request) error {
	d, err := r.pathMethod()
	if err != nil {
		return err
	}
	id := r.text("customer")
	if _, ok := customers.Get(r.Call, id); !ok {
		return missing("customer", id, "customer")
	}
	switch {
	case d.Get("customer").String() != "":
		return executed(invalid("", "", "The payment method you provided has already been attached to a customer.")) // [R]
	case hasMark(r.Call, d.Get("id").String(), markConsumed):
		// [R-like, the charge's text, 2023-10-16; for attach by users' reports]
		return executed(invalid("", "", "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again."))
	}
	if err := r.attach(d, id); err != nil {
		return err
	}
	return r.answer(d)
}

// attach puts a payment method under a customer; the card's issuer is asked,
// and a refusal names an empty parameter [R].
func (r *request) attach(d sdk.Doc, customer string) error {
	if d.Get("type").String() == "card" {
		card := cardOf(d.Get("card"))
		if no := r.refuses(d, card, false); no != nil {
			f := declineFailure(no)
			if f.param == "" {
				f.emptyParam = true
			}
			return f
		}
		runChecks(d, card)
	}
	d.SetString("customer", customer)
	paymentMethods.Update(r.Call, d)
	emit(r.Call, "payment_method.attached", d, sdk.Doc{})
	return nil
}

// declineFailure is the 402 of a decline.
func declineFailure(no *decline) *failure {
	f := &failure{status: 402, typ: "card_error", code: no.code, decline: no.declineCode, message: no.message, param: no.param, advice: no.advice, network: no.network, doc: no.doc, executed: true}
	if f.decline == "" && usedVersion.date >= basil {
		f.decline = no.code
	}
	return f
}

func detachPaymentMethod(r *request) error {
	d, err := r.pathMethod()
	if err != nil {
		return err
	}
	if err := r.detach(d); err != nil {
		return err
	}
	return r.answer(d)
}

// detach takes a payment method from its customer for good.
func (r *request) detach(d sdk.Doc) error {
	customer := d.Get("customer").String()
	if customer == "" {
		// [3, several users' reports and SDK tests]
		return executed(invalid("", "", "The payment method you provided is not attached to a customer so detachment is impossible."))
	}
	d.SetNull("customer")
	paymentMethods.Update(r.Call, d)
	setMark(r.Call, d.Get("id").String(), markConsumed, "detached")
	previous := r.NewObject()
	previous.SetString("customer", customer)
	emit(r.Call, "payment_method.detached", d, previous)
	if c, ok := customers.Get(r.Call, customer); ok && c.Get("invoice_settings", "default_payment_method").String() == d.Get("id").String() {
		before := c.Clone(r.Arena)
		c.Get("invoice_settings").SetNull("default_payment_method")
		customers.Update(r.Call, c)
		emit(r.Call, "customer.updated", c, changes(r.Call, before, c))
	}
	return nil
}

func listPaymentMethods(r *request) error {
	id := r.text("customer")
	if id == "" {
		// [D docs.stripe.com/api/payment_methods/list, 2026-11]: without a
		// customer the list is that of Treasury, which is not mirrored.
		return r.answerList(nil, false, "/v1/payment_methods")
	}
	if _, ok := customers.Get(r.Call, id); !ok {
		return missing("customer", id, "customer")
	}
	return r.listMethods(id, "/v1/payment_methods")
}

func (r *request) listMethods(customer, url string) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	q.Index, q.Key = "customer", customer
	if typ := r.text("type"); typ != "" {
		q.Where[0] = sdk.Condition{Path: "$.type", Value: typ}
	}
	return r.list(paymentMethods, q, "payment_method", url)
}
