package main

import "github.com/mirrahq/mirra/sdk"

var setupIntents = stripe.Collect(&sdk.Collection{
	Type: "setup_intent", Entity: "setup_intents", Prefix: "seti_", Random: 24,
	Index:   []string{"customer", "payment_method"},
	Aliases: []string{"setup_intent", "seti"},
	Fields:  []string{"id", "status", "customer", "payment_method", "usage"},
})

var setupAttempts = stripe.Collect(&sdk.Collection{Type: "setup_attempt", Entity: "setup_attempts", Prefix: "setatt_", Random: 24, Fields: []string{"id", "status", "setup_intent"}})

var mandates = stripe.Collect(&sdk.Collection{Type: "mandate", Entity: "mandates", Prefix: "mandate_", Random: 24, Fields: []string{"id", "status", "payment_method"}})

// setupIntentTemplate [R, GET /v1/setup_intents at 2024-06-20].
var setupIntentTemplate = sdk.MustTemplate(`{"id":"","object":"setup_intent","application":null,"automatic_payment_methods":null,"cancellation_reason":null,"client_secret":"","created":0,"customer":null,"customer_account":null,"description":null,"excluded_payment_method_types":null,"flow_directions":null,"last_setup_error":null,"latest_attempt":null,"livemode":false,"managed_payments":{"enabled":false},"mandate":null,"metadata":{},"next_action":null,"on_behalf_of":null,"payment_method":null,"payment_method_configuration_details":null,"payment_method_options":{},"payment_method_types":[],"single_use_mandate":null,"status":"requires_payment_method","usage":"off_session"}`)

// setupAttemptTemplate [S fixtures.2024-06-20], members in the usual order.
var setupAttemptTemplate = sdk.MustTemplate(`{"id":"","object":"setup_attempt","application":null,"created":0,"customer":null,"flow_directions":null,"livemode":false,"on_behalf_of":null,"payment_method":"","payment_method_details":{"card":{"brand":"","checks":{},"country":"","exp_month":0,"exp_year":0,"fingerprint":"","funding":"","last4":"","network":"","three_d_secure":null,"wallet":null},"type":"card"},"setup_error":null,"setup_intent":"","status":"succeeded","usage":"off_session"}`)

// mandateTemplate [R, GET /v1/mandates at 2019-08-14, of SEPA debits; that a
// card's has an empty member is S openapi 2024-04-10].
var mandateTemplate = sdk.MustTemplate(`{"id":"","object":"mandate","customer_acceptance":{"accepted_at":0,"type":"offline"},"livemode":false,"multi_use":{},"payment_method":"","payment_method_details":{"card":{},"type":"card"},"status":"active","type":"multi_use"}`)

func setupIntentHandlers() {
	handle("GetSetupAttempts", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		q.Filter("$.setup_intent", r.text("setup_intent"))
		return r.list(setupAttempts, q, "setup_attempt", "/v1/setup_attempts")
	})
	handle("PostSetupIntents", sdk.Exact, func(r *request) error {
		d, err := r.createSetup()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("GetSetupIntents", sdk.Exact, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		for _, name := range [...]string{"customer", "payment_method"} {
			v := r.text(name)
			switch {
			case v == "":
			case q.Index == "":
				q.Index, q.Key = name, v
			default:
				q.Where[0] = sdk.Condition{Path: "$." + name, Value: v}
			}
		}
		var also selection
		if v := r.params.Get("attach_to_self"); v.Exists() {
			also = append(also, func(d sdk.Doc) bool { return d.Get("attach_to_self").Bool() == isTrue(v) })
		}
		return r.listAlso(setupIntents, q, also, "setupintent", "/v1/setup_intents")
	})
	handle("GetSetupIntentsIntent", sdk.Exact, func(r *request) error {
		d, err := r.intent(setupIntents, "setup_intent")
		if err != nil {
			return err
		}
		return r.answerIntent(d)
	})
	handle("PostSetupIntentsIntent", sdk.Exact, updateSetup)
	handle("PostSetupIntentsIntentConfirm", sdk.Exact, func(r *request) error {
		d, err := r.intent(setupIntents, "setup_intent")
		if err != nil {
			return err
		}
		r.setOptions(d, setupOptions)
		if err := r.confirmSetup(d); err != nil {
			return err
		}
		return r.answerIntent(d)
	})
	handle("PostSetupIntentsIntentCancel", sdk.Exact, cancelSetup)
	handle("GetMandatesMandate", sdk.Modelled, func(r *request) error {
		id := r.Value("mandate")
		d, ok := mandates.Get(r.Call, id)
		if !ok {
			return notFound("mandate", id, "mandate")
		}
		return r.answer(d)
	})
}

