package main

import "github.com/mirrahq/mirra/sdk"

func invoiceItems() *sdk.Collection { return specOf["invoiceitem"].collection }

func invoiceItemHandlers() {
	handle("PostInvoiceitems", sdk.Exact, createInvoiceItem)
	handle("GetInvoiceitems", sdk.Modelled, listInvoiceItems)
	handle("PostInvoiceitemsInvoiceitem", sdk.Modelled, updateInvoiceItem)
	handle("DeleteInvoiceitemsInvoiceitem", sdk.Modelled, deleteInvoiceItem)
}

// newInvoiceItem makes an invoice item of a price. It is not kept yet.
func (r *request) newInvoiceItem(customer string, price sdk.Doc, amount, quantity int64) sdk.Doc {
	d := invoiceItemTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "ii_1"))
	d.SetInt("amount", amount)
	d.SetString("currency", price.Get("currency").String())
	d.SetString("customer", customer)
	now := r.Unix()
	d.SetInt("date", now)
	d.Get("period").SetInt("end", now)
	d.Get("period").SetInt("start", now)
	if !price.Get("recurring").IsNull() {
		d.SetDoc("plan", planOf(r.Call, price))
	}
	d.SetDoc("price", price)
	d.SetDoc("pricing", pricingOf(r, price))
	d.SetInt("quantity", quantity)
	d.SetString("quantity_decimal", formatInt(quantity))
	d.SetDoc("unit_amount", price.Get("unit_amount"))
	d.SetDoc("unit_amount_decimal", price.Get("unit_amount_decimal"))
	return d
}

// oneTimePrice is the price of an invoice item: one that is named, or described,
// or made for an amount [R 2024-06-20: amounts get a price and a product too].
func (r *request) oneTimePrice(given sdk.Doc, customer sdk.Doc, path string) (sdk.Doc, error) {
	at := func(name string) string {
		if path == "" {
			return name
		}
		return path + "[" + name + "]"
	}
	id, param := given.Get("price").String(), at("price")
	if v := given.Get("pricing", "price").String(); v != "" {
		id, param = v, at("pricing")+"[price]"
	}
	if id != "" {
		p, ok := r.price(id)
		if !ok {
			return p, missing("price", id, param)
		}
		if !p.Get("recurring").IsNull() {
			// [3, users' reports]
			return p, invalid("", param, "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.")
		}
		return p, nil
	}
	params := r.NewObject()
	product := ""
	if data := given.Get("price_data"); data.Kind() == sdk.Object {
		params = data
		product = data.Get("product").String()
		if _, ok := specOf["product"].collection.Get(r.Call, product); !ok {
			return sdk.Doc{}, missing("product", product, at("price_data")+"[product]")
		}
	} else {
		amount := given.Get("amount")
		if v := given.Get("unit_amount"); v.Exists() {
			amount = v
		}
		if v := given.Get("unit_amount_decimal"); v.Exists() {
			params.SetString("unit_amount_decimal", v.String())
		} else if amount.Exists() {
			params.SetString("unit_amount", amount.String())
		} else {
			// [3, users' reports]
			return sdk.Doc{}, invalid("parameter_missing", "", "You must specify either `amount` or `price` when creating an invoice item.")
		}
		params.SetString("currency", textOr(given.Get("currency").String(), textOr(customer.Get("currency").String(), r.ownAccount().Get("default_currency").String())))
		hidden := specOf["product"].new(r, r.NewObject())
		hidden.SetBool("active", false)
		hidden.SetString("name", textOr(given.Get("description").String(), "Invoice item"))
		product = hidden.Get("id").String()
		if err := specOf["product"].collection.Insert(r.Call, hidden); err != nil {
			return sdk.Doc{}, err
		}
	}
	p, err := r.newPrice(params, product)
	if err != nil {
		return p, err
	}
	p.SetBool("active", false)
	return p, specOf["price"].collection.Insert(r.Call, p)
}

