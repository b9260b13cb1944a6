package main

import "github.com/mirrahq/mirra/sdk"

// Seeded documents get the vendor's defaults for what they leave out, and their
// references have to lead somewhere.
func seeds() {
	complete(customers, customerTemplate)
	complete(paymentMethods, paymentMethodTemplate)
	complete(paymentIntents, paymentIntentTemplate)
	complete(setupIntents, setupIntentTemplate)
	complete(charges, chargeTemplate)
	completeNamed(charges, "outcome")
	complete(refunds, refundTemplate)
	complete(balanceTransactions, balanceTransactionTemplate)
	complete(endpoints, endpointTemplate)
	complete(cardSources, cardTemplate)
	ownAccounts.Complete = completeOwnAccount
	complete(accounts, accountTemplate)
	completeNamed(accounts, "type")
	complete(persons, personTemplate)
	completeNamed(persons, "account")
	complete(bankAccounts, externalTemplate)
	complete(payouts, payoutTemplate)
	complete(topups, topupTemplate)
	complete(transfers, transferTemplate)
	complete(reversals, reversalTemplate)
	complete(applicationFees, feeTemplate)
	complete(feeRefunds, feeRefundTemplate)
	stripe.Fixture("failed-payments", "a customer with a good card, one payment, and payments declined for six reasons", failedPayments)
}

// complete makes a collection fill seeded documents up from a template.
func complete(k *sdk.Collection, t *sdk.Template) {
	k.Complete = func(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
		d := t.New(c.Arena)
		d.SetString("id", k.Prefix+c.Random(sdk.Objects, k.Random, sdk.Base62))
		if d.Get("created").Exists() {
			d.SetInt("created", c.Unix())
		}
		merge(d, given)
		if id := d.Get("id").String(); !hasPrefix(id, k) {
			c.AddFault(path+".id", "want "+k.Prefix+"…")
		}
		for _, ref := range references {
			if id := given.Get(ref.member).String(); id != "" && !known(c, ref, id) {
				c.AddFault(path+"."+ref.member, "no "+ref.member+" "+id)
			}
		}
		if k == paymentMethods {
			completeMethod(c, d, given)
		}
		if (k == paymentIntents || k == setupIntents) && !given.Get("client_secret").Exists() {
			d.SetString("client_secret", d.Get("id").String()+"_secret_"+c.Random(sdk.Objects, 25, sdk.Base62))
		}
		return d
	}
}

// otherPrefixes are those that ids of a kind may have too: payments that are no
// card charges, and what customers paid with before payment methods [R].
var otherPrefixes = map[string][]string{
	"coupon": {""}, "plan": {""}, "price": {""}, "product": {""}, // clients may choose these
	"charge": {"py_"}, "refund": {"pyr_"}, "payment_method": {"card_", "src_", "ba_"}, "card": {"src_"},
}

func hasPrefix(id string, k *sdk.Collection) bool {
	for _, p := range append([]string{k.Prefix}, otherPrefixes[k.Type]...) {
		if len(id) > len(p) && id[:len(p)] == p {
			return true
		}
	}
	return false
}

// completeNamed keeps seeded documents as they are if they have a member that all
// whole ones have: how many others these have depends on the object.
func completeNamed(k *sdk.Collection, member string) {
	fill := k.Complete
	k.Complete = func(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
		if given.Get(member).Exists() && given.Get("id").Exists() {
			return given
		}
		return fill(c, path, given)
	}
}

// merge puts the members of from into d, objects member by member. What d does
// not have stands behind what it stands behind in from.
func merge(d, from sdk.Doc) {
	before := ""
	for m := range from.All {
		if before != "" && !d.Get(m.Key()).Exists() {
			d.InsertJSON(before, m.Key(), "null")
		}
		before = m.Key()
		if to := d.Get(m.Key()); to.Kind() == sdk.Object && m.Kind() == sdk.Object {
			merge(to, m)
			continue
		}
		d.SetDoc(m.Key(), m)
	}
}

// completeMethod makes a seeded card a Visa that succeeds unless it says which.
func completeMethod(c *sdk.Call, d, given sdk.Doc) {
	if d.Get("type").String() != "card" {
		d.Delete("card")
		return
	}
	r := internalRequest(c)
	card := &testCards[0]
	if last4 := given.Get("card", "last4").String(); last4 != "" {
		for i := range testCards {
			country := given.Get("card", "country").String()
			if testCards[i].last4() == last4 && (country == "" || country == testCards[i].country) {
				card = &testCards[i]
				break
			}
		}
	}
	full := r.newMethod(r.namedCard(card)).Get("card")
	full.Get("checks").SetString("cvc_check", "pass")
	merge(full, given.Get("card"))
	d.SetDoc("card", full)
}

type reference struct {
	member, entity string
	k              *sdk.Collection
}

var references = []reference{
	{"customer", "customers", customers}, {"payment_intent", "payment_intents", paymentIntents}, {"charge", "charges", charges},
	{"payment_method", "payment_methods", paymentMethods}, {"latest_charge", "charges", charges}, {"balance_transaction", "balance_transactions", balanceTransactions},
}

// known tells whether an id is there already or comes with the same seed.
func known(c *sdk.Call, ref reference, id string) bool {
	if _, _, ok := c.Lookup(id); ok {
		return true
	}
	state, err := c.Params()
	if err != nil {
		return false
	}
	for d := range state.Get(ref.entity).All {
		if d.Get("id").String() == id {
			return true
		}
	}
	for d := range state.Get("cards").All { // a card can stand for a payment method
		if d.Get("id").String() == id {
			return true
		}
	}
	return false
}

// failedPayments is the fixture of that name.
func failedPayments(c *sdk.Call) error {
	r := internalRequest(c)
	r.params.SetString("email", "jenny.rosen@example.com")
	r.params.SetString("name", "Jenny Rosen")
	r.params.SetString("payment_method", "pm_card_visa")
	if err := createCustomer(r); err != nil {
		return err
	}
	page, err := customers.Find(c, sdk.ListQuery{Limit: 1})
	if err != nil {
		return err
	}
	docs, _ := page.Docs(c)
	customer := docs[0].Get("id").String()
	for _, card := range [...]string{
		"pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedLostCard",
		"pm_card_chargeDeclinedExpiredCard", "pm_card_chargeDeclinedIncorrectCvc", "pm_card_chargeDeclinedProcessingError",
	} {
		r = internalRequest(c)
		r.defaults("customer=" + customer)
		if _, err := r.pay(card); declinedIsFine(err) != nil {
			return err
		}
	}
	return nil
}
