package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

func sessions() *sdk.Collection { return specOf["checkout.session"].collection }

func checkoutHandlers() {
	handle("PostCheckoutSessions", sdk.Modelled, createSession)
	handle("GetCheckoutSessions", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		for _, name := range [...]string{"customer", "payment_intent", "subscription", "status"} {
			if v := r.text(name); v != "" {
				q.Filter("$."+name, v)
			}
		}
		return r.list(sessions(), q, "checkout.session", "/v1/checkout/sessions")
	})
	handle("GetCheckoutSessionsSession", sdk.Modelled, func(r *request) error {
		d, err := r.session()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("GetCheckoutSessionsSessionLineItems", sdk.Modelled, func(r *request) error {
		d, err := r.session()
		if err != nil {
			return err
		}
		return r.answerElements(r.sessionLines(d), "/v1/checkout/sessions/"+d.Get("id").String()+"/line_items")
	})
	handle("PostCheckoutSessionsSession", sdk.Modelled, func(r *request) error {
		d, err := r.session()
		if err != nil {
			return err
		}
		r.setMetadata(d)
		sessions().Update(r.Call, d)
		return r.answer(d)
	})
	handle("PostCheckoutSessionsSessionExpire", sdk.Modelled, func(r *request) error {
		d, err := r.session()
		if err != nil {
			return err
		}
		if s := d.Get("status").String(); s != "open" {
			// [3, users' reports]
			return executed(invalid("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `"+s+"`."))
		}
		r.expireSession(d)
		return r.answer(d)
	})
}

func (r *request) session() (sdk.Doc, error) {
	id := r.Value("session")
	if len(id) > 66 {
		return sdk.Doc{}, &failure{status: 404, param: "session", message: "Invalid string: " + shorten(id) + "; must be at most 66 characters"} // [R]
	}
	d, ok := sessions().Get(r.Call, id)
	if !ok {
		return d, &failure{status: 404, code: "resource_missing", message: "No such checkout.session: " + id} // [R] no param, no quotes
	}
	return d, nil
}

// createSession opens a page where a customer pays, subscribes, or saves a
// payment method. The page itself is not mirrored: a session stays open until it
// expires, or the simulation checkout.session.completed ends it.
func createSession(r *request) error {
	mode := r.text("mode")
	lines := r.params.Get("line_items")
	switch {
	case mode == "":
		return invalid("", "mode", "You must provide one of `payment`, `setup` or `subscription` as `mode`.") // believed
	case mode != "setup" && lines.Len() == 0:
		return invalid("parameter_missing", "line_items", "You must provide `line_items` in `"+mode+"` mode.") // believed
	}
	if r.is("automatic_tax", "enabled") {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "automatic_tax[enabled]", message: "Mirra does not calculate taxes yet."}
	}
	customer, err := r.sessionCustomer()
	if err != nil {
		return err
	}
	d := engine.New(r.Call, shapeOf("checkout.session"), r.NewObject())
	prefix := "a1"
	if mode == "setup" {
		prefix = "c1" // [R 2026-03-25] payments and subscriptions have a1
	}
	id := "cs_test_" + prefix + r.Random(sdk.Objects, 56, sdk.Base62)
	d.SetString("id", id)
	d.SetString("mode", mode)
	d.SetString("status", "open")
	d.SetString("payment_status", "unpaid")
	picked := r.NewObject()
	for _, name := range [...]string{
		"allow_promotion_codes", "billing_address_collection", "cancel_url", "client_reference_id", "consent_collection", "currency", "custom_fields", "custom_text",
		"customer_email", "locale", "metadata", "phone_number_collection", "return_url", "shipping_address_collection", "submit_type", "success_url", "tax_id_collection",
		"adaptive_pricing", "branding_settings", "saved_payment_method_options", "redirect_on_completion", "customer_creation", "payment_method_collection",
	} {
		if v := r.params.Get(name); v.Exists() {
			picked.SetDoc(name, v)
		}
	}
	engine.Apply(r.Call, d, shapeOf("checkout.session"), picked)
	expires := r.Now().Add(24 * time.Hour)
	if n, ok := r.params.Get("expires_at").Int(); ok {
		expires = time.Unix(n, 0)
	}
	d.SetInt("expires_at", expires.Unix())
	r.sessionDefaults(d, customer, mode)
	if err := r.priceSession(d, lines); err != nil {
		return err
	}
	if mode == "setup" {
		if err := r.sessionSetup(d); err != nil {
			return err
		}
	}
	r.keepParameters(d)
	if err := sessions().Insert(r.Call, d); err != nil {
		return err
	}
	r.SetTimer("session", id, expires, timerPayload(r.Call, id, ""))
	return r.answer(d)
}

