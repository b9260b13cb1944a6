package main

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// bankAccounts are those that accounts are paid out to.
var bankAccounts = stripe.Collect(&sdk.Collection{
	Type: "bank_account", Entity: "bank_accounts", Prefix: "ba_", Random: 24, Index: []string{"account"}, Aliases: []string{"bank_account"},
	Fields: []string{"id", "account", "country", "currency", "last4", "status"},
})

// externalTemplate [R, external_accounts of POST /v1/accounts at 2023-10-16].
var externalTemplate = sdk.MustTemplate(`{"id":"","object":"bank_account","account":"","account_holder_name":null,"account_holder_type":null,"account_type":null,"available_payout_methods":["standard"],"bank_name":"STRIPE TEST BANK","country":"","currency":"","default_for_currency":true,"financial_account":null,"fingerprint":"","future_requirements":{"currently_due":[],"errors":[],"past_due":[],"pending_verification":[]},"last4":"","metadata":{},"requirements":{"currently_due":[],"errors":[],"past_due":[],"pending_verification":[]},"routing_number":null,"status":"new"}`)

func externalAccountHandlers() {
	for _, kind := range [...]string{"ExternalAccounts", "BankAccounts"} {
		handle("PostAccountsAccount"+kind, sdk.Exact, createExternalAccount)
		handle("GetAccountsAccount"+kind+"Id", sdk.Exact, func(r *request) error {
			_, d, err := r.pathExternal()
			if err != nil {
				return err
			}
			return r.answer(d)
		})
		handle("PostAccountsAccount"+kind+"Id", sdk.Modelled, updateExternalAccount)
		handle("DeleteAccountsAccount"+kind+"Id", sdk.Modelled, deleteExternalAccount)
	}
	handle("GetAccountsAccountExternalAccounts", sdk.Modelled, func(r *request) error {
		a, err := r.pathAccount()
		if err != nil {
			return err
		}
		if r.text("object") == "card" {
			return r.answerList(nil, false, "/v1/accounts/"+a.Get("id").String()+"/external_accounts")
		}
		q, err := r.page()
		if err != nil {
			return err
		}
		q.Index, q.Key = "account", a.Get("id").String()
		return r.list(bankAccounts, q, "external account", "/v1/accounts/"+q.Key+"/external_accounts")
	})
}

// bank is what is known of a bank by its routing number.
type bank struct{ routing, name string }

// banks are those that recordings name; all others are the test bank [R
// 2023-10 to 2024-11; the numbers are those of docs.stripe.com/connect/testing].
var banks = []bank{
	{"SGSEKRSLXXX", "SG SECURITIES KOREA CO., LTD."}, {"122105155", "US BANK NA"}, {"23-14-70", "WISE PAYMENTS LTD"}, {"060", "Banco Pichincha"},
	{"BARCKENXMDR", "ABSA BANK KENYA PLC"}, {"FIRNZAJJXXX", "FIRSTRAND BANK LIMITED"}, {"01101100", "STATE BANK OF VIETNAM"}, {"AAAALKLXXXX-7010999", "BANK OF CEYLON"},
}

func bankName(routing string) string {
	for _, b := range banks {
		if b.routing == routing {
			return b.name
		}
	}
	return "STRIPE TEST BANK"
}

// routingNumber is a routing number as the vendor writes it; where an account
// number names the bank, the test bank's [R].
func routingNumber(country, given string) string {
	switch {
	case given == "":
		switch country {
		case "GI":
			return "11-00-00000"
		case "NZ":
			return "110000"
		case "PE":
			return "999"
		}
		return "110000000"
	case country == "AU" && len(given) == 6:
		return given[:2] + " " + given[2:]
	case country == "AZ":
		return strings.ReplaceAll(given, "-", "")
	case country == "MY" && len(given) == 8:
		return "TESTMYKLXXX"
	case len(given) == 8 && given[4:6] == country:
		return given + "XXX" // a BIC without a branch
	}
	return given
}

