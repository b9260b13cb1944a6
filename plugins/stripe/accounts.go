package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var accounts = stripe.Collect(&sdk.Collection{
	Type: "account", Entity: "accounts", Prefix: "acct_", Random: 16, Aliases: []string{"account", "acct"},
	Fields: []string{"id", "type", "country", "charges_enabled", "payouts_enabled", "requirements.disabled_reason"},
})

// accountTemplate [R, POST /v1/accounts at 2023-10-16 and 2019-08-14, 2023-10 to
// 2026-02].
var accountTemplate = sdk.MustTemplate(`{"id":"","object":"account","business_profile":{"annual_revenue":null,"estimated_worker_count":null,"mcc":null,"minority_owned_business_designation":null,"name":null,"product_description":null,"specified_commercial_transactions_act_url":null,"support_address":null,"support_email":null,"support_phone":null,"support_url":null,"url":null},"business_type":null,"capabilities":{},"charges_enabled":false,"company":{"address":` + noAddress + `,"directors_provided":true,"executives_provided":true,"name":null,"owners_provided":true,"tax_id_provided":false,"verification":{"document":` + noDocument + `}},"controller":{},"country":"","created":0,"default_currency":"","details_submitted":false,"email":null,"external_accounts":{"object":"list","data":[],"has_more":false,"total_count":0,"url":""},"future_requirements":` + noRequirements + `,"metadata":{},"payouts_enabled":false,"requirements":` + noRequirements + `,"settings":{"bacs_debit_payments":{"display_name":null,"service_user_number":null},"branding":{"icon":null,"logo":null,"primary_color":null,"secondary_color":null},"capital":{},"card_issuing":{"tos_acceptance":{"date":null,"ip":null}},"card_payments":{"decline_on":{"avs_failure":false,"cvc_failure":false},"statement_descriptor_prefix":null,"statement_descriptor_prefix_kana":null,"statement_descriptor_prefix_kanji":null},"dashboard":{"display_name":null,"timezone":"Etc/UTC"},"invoices":{"default_account_tax_ids":null,"hosted_payment_method_save":"offer"},"payments":{"statement_descriptor":null,"statement_descriptor_kana":null,"statement_descriptor_kanji":null},"payouts":{"debit_negative_balances":false,"schedule":{"delay_days":2,"interval":"daily"},"statement_descriptor":null},"sepa_debit_payments":{}},"tos_acceptance":{"date":null,"ip":null,"user_agent":null},"type":"custom"}`)

func accountHandlers() {
	handle("PostAccounts", sdk.Exact, createAccount)
	handle("GetAccounts", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		return r.list(accounts, q, "account", "/v1/accounts")
	})
	handle("GetAccount", sdk.Modelled, func(r *request) error {
		return r.showAccount(r.ownAccount())
	})
	handle("GetAccountsAccount", sdk.Exact, func(r *request) error {
		if id := r.Value("account"); id == platformID(r.Call) {
			r.SetAccount(platform)
			return r.showAccount(r.ownAccount())
		}
		d, err := r.pathAccount()
		if err != nil {
			return err
		}
		return r.showAccount(d)
	})
	handle("PostAccountsAccount", sdk.Modelled, updateAccount)
	handle("DeleteAccountsAccount", sdk.Modelled, deleteAccount)
	handle("PostAccountsAccountReject", sdk.Modelled, rejectAccount)
	personHandlers()
	externalAccountHandlers()
	capabilityHandlers()
	transferHandlers()
	applicationFeeHandlers()
	payoutHandlers()
	topupHandlers()
	fileHandlers()
	handle("PostAccountLinks", sdk.Modelled, createAccountLink)
	handle("PostAccountsAccountLoginLinks", sdk.Modelled, createLoginLink)
	stripe.OnTimer("verify", verifyTimer)
}

// pathAccount is the connected account that the path names. One that is not the
// platform's is 403, as with Stripe-Account [R].
//
// What is done to an account is done by its platform, also where a request names
// the account in Stripe-Account too, and the answer names it there [R].
func (r *request) pathAccount() (sdk.Doc, error) {
	id := r.Value("account")
	r.SetAccount(platform)
	d, ok := r.connectedAccount(id)
	if !ok {
		return d, noAccess(r.Credential.Masked, id)
	}
	return d, nil
}