func (r *request) sessionCustomer() (sdk.Doc, error) {
	id := r.text("customer")
	if id == "" {
		return sdk.Doc{}, nil
	}
	c, ok := customers.Get(r.Call, id)
	if !ok {
		return c, missing("customer", id, "customer")
	}
	return c, nil
}

// sessionDefaults sets what nobody chose [R 2026-03-25].
func (r *request) sessionDefaults(d, customer sdk.Doc, mode string) {
	setIf := func(name, json string) {
		if d.Get(name).Exists() && d.Get(name).IsNull() {
			d.SetJSON(name, json)
		}
	}
	if customer.Exists() {
		d.SetDoc("customer", customer.Get("id"))
		details := d.SetObject("customer_details")
		for _, name := range [...]string{"address", "business_name", "email", "individual_name", "name", "phone", "tax_exempt", "tax_ids"} {
			if name == "business_name" || name == "individual_name" {
				if !r.since(clover) {
					continue
				}
			}
			details.SetNull(name)
		}
		details.SetDoc("email", customer.Get("email"))
		if mode != "setup" {
			details.SetString("tax_exempt", "none")
		}
	} else if mode == "payment" {
		setIf("customer_creation", `"if_required"`)
	}
	if d.Get("branding_settings").Len() == 0 && r.since(clover) {
		insertAfter(d, "billing_address_collection", "branding_settings", `{"background_color":"#ffffff","border_style":"rounded","button_color":"#0074d4","display_name":"","font_family":"default","icon":null,"logo":null}`)
		d.Get("branding_settings").SetDoc("display_name", r.ownAccount().Get("settings", "dashboard", "display_name"))
	}
	setIf("collected_information", `{"business_name":null,"individual_name":null,"shipping_details":null}`)
	setIf("payment_method_collection", `"always"`)
	d.SetJSON("custom_text", textOr(d.Get("custom_text").JSON(), `{}`))
	for _, name := range [...]string{"after_submit", "shipping_address", "submit", "terms_of_service_acceptance"} {
		if !d.Get("custom_text", name).Exists() {
			d.Get("custom_text").SetNull(name)
		}
	}
	insertAfter(d, "permissions", "phone_number_collection", `{"enabled":false}`)
	insertAfter(d, "adaptive_pricing", "adaptive_pricing", `{"enabled":false}`)
	if mode == "payment" {
		d.SetString("payment_method_collection", textOr(r.text("payment_method_collection"), "if_required"))
		setIf("invoice_creation", `{"enabled":false,"invoice_data":{"account_tax_ids":null,"custom_fields":null,"description":null,"footer":null,"issuer":null,"metadata":{},"rendering_options":null}}`)
	}
	if mode == "setup" {
		d.SetString("payment_status", "no_payment_required")
	} else {
		setIf("saved_payment_method_options", `{"allow_redisplay_filters":["always"],"payment_method_remove":"disabled","payment_method_save":null}`)
		setIf("discounts", `[]`)
		d.SetJSON("total_details", `{"amount_discount":0,"amount_shipping":0,"amount_tax":0}`)
	}
	if d.Get("adaptive_pricing").Exists() {
		d.SetObject("adaptive_pricing").SetBool("enabled", mode != "setup")
	}
	d.SetObject("payment_method_configuration_details").SetString("id", r.methodConfiguration())
	d.Get("payment_method_configuration_details").SetNull("parent")
	types := d.SetArray("payment_method_types")
	if given := r.params.Get("payment_method_types"); given.Len() > 0 {
		for t := range given.All {
			types.AddString(t.String())
		}
	} else {
		for _, t := range r.enabledMethods("payment_methods", d, true) {
			types.AddString(t)
		}
	}
	d.SetJSON("payment_method_options", `{"card":{"request_three_d_secure":"automatic"}}`)
	// The mode of the page was called hosted until dahlia
	// [D docs.stripe.com/changelog/dahlia, 2026-11; R 2026-03-25].
	hosted := "hosted"
	if r.since(dahlia) {
		hosted = "hosted_page"
	}
	ui := textOr(r.text("ui_mode"), hosted)
	d.SetString("ui_mode", ui)
	id := d.Get("id").String()
	if strings.HasPrefix(ui, "hosted") {
		d.SetString("url", "https://checkout.stripe.com/c/pay/"+id+"#"+r.Random(sdk.Objects, 32, sdk.Base62)+r.Random(sdk.Objects, 32, sdk.Base62))
	} else {
		d.SetString("client_secret", id+"_secret_"+r.Random(sdk.Objects, 32, sdk.Base62))
	}
}