// bankDetails checks what was sent of a bank account, and writes it.
func (r *request) bankDetails(d, given sdk.Doc, param string) error {
	for _, name := range [...]string{"country", "account_number"} {
		if given.Get(name).String() == "" {
			return invalid("parameter_missing", param+"["+name+"]", "Missing required param: "+param+"["+name+"].")
		}
	}
	number, country := given.Get("account_number").String(), strings.ToUpper(given.Get("country").String())
	if country == "US" && !strings.HasPrefix(number, "000") {
		return executed(invalid("account_number_invalid", param+"[account_number]", "You must use a test bank account number in test mode. Try 000123456789 or see more options at https://stripe.com/docs/connect/testing#account-numbers.")) // [R]
	}
	currency := strings.ToLower(given.Get("currency").String())
	if currency == "" {
		currency = currencyOf(country)
	}
	if currency == "" {
		return invalid("", param+"[country]", "Country '"+country+"' is unknown.") // believed
	}
	for _, m := range [...]string{"account_holder_name", "account_holder_type", "account_type"} {
		d.SetStringOrNull(m, given.Get(m).String())
	}
	routing := routingNumber(country, given.Get("routing_number").String())
	d.SetString("bank_name", bankName(routing))
	d.SetString("country", country)
	d.SetString("currency", currency)
	d.SetString("fingerprint", fingerprint(r.Call, country+routing+number))
	d.SetString("last4", number[max(0, len(number)-4):])
	d.SetString("routing_number", routing)
	return nil
}

// setExternal gives an account the bank account of the parameters. A new one is
// the default of its currency, in place of another one.
func (r *request) setExternal(d sdk.Doc) error {
	given := r.params.Get(r.externalName())
	if !given.Exists() || given.Kind() != sdk.Object && given.String() == "" {
		return nil
	}
	b, err := r.externalAccount(d, given, r.externalName())
	if err != nil {
		return err
	}
	return r.addExternal(d, b, true)
}

// externalAccount makes a bank account of an account, of details or of a token.
func (r *request) externalAccount(d, given sdk.Doc, param string) (sdk.Doc, error) {
	b := externalTemplate.New(r.Arena)
	id := d.Get("id").String()
	b.SetString("id", r.idOf(id, "ba_1"))
	b.SetString("account", id)
	if given.Kind() == sdk.Object {
		if given.Get("object").String() == "card" {
			return b, &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: param, message: "Mirra mirrors bank accounts as external accounts only."}
		}
		if err := r.bankDetails(b, given, param); err != nil {
			return b, err
		}
	} else {
		t, err := r.useToken(given.String(), param)
		if err != nil {
			return b, err
		}
		from := t.Get("bank_account")
		if !from.Exists() {
			return b, &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: param, message: "Mirra mirrors bank accounts as external accounts only."}
		}
		for _, m := range [...]string{"account_holder_name", "account_holder_type", "account_type", "bank_name", "country", "currency", "fingerprint", "last4", "routing_number"} {
			b.SetDoc(m, from.Get(m))
		}
	}
	if b.Get("routing_number").String() == "110000000" && b.Get("country").String() == "US" && d.Get("country").String() == "US" {
		b.SetJSON("available_payout_methods", `["standard","instant"]`) // [R] the test bank takes instant payouts
	}
	return b, nil
}

// addExternal keeps a bank account and shows it in its account: as the default of
// its currency in place of the one before, or only where there is none
// [D docs.stripe.com/api/external_account_bank_accounts/create, 2026-11].
func (r *request) addExternal(d, b sdk.Doc, asDefault bool) error {
	id, currency := d.Get("id").String(), b.Get("currency").String()
	others := slices.DeleteFunc(r.externalsOf(id), func(o sdk.Doc) bool {
		return o.Get("currency").String() != currency || !o.Get("default_for_currency").Bool()
	})
	b.SetBool("default_for_currency", asDefault || len(others) == 0)
	var err error
	r.asAccount(platform, func() {
		if err = bankAccounts.Insert(r.Call, b); err == nil && asDefault {
			for _, other := range others {
				other.SetBool("default_for_currency", false)
				bankAccounts.Update(r.Call, other)
			}
		}
	})
	if err != nil {
		return err
	}
	r.showExternals(d)
	r.connectEvent(id, "account.external_account.created", b, sdk.Doc{})
	return nil
}

