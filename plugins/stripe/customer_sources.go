package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// cardSources are the cards of customers from before payment methods.
var cardSources = stripe.Collect(&sdk.Collection{
	Type: "card", Entity: "cards", Prefix: "card_", Random: 24, Index: []string{"customer"}, Aliases: []string{"card"},
	Fields: []string{"id", "customer", "brand", "last4"},
})

func customerSourceHandlers() {
	for _, kind := range [...]string{"Sources", "Cards"} {
		path := strings.ToLower(kind)
		handle("PostCustomersCustomer"+kind, sdk.Exact, addSource)
		handle("GetCustomersCustomer"+kind, sdk.Exact, func(r *request) error {
			if _, err := r.liveCustomer(); err != nil {
				return err
			}
			q, err := r.page()
			if err != nil {
				return err
			}
			q.Index, q.Key = "customer", r.Value("customer")
			k, err := r.kindOfSources(q.Key)
			if err != nil {
				return err
			}
			return r.list(k, q, "source", "/v1/customers/"+q.Key+"/"+path)
		})
		handle("GetCustomersCustomer"+kind+"Id", sdk.Exact, func(r *request) error {
			d, _, err := r.source()
			if err != nil {
				return err
			}
			return r.answer(d)
		})
		handle("PostCustomersCustomer"+kind+"Id", sdk.Modelled, updateSource)
		handle("DeleteCustomersCustomer"+kind+"Id", sdk.Exact, deleteSource)
	}
}

// source is the card that the path names, and its customer.
func (r *request) source() (d, customer sdk.Doc, err error) {
	if customer, err = r.liveCustomer(); err != nil {
		return d, customer, err
	}
	id := r.Value("id")
	d, ok := cardSources.Get(r.Call, id)
	if !ok && strings.HasPrefix(id, "src_") {
		d, ok = sources().Get(r.Call, id)
	}
	if !ok || d.Get("customer").String() != customer.Get("id").String() {
		return d, customer, &failure{status: 404, code: "resource_missing", param: "id", message: "No such source: '" + id + "'"} // [R, 2016]
	}
	return d, customer, nil
}

func addSource(r *request) error {
	c, err := r.liveCustomer()
	if err != nil {
		return err
	}
	name := "source"
	if r.given("card") {
		name = "card"
	}
	d, err := r.attachSource(c, r.params.Get(name), name)
	if err != nil {
		return err
	}
	if d.Get("object").String() == "card" {
		r.setMetadata(d)
		cardSources.Update(r.Call, d)
	}
	if c.Get("default_source").IsNull() {
		before := c.Clone(r.Arena)
		c.SetString("default_source", d.Get("id").String())
		customers.Update(r.Call, c)
		emit(r.Call, "customer.updated", c, changes(r.Call, before, c))
	}
	return r.answer(d)
}

// attachSource gives a customer the card of a token. The issuer is asked: a refusal is 402 [R 4000…0002].
func (r *request) attachSource(customer, token sdk.Doc, param string) (sdk.Doc, error) {
	if token.Kind() == sdk.Object {
		data, err := r.readCard(token)
		if err != nil {
			return sdk.Doc{}, err
		}
		t := r.newToken(data)
		if err := tokens.Insert(r.Call, t); err != nil {
			return sdk.Doc{}, err
		}
		token = t.Get("id")
	}
	if token.String() == "" {
		return sdk.Doc{}, invalid("parameter_missing", param, "Missing required param: "+param+".")
	}
	if strings.HasPrefix(token.String(), "src_") {
		return r.attachSourceObject(customer, token.String(), param)
	}
	t, err := r.useToken(token.String(), param)
	if err != nil {
		return sdk.Doc{}, err
	}
	if t.Get("type").String() != "card" {
		return sdk.Doc{}, &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: param, message: "Mirra mirrors cards as customer sources only."}
	}
	d := r.sourceOf(t)
	if no := r.refuses(r.methodOfSource(d), cardOf(d), false); no != nil {
		f := declineFailure(no)
		if f.param == "" {
			f.emptyParam = true
		}
		return d, f
	}
	passSourceChecks(d)
	id := customer.Get("id").String()
	d.InsertJSON("country", "customer", `"`+id+`"`)
	if err := cardSources.Insert(r.Call, d); err != nil {
		return d, err
	}
	emit(r.Call, "customer.source.created", d, sdk.Doc{})
	return d, nil
}