// priceSession adds the lines up. Lines stay a mark of the session: answers have
// them only when they are expanded.
func (r *request) priceSession(d, lines sdk.Doc) error {
	if lines.Len() == 0 {
		return nil
	}
	recurring := d.Get("mode").String() == "subscription"
	customer := sdk.Doc{}
	out := r.NewObject().SetArray("lines")
	sum, i := int64(0), 0
	found := false
	for g := range lines.All {
		path := "line_items[" + formatInt(int64(i)) + "]"
		i++
		price, err := r.sessionPrice(g, customer, path)
		if err != nil {
			return err
		}
		found = found || !price.Get("recurring").IsNull()
		if !recurring && !price.Get("recurring").IsNull() {
			// [3, users' reports]
			return invalid("", path+"[price]", "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.")
		}
		quantity := max(g.Get("quantity").Int64(), 1)
		amount := r.amountOf(price, quantity)
		sum += amount
		d.SetDoc("currency", price.Get("currency"))
		name, _ := r.productName(price)
		line := out.AddObject()
		line.SetString("id", longID(r.Call, "li_1"))
		line.SetString("object", "item")
		for _, n := range [...]string{"amount_discount", "amount_subtotal", "amount_tax", "amount_total"} {
			line.SetInt(n, 0)
		}
		line.SetInt("amount_subtotal", amount)
		line.SetInt("amount_total", amount)
		line.SetDoc("currency", price.Get("currency"))
		line.SetString("description", name)
		line.SetDoc("price", price)
		line.SetInt("quantity", quantity)
	}
	if recurring && !found {
		// [3, users' reports]
		return invalid("", "line_items", "You must provide at least one recurring price in `subscription` mode when using prices.")
	}
	d.SetInt("amount_subtotal", sum)
	d.SetInt("amount_total", sum)
	setMark(r.Call, d.Get("id").String(), markLines, out.JSON())
	return nil
}

// sessionPrice is the price of a line, named or described.
func (r *request) sessionPrice(g, customer sdk.Doc, path string) (sdk.Doc, error) {
	if id := g.Get("price").String(); id != "" {
		p, ok := r.price(id)
		if !ok {
			return p, missing("price", id, path+"[price]") // [R]
		}
		return p, nil
	}
	data := g.Get("price_data")
	if data.Kind() != sdk.Object {
		return sdk.Doc{}, invalid("parameter_missing", path+"[price]", "Missing required param: "+path+"[price].") // [R] wording
	}
	product := data.Get("product").String()
	if described := data.Get("product_data"); described.Kind() == sdk.Object {
		p := specOf["product"].new(r, described)
		p.SetBool("active", false)
		if err := specOf["product"].collection.Insert(r.Call, p); err != nil {
			return p, err
		}
		product = p.Get("id").String()
	} else if _, ok := specOf["product"].collection.Get(r.Call, product); !ok {
		return sdk.Doc{}, missing("product", product, path+"[price_data][product]")
	}
	p, err := r.newPrice(data, product)
	if err != nil {
		return p, err
	}
	p.SetBool("active", false)
	return p, specOf["price"].collection.Insert(r.Call, p)
}

func (r *request) sessionLines(d sdk.Doc) sdk.Doc {
	lines, err := r.Arena.Parse(markOf(r.Call, d.Get("id").String(), markLines))
	if err != nil {
		return sdk.Doc{}
	}
	return lines
}

// includeLines shows the lines of a session.
func includeLines(r *request, d sdk.Doc) {
	insertAfter(d, "invoice_creation", "line_items", `{"object":"list","data":[],"has_more":false,"url":""}`)
	d.Get("line_items").SetDoc("data", r.sessionLines(d))
	d.Get("line_items").SetString("url", "/v1/checkout/sessions/"+d.Get("id").String()+"/line_items")
}

// sessionSetup makes the setup intent that the page would confirm [R 2026-03-25].
func (r *request) sessionSetup(d sdk.Doc) error {
	given := r.params
	defer func() { r.params = given }()
	r.params = r.NewObject()
	if c := d.Get("customer").String(); c != "" {
		r.params.SetString("customer", c)
	}
	setup, err := r.createSetup()
	if err == nil {
		d.SetDoc("setup_intent", setup.Get("id"))
	}
	return err
}

// keepParameters remembers what completing the session needs of its parameters.
func (r *request) keepParameters(d sdk.Doc) {
	kept := r.NewObject()
	for _, name := range [...]string{"payment_intent_data", "subscription_data", "setup_intent_data", "discounts"} {
		if v := r.params.Get(name); v.Exists() {
			kept.SetDoc(name, v)
		}
	}
	if kept.Len() > 0 {
		setMark(r.Call, d.Get("id").String(), markParameters, kept.JSON())
	}
}

func (r *request) expireSession(d sdk.Doc) {
	d.SetString("status", "expired")
	d.SetNull("url")
	sessions().Update(r.Call, d)
	r.ClearTimer("session", d.Get("id").String())
	emit(r.Call, "checkout.session.expired", d, sdk.Doc{})
}

func sessionTimer(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	if d, ok := sessions().Get(c, id); ok && d.Get("status").String() == "open" {
		r.expireSession(d)
	}
	return nil
}