// showAccount answers with an account, and with what the beta of risk controls
// adds to it [R 2024-12-30 to 2025-02-07, not before 2024-12-18].
func (r *request) showAccount(d sdk.Doc) error {
	d.Delete("dashboard")
	if c := d.Get("company"); d.Get("business_type").IsNull() && c.Get("name").IsNull() && c.Get("address", "line1").IsNull() && !c.Get("tax_id_provided").Bool() && markOf(r.Call, d.Get("id").String(), markOnboarding) == "" {
		d.Delete("company") // [R 2019-12 to 2020-07; D docs.stripe.com/api/accounts/create, the example of 2023-09]
	}
	if strings.Contains(usedVersion.text, "risk_in_requirements_beta") && r.Unix() >= riskControls && d.Get("requirements").Exists() {
		insertAfter(d, "requirements", "risk_controls", `{"charges":{"pause_requested":false},"payouts":{"pause_requested":false}}`)
	}
	return r.answer(d)
}

const riskControls = 1734998400 // 2024-12-24

func createAccount(r *request) error {
	country := strings.ToUpper(r.text("country"))
	if country == "" {
		country = "US" // that of the platform [D docs.stripe.com/api/accounts/create, 2026-11]
	}
	currency := currencyOf(country)
	if currency == "" {
		return invalid("country_unsupported", "country", "Country '"+country+"' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or 'GB'.") // [3, users' reports]
	}
	d := accountTemplate.New(r.Arena)
	random := r.Random(sdk.Objects, 15, sdk.Base62)
	id := "acct_1" + random
	d.SetString("id", id)
	d.SetInt("created", r.Unix())
	d.SetString("country", country)
	if v := strings.ToLower(r.text("default_currency")); v != "" {
		currency = v
	}
	d.SetString("default_currency", currency)
	d.Get("external_accounts").SetString("url", "/v1/accounts/"+id+"/external_accounts")
	r.setType(d)
	r.setText(d, "email")
	// [R 5192 and 7372, each with one platform]
	d.Get("business_profile").SetDoc("mcc", r.ownAccount().Get("dashboard", "mcc"))
	if err := r.setAccount(d); err != nil {
		return err
	}
	switch d.Get("type").String() {
	case "express":
		insertAfter(d, "future_requirements", "login_links", `{"object":"list","data":[],"has_more":false,"total_count":0,"url":"/v1/accounts/`+id+`/login_links"}`)
		d.Get("settings", "payouts").SetBool("debit_negative_balances", true)
	case "standard":
		d.Get("settings", "payouts").SetBool("debit_negative_balances", true)
	}
	if err := accounts.Insert(r.Call, d); err != nil {
		return err
	}
	setMark(r.Call, id, markOpened, "here")
	r.assessLater(d)
	r.connectEvent(id, "account.updated", d, sdk.Doc{})
	return r.showAccount(d)
}

// setType sets what an account's type, or its controller, says of who is
// responsible for what [R custom, express and standard; D
// docs.stripe.com/connect/migrate-to-controller-properties, 2026-11].
func (r *request) setType(d sdk.Doc) {
	typ := r.text("type")
	given := r.params.Get("controller")
	fees, losses, collects, dashboard := "account", "stripe", "stripe", "full"
	switch typ {
	case "custom":
		fees, losses, collects, dashboard = "application_custom", "application", "application", "none"
	case "express":
		fees, losses, dashboard = "application_express", "application", "express"
	}
	for _, p := range [...]struct {
		to   *string
		path []string
	}{{&fees, []string{"fees", "payer"}}, {&losses, []string{"losses", "payments"}}, {&collects, []string{"requirement_collection"}}, {&dashboard, []string{"stripe_dashboard", "type"}}} {
		if v := given.Get(p.path...).String(); v != "" {
			*p.to = v
		}
	}
	c := d.SetObject("controller")
	c.SetObject("fees").SetString("payer", fees)
	c.SetBool("is_controller", true)
	c.SetObject("losses").SetString("payments", losses)
	c.SetString("requirement_collection", collects)
	c.SetObject("stripe_dashboard").SetString("type", dashboard)
	c.SetString("type", "application")
	if typ == "" {
		typ = "standard"
		if given.Kind() == sdk.Object {
			typ = "none" // [D docs.stripe.com/api/accounts/object#account_object-type, 2026-11]
		}
	}
	d.SetString("type", typ)
}