func createInvoiceItem(r *request) error {
	id := r.text("customer")
	if id == "" {
		return invalid("parameter_missing", "customer", "Missing required param: customer.") // [R] wording
	}
	customer, ok := customers.Get(r.Call, id)
	if !ok {
		return missing("customer", id, "customer")
	}
	if r.params.Get("tax_rates").Len() > 0 {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "tax_rates", message: "Mirra does not calculate taxes yet."}
	}
	var inv sdk.Doc
	if v := r.text("invoice"); v != "" {
		if inv, ok = invoices().Get(r.Call, v); !ok {
			return missing("invoice", v, "invoice")
		}
		if inv.Get("status").String() != "draft" {
			return notDraft(inv)
		}
	}
	price, err := r.oneTimePrice(r.params, customer, "")
	if err != nil {
		return err
	}
	quantity := int64(1)
	if n, ok := r.params.Get("quantity").Int(); ok {
		quantity = n
	}
	d := r.newInvoiceItem(id, price, r.amountOf(price, quantity), quantity)
	if text := r.text("description"); text != "" {
		d.SetString("description", text)
	} else if r.given("price") || r.given("pricing") || r.given("price_data") {
		name, _ := r.productName(price)
		d.SetStringOrNull("description", name) // [R 2025-11-17]
	}
	r.setInvoiceItem(d)
	if v := r.text("subscription"); v != "" {
		if _, ok := subscriptions().Get(r.Call, v); !ok {
			return missing("subscription", v, "subscription")
		}
		d.SetString("subscription", v)
	}
	discounts, err := r.discountsGiven(r.params, "", id)
	if err != nil {
		return err
	}
	for _, x := range discounts {
		x.SetString("invoice_item", d.Get("id").String())
		if err := specOf["discount"].collection.Insert(r.Call, x); err != nil {
			return err
		}
		d.Get("discounts").AddString(x.Get("id").String())
	}
	if inv.Exists() {
		r.lineOfItem(inv, d)
		r.total(inv)
		invoices().Update(r.Call, inv)
	}
	customerCurrency(r, customer, d.Get("currency").String())
	return r.keep(specOf["invoiceitem"], d)
}

func (r *request) setInvoiceItem(d sdk.Doc) {
	if r.given("discountable") {
		d.SetBool("discountable", r.is("discountable"))
	}
	if v := r.params.Get("period"); v.Kind() == sdk.Object {
		d.Get("period").SetNumber("end", v.Get("end").String())
		d.Get("period").SetNumber("start", v.Get("start").String())
	}
	r.setMetadata(d)
}

// pendingItems are the invoice items of a customer that no invoice has yet, oldest
// last. Those of other subscriptions than the one that is billed stay.
func (r *request) pendingItems(customer, currency string, sub sdk.Doc) ([]sdk.Doc, error) {
	page, err := invoiceItems().Find(r.Call, sdk.ListQuery{Limit: 250, Index: "customer", Key: customer}) // [D docs.stripe.com/invoicing/invoice-limits, 2026-11] 250 lines
	if err != nil {
		return nil, err
	}
	docs, _ := page.Docs(r.Call)
	var out []sdk.Doc
	for _, d := range docs {
		of := d.Get("subscription").String()
		if d.Get("invoice").IsNull() && d.Get("currency").String() == currency && (of == "" || of == sub.Get("id").String()) {
			out = append(out, d)
		}
	}
	return out, nil
}

// addOneTime bills what a new subscription adds to its first invoice, and what is
// pending of its customer.
func (r *request) addOneTime(inv, d sdk.Doc) ([]sdk.Doc, error) {
	customer, _ := customers.Get(r.Call, d.Get("customer").String())
	var made []sdk.Doc
	i := 0
	for g := range r.params.Get("add_invoice_items").All {
		price, err := r.oneTimePrice(g, customer, "add_invoice_items["+formatInt(int64(i))+"]")
		if err != nil {
			return nil, err
		}
		i++
		quantity := int64(1)
		if n, ok := g.Get("quantity").Int(); ok {
			quantity = n
		}
		item := r.newInvoiceItem(d.Get("customer").String(), price, r.amountOf(price, quantity), quantity)
		name, _ := r.productName(price)
		item.SetStringOrNull("description", name)
		r.lineOfItem(inv, item)
		made = append(made, item)
	}
	pending, err := r.pendingItems(d.Get("customer").String(), d.Get("currency").String(), sdk.Doc{})
	if err != nil {
		return nil, err
	}
	for _, item := range pending {
		r.lineOfItem(inv, item)
		invoiceItems().Update(r.Call, item)
	}
	return made, nil
}