func (r *request) createSetup() (sdk.Doc, error) {
	confirm := r.is("confirm")
	d := setupIntentTemplate.New(r.Arena)
	id := longID(r.Call, "seti_1")
	d.SetString("id", id)
	d.SetString("client_secret", id+"_secret_"+r.Random(sdk.Objects, 31, sdk.Base62)) // [R 31 characters]
	r.setApplication(d)
	d.SetInt("created", r.Unix())
	if usage := r.text("usage"); usage != "" {
		d.SetString("usage", usage)
	}
	if err := r.setMethodTypes(d, setupOptions); err != nil {
		return d, err
	}
	if err := r.setSetup(d); err != nil {
		return d, err
	}
	if confirm {
		if err := r.needsReturnURL(d, "Setup Intent"); err != nil {
			return d, err
		}
	} else {
		for _, name := range [...]string{"single_use", "mandate_data"} { // [D docs.stripe.com/api/setup_intents/create, 2026-11]; wording believed
			if r.given(name) {
				return d, invalid("", name, "You cannot provide `"+name+"` unless `confirm` is set to `true`.")
			}
		}
		if !d.Get("payment_method").IsNull() {
			d.SetString("status", "requires_confirmation")
		}
	}
	if err := setupIntents.Insert(r.Call, d); err != nil {
		return d, err
	}
	emit(r.Call, "setup_intent.created", d, sdk.Doc{})
	if confirm {
		return d, r.confirmSetup(d)
	}
	return d, nil
}

// setSetup copies the parameters that create and update share.
func (r *request) setSetup(d sdk.Doc) error {
	if id := r.text("customer"); id != "" {
		if _, ok := customers.Get(r.Call, id); !ok {
			return missing("customer", id, "customer")
		}
		d.SetString("customer", id)
	}
	for _, name := range [...]string{"description", "on_behalf_of"} {
		r.setText(d, name)
	}
	if v := r.params.Get("attach_to_self"); v.Exists() {
		if !d.Get("attach_to_self").Exists() {
			d.InsertJSON("application", "attach_to_self", "false")
		}
		d.SetBool("attach_to_self", isTrue(v))
	}
	if v := r.params.Get("flow_directions"); v.Kind() == sdk.Array {
		d.SetDoc("flow_directions", v)
	}
	r.setMetadata(d)
	return r.setMethod(d, "setup_intent")
}

// setupFailure is an operation that the state of a setup intent forbids; the
// whole intent comes along [R, cancel at 2023-10-16].
func setupFailure(d sdk.Doc, message string) *failure {
	f := executed(invalid("setup_intent_unexpected_state", "", message))
	f.setup = d
	return f
}

