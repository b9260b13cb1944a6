package main

import "github.com/mirrahq/mirra/sdk"

// customerBalanceTemplate [D docs.stripe.com/api/customer_balance_transactions/object,
// 2026-11; order S openapi].
var customerBalanceTemplate = sdk.MustTemplate(`{"id":"","object":"customer_balance_transaction","amount":0,"checkout_session":null,"created":0,"credit_note":null,"currency":"","customer":"","customer_account":null,"description":null,"ending_balance":0,"invoice":null,"livemode":false,"metadata":{},"type":"adjustment"}`)

func customerBalanceHandlers() {
	handle("PostCustomersCustomerBalanceTransactions", sdk.Modelled, adjustBalance)
	handle("PostCustomersCustomerBalanceTransactionsTransaction", sdk.Modelled, func(r *request) error {
		s := specOf["customer_balance_transaction"]
		d, ok := s.collection.Get(r.Call, r.Value("transaction"))
		if !ok || d.Get("customer").String() != r.Value("customer") {
			return notFound("customer_balance_transaction", r.Value("transaction"), "transaction") // believed
		}
		before := d.Clone(r.Arena)
		r.setText(d, "description")
		r.setMetadata(d)
		return r.change(s, before, d)
	})
}

// adjustBalance changes what a customer owes, or is owed if it is below zero,
// which the next invoice takes into account
// [D docs.stripe.com/billing/customer/balance, 2026-11].
func adjustBalance(r *request) error {
	id := r.Value("customer")
	customer, ok := customers.Get(r.Call, id)
	if !ok {
		return notFound("customer", id, "customer") // believed
	}
	currency, err := r.currency("currency")
	if err != nil {
		return err
	}
	if own := customer.Get("currency").String(); own != "" && own != currency {
		// wording believed
		return executed(invalid("", "currency", "The currency of the customer is "+own+", which is not "+currency+"."))
	}
	amount, _ := r.params.Get("amount").Int()
	d := customerBalanceTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "cbtxn_1"))
	d.SetInt("amount", amount)
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	d.SetString("customer", id)
	r.setText(d, "description")
	r.setMetadata(d)
	before := customer.Clone(r.Arena)
	end := customer.Get("balance").Int64() + amount
	d.SetInt("ending_balance", end)
	customer.SetInt("balance", end)
	customer.SetString("currency", currency)
	customers.Update(r.Call, customer)
	emit(r.Call, "customer.updated", customer, changes(r.Call, before, customer))
	if err := specOf["customer_balance_transaction"].collection.Insert(r.Call, d); err != nil {
		return err
	}
	return r.answer(d)
}