// onboard begins an account's onboarding, by a link or a session: from then on only
// the platform of a custom account sees all of it
// [D docs.stripe.com/api/accounts/object, 2026-11; R 2026-03-25.dahlia express,
// 2023-10-16 standard].
func (r *request) onboard(d sdk.Doc) {
	id := d.Get("id").String()
	if markOf(r.Call, id, markOnboarding) != "" {
		return
	}
	switch d.Get("type").String() {
	case "express":
		d.Get("business_profile").Delete("product_description")
		name := d.Get("company", "name").String()
		d.SetObject("company").SetStringOrNull("name", name)
	case "standard":
		d.Get("business_profile").Delete("product_description")
		d.Delete("company")
		d.Delete("individual")
	default:
		return
	}
	date := d.Get("tos_acceptance", "date")
	tos := r.NewObject()
	tos.SetDoc("date", date)
	d.SetDoc("tos_acceptance", tos)
	r.asAccount(platform, func() {
		accounts.Update(r.Call, d)
		setMark(r.Call, id, markOnboarding, "begun")
	})
}

func updateAccount(r *request) error {
	d, err := r.pathAccount()
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	r.setText(d, "email")
	if v := strings.ToLower(r.text("default_currency")); v != "" {
		d.SetString("default_currency", v)
	}
	if err := r.setAccount(d); err != nil {
		return err
	}
	r.keepAccount(before, d)
	r.assessLater(d)
	return r.showAccount(d)
}

// keepAccount stores a changed account and tells of it.
func (r *request) keepAccount(before, d sdk.Doc) {
	if before.Equal(d) {
		return
	}
	r.asAccount(platform, func() { accounts.Update(r.Call, d) })
	r.connectEvent(d.Get("id").String(), "account.updated", d, changes(r.Call, before, d))
}

// deleteAccount [D docs.stripe.com/api/accounts/delete, 2026-11]: accounts of test
// mode can be deleted at any time.
func deleteAccount(r *request) error {
	d, err := r.pathAccount()
	if err != nil {
		return err
	}
	id := d.Get("id").String()
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "account")
	tombstone.SetBool("deleted", true)
	accounts.Delete(r.Call, id, tombstone)
	r.ClearTimer("verify", id)
	return r.JSON(tombstone)
}

// rejectAccount [D docs.stripe.com/api/account/reject, 2026-11].
func rejectAccount(r *request) error {
	d, err := r.pathAccount()
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	setMark(r.Call, d.Get("id").String(), markRejected, r.text("reason"))
	r.assess(d)
	r.keepAccount(before, d)
	return r.showAccount(d)
}

// createAccountLink [R POST /v1/account_links at 2020-08-27 and later]: links
// live five minutes.
func createAccountLink(r *request) error {
	id := r.text("account")
	a, ok := r.connectedAccount(id)
	if !ok {
		return noAccess(r.Credential.Masked, id)
	}
	if r.text("type") == "account_update" && a.Get("controller", "requirement_collection").String() != "application" {
		return invalid("", "type", "You cannot create `account_update` type Account Links for this account.") // wording believed
	}
	r.onboard(a)
	d := r.NewObject()
	d.SetString("object", "account_link")
	d.SetInt("created", r.Unix())
	d.SetInt("expires_at", r.Unix()+300)
	kind := "c"
	if a.Get("type").String() == "express" {
		kind = "e"
	}
	d.SetString("url", "https://connect.stripe.com/setup/"+kind+"/"+id+"/"+r.Random(sdk.Objects, 12, sdk.Base62))
	return r.answer(d)
}

// createLoginLink [D docs.stripe.com/api/accounts/login_link, 2026-11].
func createLoginLink(r *request) error {
	a, err := r.pathAccount()
	if err != nil {
		return err
	}
	if a.Get("controller", "stripe_dashboard", "type").String() != "express" {
		return invalid("", "", "Cannot create a login link for an account that is not an Express account.") // wording believed
	}
	d := r.NewObject()
	d.SetString("object", "login_link")
	d.SetInt("created", r.Unix())
	d.SetString("url", "https://connect.stripe.com/express/"+r.Random(sdk.Objects, 12, sdk.Base62))
	return r.answer(d)
}