// externalsOf lists an account's bank accounts, newest first.
func (r *request) externalsOf(account string) (docs []sdk.Doc) {
	r.asAccount(platform, func() {
		if page, err := bankAccounts.Find(r.Call, sdk.ListQuery{Limit: 100, Index: "account", Key: account}); err == nil {
			docs, _ = page.Docs(r.Call)
		}
	})
	return docs
}

func (r *request) showExternals(d sdk.Doc) {
	list := d.Get("external_accounts")
	docs := r.externalsOf(d.Get("id").String())
	data := list.SetArray("data")
	for _, b := range docs {
		data.AddDoc(b)
	}
	list.SetInt("total_count", int64(len(docs)))
}

func (r *request) pathExternal() (account, b sdk.Doc, err error) {
	if account, err = r.pathAccount(); err != nil {
		return account, b, err
	}
	id := r.Value("id")
	ok := false
	r.asAccount(platform, func() { b, ok = bankAccounts.Get(r.Call, id) })
	if !ok || b.Get("account").String() != account.Get("id").String() {
		return account, b, notFound("external account", id, "id") // the noun is believed
	}
	return account, b, nil
}

func createExternalAccount(r *request) error {
	a, err := r.pathAccount()
	if err != nil {
		return err
	}
	name := r.externalName()
	given := r.params.Get(name)
	if !given.Exists() {
		return invalid("parameter_missing", "external_account", "Missing required param: external_account.")
	}
	before := a.Clone(r.Arena)
	b, err := r.externalAccount(a, given, name)
	if err != nil {
		return err
	}
	r.setMetadata(b)
	if err := r.addExternal(a, b, r.is("default_for_currency")); err != nil {
		return err
	}
	r.assess(a)
	r.keepAccount(before, a)
	return r.answer(b)
}

func updateExternalAccount(r *request) error {
	a, b, err := r.pathExternal()
	if err != nil {
		return err
	}
	before, old := a.Clone(r.Arena), b.Clone(r.Arena)
	for _, m := range [...]string{"account_holder_name", "account_holder_type", "account_type"} {
		r.setText(b, m)
	}
	if r.is("default_for_currency") && !b.Get("default_for_currency").Bool() {
		for _, other := range r.externalsOf(a.Get("id").String()) {
			if other.Get("currency").String() == b.Get("currency").String() {
				other.SetBool("default_for_currency", false)
				bankAccounts.Update(r.Call, other)
			}
		}
		b.SetBool("default_for_currency", true)
	}
	r.setMetadata(b)
	bankAccounts.Update(r.Call, b)
	r.showExternals(a)
	r.keepAccount(before, a)
	r.connectEvent(a.Get("id").String(), "account.external_account.updated", b, changes(r.Call, old, b))
	return r.answer(b)
}

// deleteExternalAccount: the default of a currency stays
// [D docs.stripe.com/api/external_account_bank_accounts/delete, 2026-11]; wording
// by users' reports.
func deleteExternalAccount(r *request) error {
	a, b, err := r.pathExternal()
	if err != nil {
		return err
	}
	id := b.Get("id").String()
	if b.Get("default_for_currency").Bool() && b.Get("currency").String() == a.Get("default_currency").String() {
		return invalid("", "", "You cannot delete the default external account for your default currency. Please make another external account the default using the `default_for_currency` param, and then delete this one.")
	}
	before := a.Clone(r.Arena)
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "bank_account")
	tombstone.SetString("currency", b.Get("currency").String())
	tombstone.SetBool("deleted", true)
	bankAccounts.Delete(r.Call, id, tombstone)
	r.showExternals(a)
	r.assess(a)
	r.keepAccount(before, a)
	r.connectEvent(a.Get("id").String(), "account.external_account.deleted", b, sdk.Doc{})
	return r.JSON(tombstone)
}