// confirmSetup sets the payment method up: it succeeds, waits for the customer,
// or the card is declined.
func (r *request) confirmSetup(d sdk.Doc) error {
	if r.given("payment_method") || r.given("payment_method_data") {
		if err := r.setMethod(d, "setup_intent"); err != nil {
			return err
		}
	}
	if d.Get("payment_method").IsNull() {
		// [3, a third party's recordings, 2026; also that it comes before the check of the state]
		return setupFailure(d, "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	}
	switch d.Get("status").String() {
	case "succeeded":
		return setupFailure(d, "You cannot confirm this SetupIntent because it has already succeeded.") // [3, users' reports]
	case "canceled":
		return setupFailure(d, "You cannot confirm this SetupIntent because it has been canceled.") // [3, as above]
	}
	if err := r.needsReturnURL(d, "Setup Intent"); err != nil {
		return err
	}
	method, err := r.method(d.Get("payment_method").String(), "payment_method", 400)
	if err != nil {
		return err
	}
	if f := ownership(method, d, "setup_intent"); f != nil {
		f.setup = d
		return f
	}
	switch method.Get("type").String() {
	case "card":
		if r.given("single_use") {
			return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "single_use", message: "Mirra mirrors mandates for a single payment of SEPA debits only."}
		}
	case "sepa_debit":
		return r.setupDebit(d, method)
	default:
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra sets up cards only, not yet " + method.Get("type").String() + "."}
	}
	card := cardOf(method.Get("card"))
	d.SetString("payment_method", method.Get("id").String())
	d.SetNull("next_action")
	d.SetNull("last_setup_error")
	if r.setupNeedsAuthentication(card, d) {
		r.newAttempt(d, method, "requires_action")
		r.askCustomer(d, "setup_intent")
		setupIntents.Update(r.Call, d)
		emit(r.Call, "setup_intent.requires_action", d, sdk.Doc{})
		return nil
	}
	return r.finishSetup(d, method, card)
}

func (r *request) setupNeedsAuthentication(card *testCard, d sdk.Doc) bool {
	if hasMark(r.Call, d.Get("id").String(), markAuthenticated) {
		return false
	}
	switch d.Get("payment_method_options", "card", "request_three_d_secure").String() {
	case "any", "challenge":
		return card.auth != authUnsupported
	}
	return card.auth == authAlways || card.auth == authUnlessSetUp || card.auth == authByRadar
}

// finishSetup asks the issuer and attaches the payment method.
func (r *request) finishSetup(d, method sdk.Doc, card *testCard) error {
	if no := r.refuses(method, card, false); no != nil {
		f := declineFailure(no)
		runChecks(method, card)
		paymentMethods.Update(r.Call, method)
		r.newAttempt(d, method, "failed")
		r.failSetup(d, method, f)
		return f
	}
	runChecks(method, card)
	r.attachSetUp(method, d.Get("customer").String())
	if card.auth == authUnlessSetUp {
		setMark(r.Call, method.Get("id").String(), markAuthenticated, "set up")
	}
	r.newAttempt(d, method, "succeeded")
	if r.params.Get("mandate_data", "customer_acceptance").Kind() == sdk.Object {
		d.SetString("mandate", r.newMandate(method).Get("id").String())
	}
	d.SetString("status", "succeeded")
	setupIntents.Update(r.Call, d)
	emit(r.Call, "setup_intent.succeeded", d, sdk.Doc{})
	return nil
}

// failSetup takes the payment method off a setup intent and says why.
func (r *request) failSetup(d, method sdk.Doc, f *failure) {
	e := d.SetObject("last_setup_error")
	f.write(r.Call, e)
	e.SetDoc("payment_method", method)
	e.SetString("type", f.kind())
	d.SetNull("payment_method")
	d.SetNull("next_action")
	d.SetString("status", "requires_payment_method")
	setupIntents.Update(r.Call, d)
	emit(r.Call, "setup_intent.setup_failed", d, sdk.Doc{})
	f.setup, f.method = d, method
}

// newAttempt records an attempt, which latest_attempt then names.
func (r *request) newAttempt(d, method sdk.Doc, status string) {
	a := setupAttemptTemplate.New(r.Arena)
	_, rest := cutID(d.Get("id").String())
	id := "setatt_" + rest[:min(len(rest), 6)] + accountPart(r.Call) + r.Random(sdk.Objects, 8, sdk.Base62)
	a.SetString("id", id)
	a.SetInt("created", r.Unix())
	a.SetStringOrNull("customer", d.Get("customer").String())
	a.SetString("payment_method", method.Get("id").String())
	if typ := method.Get("type").String(); typ != "card" {
		a.SetJSON("payment_method_details", "{"+quoted(typ)+":{},\"type\":"+quoted(typ)+"}") // [S openapi 2024-04-10]
	} else {
		to, from := a.Get("payment_method_details", "card"), method.Get("card")
		for _, m := range [...]string{"brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4"} {
			to.SetDoc(m, from.Get(m))
		}
		to.SetString("network", from.Get("brand").String())
	}
	a.SetString("setup_intent", d.Get("id").String())
	a.SetString("status", status)
	a.SetString("usage", d.Get("usage").String())
	if err := setupAttempts.Insert(r.Call, a); err != nil {
		panic(err.Error()) // an id minted twice
	}
	d.SetString("latest_attempt", id)
}

// newMandate records the customer's consent, which the parameters bring.
func (r *request) newMandate(method sdk.Doc) sdk.Doc {
	accepted := r.params.Get("mandate_data", "customer_acceptance")
	m := mandateTemplate.New(r.Arena)
	m.SetString("id", longID(r.Call, "mandate_1"))
	to := m.Get("customer_acceptance")
	at, ok := accepted.Get("accepted_at").Int()
	if !ok {
		at = r.Unix()
	}
	to.SetInt("accepted_at", at)
	if online := accepted.Get("online"); online.Kind() == sdk.Object {
		to.InsertJSON("accepted_at", "online", "{}")
		o := to.Get("online")
		o.SetStringOrNull("ip_address", online.Get("ip_address").String())
		o.SetStringOrNull("user_agent", online.Get("user_agent").String())
	}
	to.SetString("type", accepted.Get("type").String())
	m.SetString("payment_method", method.Get("id").String())
	if method.Get("type").String() == "sepa_debit" {
		m.SetJSON("payment_method_details", `{"sepa_debit":{},"type":"sepa_debit"}`)
		debit := m.Get("payment_method_details", "sepa_debit")
		debit.SetString("reference", r.Random(sdk.Objects, 16, upper36))
		debit.SetString("url", "https://payments.stripe.com/sepa_debit/mandate/mandate_test_"+r.Random(sdk.Objects, 96, sdk.Base62)) // [R]
	}
	if err := mandates.Insert(r.Call, m); err != nil {
		panic(err.Error()) // an id minted twice
	}
	return m
}

func updateSetup(r *request) error {
	d, err := r.intent(setupIntents, "setup_intent")
	if err != nil {
		return err
	}
	status := d.Get("status").String()
	if (r.given("payment_method") || r.given("payment_method_data")) && !updatable(status) {
		// Believed, after the wording of cancel [R].
		return setupFailure(d, "You cannot update this SetupIntent because it has a status of "+status+".")
	}
	if r.given("payment_method_types") {
		if err := r.setMethodTypes(d, setupOptions); err != nil {
			return err
		}
	} else {
		r.setOptions(d, setupOptions)
	}
	if err := r.setSetup(d); err != nil {
		return err
	}
	if r.given("payment_method") || r.given("payment_method_data") {
		d.SetString("status", "requires_confirmation")
		d.SetNull("next_action")
	}
	setupIntents.Update(r.Call, d)
	return r.answer(d)
}

func cancelSetup(r *request) error {
	d, err := r.intent(setupIntents, "setup_intent")
	if err != nil {
		return err
	}
	switch status := d.Get("status").String(); status {
	case "requires_payment_method", "requires_confirmation", "requires_action":
	case "canceled":
		return setupFailure(d, "You cannot cancel this SetupIntent because it it already canceled.") // [R 2023-10-16, "it it" included]
	default:
		// [R 2023-10-16]
		return setupFailure(d, "You cannot cancel this SetupIntent because it has a status of "+status+". Only a SetupIntent with one of the following statuses may be canceled: `requires_payment_method`, `requires_confirmation`, or `requires_action`.")
	}
	d.SetStringOrNull("cancellation_reason", r.text("cancellation_reason"))
	d.SetNull("next_action")
	d.SetString("status", "canceled")
	setupIntents.Update(r.Call, d)
	emit(r.Call, "setup_intent.canceled", d, sdk.Doc{})
	return r.answer(d)
}
