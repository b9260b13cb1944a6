package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// What payment intents and setup intents share.

// intent is the intent that the path names. Publishable keys have to prove by
// the client secret that they know it.
func (r *request) intent(k *sdk.Collection, noun string) (sdk.Doc, error) {
	id := strings.ReplaceAll(r.Value("intent"), "+", " ") // [R] as in a query
	d, ok := k.Get(r.Call, id)
	if noun == "setup_intent" {
		noun = "setupintent" // [R]
	}
	if !ok {
		return d, notFound(noun, id, "intent") // [R]
	}
	secret := r.text("client_secret")
	switch {
	case secret == "" && r.publishable():
		return d, invalid("parameter_missing", "client_secret", "Missing required param: client_secret.") // [R-like]
	case secret != "" && secret != d.Get("client_secret").String():
		// Believed: an intent that the secret does not open is not there.
		return d, notFound(noun, id, "intent")
	}
	return d, nil
}

func (r *request) publishable() bool { return r.Credential.Class == "publishable" }

// publicMembers of intents are what a publishable key sees: [R-like, bodies
// that browsers got, in stripe-archive/stripe-payments-demo#133 and
// stripe-archive/payment-form-modal#7, 2020; the newer members believed].
var publicMembers = map[string]bool{
	"id": true, "object": true, "amount": true, "amount_details": true, "automatic_payment_methods": true, "canceled_at": true, "cancellation_reason": true,
	"capture_method": true, "client_secret": true, "confirmation_method": true, "created": true, "currency": true, "description": true,
	"last_payment_error": true, "last_setup_error": true, "livemode": true, "next_action": true, "payment_method": true,
	"payment_method_configuration_details": true, "payment_method_types": true, "processing": true, "receipt_email": true,
	"setup_future_usage": true, "shipping": true, "source": true, "status": true, "usage": true,
}

// answerIntent answers with an intent as the key may see it.
func (r *request) answerIntent(d sdk.Doc) error {
	if !r.publishable() {
		return r.answer(d)
	}
	public := r.NewObject()
	for m := range d.All {
		if publicMembers[m.Key()] {
			public.SetDoc(m.Key(), m)
		}
	}
	return r.answer(public)
}

// Defaults of payment_method_options by type [R 2024-06-20]. Setup intents
// have others for cards.
var (
	paymentOptions = methodOptions{
		"card":              `{"installments":null,"mandate_options":null,"network":null,"request_three_d_secure":"automatic"}`,
		"link":              `{"persistent_token":null}`,
		"klarna":            `{"preferred_locale":null}`,
		"afterpay_clearpay": `{"reference":null}`,
		"us_bank_account":   `{"financial_connections":{"permissions":["payment_method"],"prefetch":[]},"mandate_options":{},"transaction_purpose":"unspecified","verification_method":"automatic"}`,
		"acss_debit":        `{"verification_method":"automatic"}`,
		"alipay":            `{}`,
		"cashapp":           `{}`,
		"sepa_debit":        `{}`,
		"wechat_pay":        `{"app_id":null,"client":null}`,
	}
	// invoiceOptions are those of invoices' payments [R].
	invoiceOptions = methodOptions{
		"acss_debit":      `{"mandate_options":{"interval_description":null,"payment_schedule":null,"transaction_type":null},"verification_method":"automatic"}`,
		"card":            paymentOptions["card"],
		"cashapp":         `{}`,
		"link":            paymentOptions["link"],
		"us_bank_account": `{"mandate_options":{},"transaction_purpose":"unspecified","verification_method":"automatic"}`,
	}
	setupOptions = methodOptions{
		"card":            `{"mandate_options":null,"network":null,"request_three_d_secure":"automatic"}`,
		"us_bank_account": `{"mandate_options":{},"verification_method":"automatic"}`,
	}
)

type methodOptions map[string]string

// automaticSince is when the version came out that leaves it to the dashboard which
// payment methods there are: before, no version did [R 2021-02].
var automaticSince = day(v20230816)