// sourceOf is the card of a token as a source: without what only tokens have.
func (r *request) sourceOf(token sdk.Doc) sdk.Doc {
	d := token.Get("card").Clone(r.Arena)
	d.Delete("currency")
	d.Delete("networks")
	return d
}

func passSourceChecks(d sdk.Doc) {
	for _, m := range [...]string{"address_line1_check", "address_zip_check", "cvc_check"} {
		if d.Get(m).String() == "unchecked" {
			d.SetString(m, "pass")
		}
	}
}

// methodOfSource shows a card source as the payment method that charges use.
func (r *request) methodOfSource(card sdk.Doc) sdk.Doc {
	t := cardOf(card)
	d := r.newMethod(cardData{card: t, month: card.Get("exp_month").Int64(), year: card.Get("exp_year").Int64(), cvc: !card.Get("cvc_check").IsNull()})
	d.SetString("id", card.Get("id").String())
	d.Get("card").SetString("fingerprint", card.Get("fingerprint").String())
	if c := card.Get("customer").String(); c != "" {
		d.SetString("customer", c)
	}
	billing := d.Get("billing_details")
	billing.SetStringOrNull("name", card.Get("name").String())
	address := billing.Get("address")
	for _, m := range addressMembers {
		from := "address_" + m
		if m == "postal_code" {
			from = "address_zip"
		}
		address.SetStringOrNull(m, card.Get(from).String())
	}
	return d
}

// kindOfSources tells whether a customer has cards or sources; one that has both
// cannot be listed yet.
func (r *request) kindOfSources(customer string) (*sdk.Collection, error) {
	of := sdk.ListQuery{Index: "customer", Key: customer}
	switch {
	case len(r.belonging(sources(), of)) == 0:
		return cardSources, nil
	case len(r.belonging(cardSources, of)) == 0:
		return sources(), nil
	}
	return nil, &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra does not list cards and sources of one customer together yet."}
}

func updateSource(r *request) error {
	d, _, err := r.source()
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	if d.Get("object").String() == "source" {
		r.setOwner(d)
		r.setMetadata(d)
		sources().Update(r.Call, d)
		if previous := changes(r.Call, before, d); previous.Len() > 0 {
			emit(r.Call, "customer.source.updated", d, previous)
		}
		return r.answer(d)
	}
	for _, m := range [...]string{"address_city", "address_country", "address_line1", "address_line2", "address_state", "address_zip", "name"} {
		r.setText(d, m)
	}
	for _, m := range [...]string{"exp_month", "exp_year"} {
		if v, ok := r.params.Get(m).Int(); ok {
			d.SetInt(m, v)
		}
	}
	r.setMetadata(d)
	cardSources.Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "customer.source.updated", d, previous)
	}
	return r.answer(d)
}

func deleteSource(r *request) error {
	d, customer, err := r.source()
	if err != nil {
		return err
	}
	id := d.Get("id").String()
	if d.Get("object").String() == "source" {
		if customer.Get("default_source").String() == id {
			before := customer.Clone(r.Arena)
			customer.SetNull("default_source")
			customers.Update(r.Call, customer)
			emit(r.Call, "customer.updated", customer, changes(r.Call, before, customer))
		}
		return r.detachSource(d)
	}
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "card")
	tombstone.SetBool("deleted", true)
	cardSources.Delete(r.Call, id, tombstone)
	emit(r.Call, "customer.source.deleted", d, sdk.Doc{})
	if customer.Get("default_source").String() == id {
		// The newest card that is left becomes the default
		// [D docs.stripe.com/api/cards/delete, 2026-11].
		before := customer.Clone(r.Arena)
		customer.SetNull("default_source")
		if page, err := cardSources.Find(r.Call, sdk.ListQuery{Limit: 1, Index: "customer", Key: customer.Get("id").String()}); err == nil {
			if docs, _ := page.Docs(r.Call); len(docs) > 0 {
				customer.SetString("default_source", docs[0].Get("id").String())
			}
		}
		customers.Update(r.Call, customer)
		emit(r.Call, "customer.updated", customer, changes(r.Call, before, customer))
	}
	return r.JSON(tombstone)
}

// includeSources adds a customer's cards when they are expanded [R 2023-10-16].
func includeSources(r *request, d sdk.Doc) {
	id := d.Get("id").String()
	url := "/v1/customers/" + id + "/sources"
	of := sdk.ListQuery{Index: "customer", Key: id}
	all := append(r.belonging(cardSources, of), r.belonging(sources(), of)...)
	insertAfter(d, "shipping", "sources", r.inner(all, url).JSON())
}