// releaseItems makes the items of a deleted draft pending again.
func (r *request) releaseItems(inv sdk.Doc) {
	for line := range inv.Get("lines", "data").All {
		if d, ok := invoiceItems().Get(r.Call, line.Get("invoice_item").String()); ok {
			d.SetNull("invoice")
			invoiceItems().Update(r.Call, d)
		}
	}
}

func (r *request) invoiceItem() (sdk.Doc, error) {
	id := r.Value("invoiceitem")
	d, ok := invoiceItems().Get(r.Call, id)
	if !ok {
		return d, notFound("invoiceitem", id, "invoiceitem") // believed
	}
	return d, nil
}

func updateInvoiceItem(r *request) error {
	d, err := r.invoiceItem()
	if err != nil {
		return err
	}
	inv, attached := invoices().Get(r.Call, d.Get("invoice").String())
	if attached && inv.Get("status").String() != "draft" {
		return notDraft(inv)
	}
	before := d.Clone(r.Arena)
	r.setText(d, "description")
	r.setInvoiceItem(d)
	price, _ := r.price(d.Get("pricing", "price_details", "price").String())
	if r.given("price") || r.given("pricing") || r.given("price_data") || r.given("unit_amount") || r.given("unit_amount_decimal") || r.given("amount") {
		customer, _ := customers.Get(r.Call, d.Get("customer").String())
		if price, err = r.oneTimePrice(r.params, customer, ""); err != nil {
			return err
		}
		d.SetDoc("price", price)
		d.SetDoc("pricing", pricingOf(r, price))
		d.SetDoc("unit_amount", price.Get("unit_amount"))
		d.SetDoc("unit_amount_decimal", price.Get("unit_amount_decimal"))
	}
	if n, ok := r.params.Get("quantity").Int(); ok {
		d.SetInt("quantity", n)
		d.SetString("quantity_decimal", formatInt(n))
	}
	if !d.Get("proration").Bool() {
		d.SetInt("amount", r.amountOf(price, d.Get("quantity").Int64()))
	}
	if attached {
		r.replaceLine(inv, d)
	}
	return r.change(specOf["invoiceitem"], before, d)
}

// replaceLine brings the line of an item on a draft up to date; without an item
// of that id any more it takes it off.
func (r *request) replaceLine(inv, item sdk.Doc) {
	old := inv.Get("lines", "data").Clone(r.Arena)
	inv.Get("lines").SetArray("data")
	for line := range old.All {
		if line.Get("invoice_item").String() != item.Get("id").String() {
			addLine(inv, line)
		} else if !item.Get("deleted").Bool() {
			r.lineOfItem(inv, item)
		}
	}
	inv.Get("lines").SetInt("total_count", int64(inv.Get("lines", "data").Len()))
	r.total(inv)
	invoices().Update(r.Call, inv)
}

func deleteInvoiceItem(r *request) error {
	d, err := r.invoiceItem()
	if err != nil {
		return err
	}
	id := d.Get("id").String()
	inv, attached := invoices().Get(r.Call, d.Get("invoice").String())
	if attached && inv.Get("status").String() != "draft" {
		return notDraft(inv)
	}
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "invoiceitem")
	tombstone.SetBool("deleted", true)
	if attached {
		r.replaceLine(inv, tombstone)
	}
	invoiceItems().Delete(r.Call, id, tombstone)
	emit(r.Call, "invoiceitem.deleted", d, sdk.Doc{})
	return r.JSON(tombstone)
}

func listInvoiceItems(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	if id := r.text("customer"); id != "" {
		q.Index, q.Key = "customer", id
	}
	if id := r.text("invoice"); id != "" {
		if q.Index == "" {
			q.Index, q.Key = "invoice", id
		} else {
			q.Filter("$.invoice", id)
		}
	}
	if !r.given("pending") {
		return r.list(invoiceItems(), q, "invoiceitem", "/v1/invoiceitems")
	}
	pending := r.is("pending")
	return r.listSelected(invoiceItems(), q, "invoiceitem", "/v1/invoiceitems", func(d sdk.Doc) bool {
		return d.Get("invoice").IsNull() == pending
	})
}