// setMethodTypes sets payment_method_types and what depends on them. Without
// parameters the dashboard decides, since 2023-08-16 [R 2024-06-20]; older
// versions take cards [R 2020-08-27, 2022-11-15].
func (r *request) setMethodTypes(d sdk.Doc, options methodOptions) error {
	automatic, types := r.params.Get("automatic_payment_methods"), r.params.Get("payment_method_types")
	enabled := r.is("automatic_payment_methods", "enabled")
	if enabled && types.Len() > 0 {
		return invalid("", "", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.") // [3, users' reports]
	}
	out := d.SetArray("payment_method_types")
	switch {
	case types.Len() > 0:
		for t := range types.All {
			out.AddString(t.String())
		}
	case automatic.Exists() && !enabled, !automatic.Exists() && !(r.since(v20230816) && r.after(automaticSince)):
		out.AddString("card")
	default:
		how := automatic.Get("allow_redirects").String()
		if how == "" {
			how = "always"
		}
		set := d.SetObject("automatic_payment_methods")
		set.SetString("allow_redirects", how)
		set.SetBool("enabled", true)
		for _, t := range r.enabledMethods("payment_methods", d, how == "always") {
			out.AddString(t)
		}
		details := d.SetObject("payment_method_configuration_details")
		details.SetString("id", r.methodConfiguration())
		details.SetNull("parent")
	}
	all := d.SetObject("payment_method_options")
	for t := range out.All {
		if text, ok := options[t.String()]; ok {
			all.SetSorted(t.String(), text)
		}
	}
	if types.Len() > 0 {
		all.Get("us_bank_account").Delete("financial_connections") // [R 2024-04-10 and 2024-06-20]
	}
	r.setOptions(d, options)
	return nil
}

// methodConfiguration is the configuration that tells which payment methods there
// are: the one that is asked for, or the account's.
func (r *request) methodConfiguration() string {
	if id := r.text("payment_method_configuration"); id != "" {
		return id
	}
	part := fingerprint(r.Call, "payment method configuration") // one an account
	return "pmc_1" + part[:5] + accountPart(r.Call) + part[5:13]
}

// setOptions merges the payment_method_options parameter. What is set to a
// text replaces the default; members keep their order.
func (r *request) setOptions(d sdk.Doc, options methodOptions) {
	all := d.Get("payment_method_options")
	for given := range r.params.Get("payment_method_options").All {
		typ := given.Key()
		to := all.Get(typ)
		if !to.Exists() {
			text, ok := options[typ]
			if !ok {
				text = "{}"
			}
			all.SetSorted(typ, text)
			to = all.Get(typ)
		}
		for m := range given.All {
			switch {
			case m.Kind() == sdk.Object:
				key := m.Key()
				if of := optionShape(d.Get("object").String(), typ, key); of != 0 {
					m = engine.New(r.Call, of, m)
				}
				to.SetDoc(key, m)
			case m.String() == "":
				to.SetNull(m.Key())
			case to.Get(m.Key()).Exists():
				to.SetString(m.Key(), m.String())
			default:
				to.SetSortedString(m.Key(), m.String())
			}
		}
	}
}

// optionShape is the shape of an object among the options of a payment method,
// such as mandate_options of a card; 0 if the description has none.
func optionShape(object, typ, name string) int16 {
	of := shapeOf(object)
	for _, step := range [...]string{"payment_method_options", typ, name} {
		m := tables.Shapes[of].Member(step)
		if m == nil || m.Kind != resource.Object {
			return 0
		}
		of = m.Of
	}
	return of
}

func quoted(s string) string { return string(sdk.AppendString(nil, s)) }

// setMethod sets payment_method from the parameters: an id, or the data of a
// new one. It has to belong to the intent's customer, if to anybody.
func (r *request) setMethod(d sdk.Doc, noun string) error {
	id := r.text("payment_method")
	if data := r.params.Get("payment_method_data"); data.Kind() == sdk.Object {
		made, err := r.newMethodFrom(data, "payment_method_data")
		if err != nil {
			return err
		}
		if err := paymentMethods.Insert(r.Call, made); err != nil {
			return err
		}
		d.SetString("payment_method", made.Get("id").String())
		return nil
	}
	if id == "" {
		r.setText(d, "payment_method")
		return nil
	}
	method, err := r.method(id, "payment_method", 400)
	if err != nil {
		return err
	}
	if f := ownership(method, d, noun); f != nil {
		return f
	}
	if f := r.consumed(method); f != nil && noun == "payment_intent" {
		return f
	}
	d.SetString("payment_method", method.Get("id").String())
	return nil
}

// ownership refuses a payment method of somebody else than the intent's
// customer. [3, read in the tests of a third party's recordings, 2026]
func ownership(method, intent sdk.Doc, noun string) *failure {
	owner, customer := method.Get("customer").String(), intent.Get("customer").String()
	id := method.Get("id").String()
	switch {
	case owner == "" || owner == customer:
		return nil
	case customer != "":
		return executed(invalid("", "payment_method", "The PaymentMethod "+id+" does not belong to the Customer you supplied "+customer+". Please use this PaymentMethod with the Customer that it belongs to instead."))
	case noun == "setup_intent":
		return executed(invalid("", "payment_method", "The payment method supplied ("+id+") belongs to the Customer "+owner+". Please include the Customer in the `customer` parameter on the SetupIntent."))
	}
	return executed(invalid("parameter_missing", "source", "The `payment_method` parameter supplied "+id+" belongs to the Customer "+owner+". Please include the Customer in the `customer` parameter on the PaymentIntent."))
}

// needsReturnURL refuses to confirm an intent that might send the customer away
// and does not say where back to [R-like woocommerce/woocommerce-gateway-stripe
// #2982, 2024-03-08]; off session there is nobody to send [R 2023-10-16].
func (r *request) needsReturnURL(d sdk.Doc, what string) error {
	if d.Get("automatic_payment_methods", "allow_redirects").String() != "always" || r.text("return_url") != "" || r.is("use_stripe_sdk") || r.offSession() || r.publishable() {
		return nil
	}
	return invalid("", "", "A `return_url` must be specified because this "+what+" is configured to automatically accept the payment methods enabled in the Dashboard, some of which may require a full page redirect to succeed. If you do not want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.")
}

// accountLike tells whether an id can be that of a connected account.
func accountLike(id string) bool {
	rest, ok := strings.CutPrefix(id, "acct_")
	if !ok || len(rest) < 14 {
		return false
	}
	for _, c := range []byte(rest) {
		if strings.IndexByte(sdk.Base62, c) < 0 {
			return false
		}
	}
	return true
}
