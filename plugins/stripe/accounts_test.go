package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// jenny is all that is asked of an individual in the US.
var jenny = []string{
	"business_type=individual", "business_profile[url]=https://jenny.example.com/", "business_profile[product_description]=Clocks",
	"individual[first_name]=Jenny", "individual[last_name]=Rosen", "individual[email]=jenny@example.com", "individual[phone]=+16505550100",
	"individual[address][line1]=address_full_match", "individual[address][city]=San Francisco", "individual[address][state]=CA", "individual[address][postal_code]=94107",
	"individual[dob][day]=1", "individual[dob][month]=1", "individual[dob][year]=1901", "individual[id_number]=000000000",
	"tos_acceptance[date]=1719835200", "tos_acceptance[ip]=203.0.113.9",
}

// testBank is the bank account of docs.stripe.com/connect/testing.
var testBank = []string{"external_account[object]=bank_account", "external_account[country]=US", "external_account[currency]=usd", "external_account[routing_number]=110000000", "external_account[account_number]=000123456789"}

// connect makes a custom account.
func connect(m *sdktest.Mirror, fields ...string) *sdktest.Response {
	country := "country=US"
	for _, f := range fields {
		if strings.HasPrefix(f, "country=") {
			country = ""
		}
	}
	all := []string{"type=custom", "capabilities[card_payments][requested]=true", "capabilities[transfers][requested]=true"}
	if country != "" {
		all = append(all, country)
	}
	return m.Form("POST", "/v1/accounts", append(all, fields...)...)
}

// seller makes an account that is verified.
func seller(t testing.TB, m *sdktest.Mirror) string {
	t.Helper()
	id := connect(m, append(append([]string{}, jenny...), testBank...)...).Want(200).Get("id")
	m.Advance(time.Minute)
	if got := m.Form("GET", "/v1/accounts/"+id).Want(200).Get("charges_enabled"); got != "true" {
		t.Fatalf("charges_enabled is %s", got)
	}
	return id
}

// TestAccountVerification [R POST and GET /v1/accounts of individuals in the US,
// 2024-09 to 2025-02].
func TestAccountVerification(t *testing.T) {
	m := start(t)
	a := connect(m, append(append([]string{}, jenny...), testBank...)...).Want(200)
	id := a.Get("id")
	want(t, a, map[string]string{
		"capabilities": `{"card_payments":"pending","transfers":"pending"}`, "charges_enabled": "false", "payouts_enabled": "false", "details_submitted": "true",
		"requirements.disabled_reason": "requirements.pending_verification", "requirements.currently_due": "[]",
		"requirements.pending_verification": `["business_profile.url","individual.address.city","individual.address.line1","individual.address.postal_code","individual.address.state","individual.id_number","individual.verification.document"]`,
		"individual.verification.status":    "pending", "individual.account": id, "company.address.city": "San Francisco", "external_accounts.total_count": "1",
		"external_accounts.data.0.available_payout_methods": `["standard","instant"]`, "external_accounts.url": "/v1/accounts/" + id + "/external_accounts",
		"settings.payments.statement_descriptor": "JENNY.EXAMPLE.COM", "settings.card_payments.statement_descriptor_prefix": "JENNY.EXAM",
		"settings.payouts.schedule.delay_days": "2", "controller.stripe_dashboard.type": "none",
	})
	if person := a.Get("individual.id"); len(person) != len("person_")+24 || !strings.Contains(person, id[len(id)-10:]) {
		t.Errorf("person %s of account %s", person, id)
	}
	person := m.Form("GET", "/v1/accounts/"+id+"/persons").Want(200)
	want(t, person, map[string]string{"data.0.id": a.Get("individual.id"), "data.0.additional_tos_acceptances.account.date": "null", "has_more": "false"})
	got := m.Form("POST", "/v1/accounts/"+id+"/persons/"+a.Get("individual.id"), "verification[document][front]=file_identity_document_success").Want(200)
	if front := got.Get("verification.document.front"); !strings.HasPrefix(front, "file_1") || got.Get("verification.status") != "pending" {
		t.Errorf("document %s, status %s", front, got.Get("verification.status"))
	}
	m.Advance(time.Minute)
	want(t, m.Form("GET", "/v1/accounts/"+id).Want(200), map[string]string{
		"capabilities": `{"card_payments":"active","transfers":"active"}`, "charges_enabled": "true", "payouts_enabled": "true",
		"requirements.disabled_reason": "null", "requirements.pending_verification": "[]", "individual.verification.status": "verified",
	})
	// The account's own events tell of it.
	events := m.Form("GET", "/v1/events", "type=account.updated", "Stripe-Account: "+id).Want(200)
	if got := events.Get("data.0.data.object.charges_enabled"); got != "true" {
		t.Errorf("the last account.updated has charges_enabled %s", got)
	}
}

func TestAccountRequirements(t *testing.T) {
	m := start(t)
	const address = `individual.address.city individual.address.line1 individual.address.postal_code`
	for _, c := range []struct {
		fields []string
		due    string
		able   string
		reason string
	}{
		{[]string{"business_type=individual", "business_profile[url]=https://a.example", "individual[email]=a@example.com", "tos_acceptance[date]=1", "tos_acceptance[ip]=::1"},
			"external_account " + address + " individual.address.state individual.dob.day individual.dob.month individual.dob.year individual.first_name individual.last_name individual.phone individual.ssn_last_4", "false", "requirements.past_due"},
		{append([]string{"country=GB"}, jenny...), "external_account", "true", "requirements.past_due"},
		{[]string{"country=GB", "business_type=individual", "business_profile[url]=https://a.example", "individual[email]=a@example.com", "tos_acceptance[date]=1", "tos_acceptance[ip]=::1"},
			"external_account " + address + " individual.dob.day individual.dob.month individual.dob.year individual.first_name individual.last_name individual.phone", "false", "requirements.past_due"},
		{append([]string{"country=SG"}, jenny...), "external_account individual.full_name_aliases individual.nationality", "false", "requirements.past_due"},
	} {
		a := connect(m, c.fields...).Want(200)
		if due := strings.NewReplacer("[", "", "]", "", `"`, "", ",", " ").Replace(a.Get("requirements.currently_due")); due != c.due {
			t.Errorf("due %s\nwant %s", due, c.due)
		}
		want(t, a, map[string]string{"charges_enabled": c.able, "requirements.disabled_reason": c.reason, "details_submitted": "false"})
	}
	// Recipients in other countries are there at once, and show more of themselves.
	recipient := m.Form("POST", "/v1/accounts", append([]string{"type=custom", "country=KE", "capabilities[transfers][requested]=true", "tos_acceptance[service_agreement]=recipient",
		"external_account[object]=bank_account", "external_account[country]=KE", "external_account[currency]=kes", "external_account[routing_number]=AAAAKENXXXX", "external_account[account_number]=000123456789"}, jenny...)...).Want(200)
	want(t, recipient, map[string]string{
		"capabilities": `{"transfers":"active"}`, "payouts_enabled": "true", "requirements.eventually_due": `["individual.verification.document"]`,
		"individual.verification.status": "unverified", "individual.maiden_name": "null", "company.vat_id_provided": "false", "settings.payouts.schedule.delay_days": "0",
	})
}

func TestAccountKinds(t *testing.T) {
	m := start(t)
	express := m.Form("POST", "/v1/accounts", "type=express", "email=jenny@example.com").Want(200)
	want(t, express, map[string]string{
		"type": "express", "controller.stripe_dashboard.type": "express", "controller.requirement_collection": "stripe", "company": "",
		"login_links.url": "/v1/accounts/" + express.Get("id") + "/login_links", "tos_acceptance": `{"date":null,"ip":null,"user_agent":null}`, "email": "jenny@example.com",
		"business_profile.product_description": "null",
		// [D docs.stripe.com/api/accounts/create, the example of 2023-09]
		"requirements.currently_due": `["business_profile.mcc","business_profile.url","business_type","external_account","representative.first_name","representative.last_name","tos_acceptance.date","tos_acceptance.ip"]`,
		"requirements.past_due":      express.Get("requirements.currently_due"), "requirements.disabled_reason": "requirements.past_due", "future_requirements.currently_due": "[]",
	})
	link := m.Form("POST", "/v1/account_links", "account="+express.Get("id"), "type=account_onboarding", "refresh_url=https://a.example", "return_url=https://a.example").Want(200)
	if !strings.HasPrefix(link.Get("url"), "https://connect.stripe.com/setup/e/"+express.Get("id")+"/") || link.Get("expires_at") != "1719835500" {
		t.Errorf("link %s", link.Body)
	}
	// From the link on the platform sees less.
	want(t, m.Form("GET", "/v1/accounts/"+express.Get("id")).Want(200), map[string]string{"company": `{"name":null}`, "tos_acceptance": `{"date":null}`, "business_profile.product_description": ""})
	m.Form("POST", "/v1/accounts/"+express.Get("id")+"/login_links").Want(200)
	by := m.Form("POST", "/v1/accounts", "controller[fees][payer]=application", "controller[losses][payments]=application", "controller[stripe_dashboard][type]=none", "controller[requirement_collection]=application").Want(200)
	want(t, by, map[string]string{"type": "none", "controller.fees.payer": "application", "controller.losses.payments": "application"})
	apiCall{t, m.Form("POST", "/v1/accounts", "type=custom", "country=XX")}.fails(apiError{400, "", "country_unsupported", "", "country", "Country 'XX' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or 'GB'."})
	// [R]
	apiCall{t, connect(m, "external_account[object]=bank_account", "external_account[country]=US", "external_account[account_number]=123123123")}.fails(apiError{400, "", "account_number_invalid", "", "external_account[account_number]", "You must use a test bank account number in test mode. Try 000123456789 or see more options at https://stripe.com/docs/connect/testing#account-numbers."})
	if got := m.Form("GET", "/v1/accounts/acct_1MirraNobodyHere").Want(403).Get("error.code"); got != "account_invalid" {
		t.Errorf("code %s", got)
	}
	list := m.Form("GET", "/v1/accounts").Want(200)
	if list.Get("data.0.id") != by.Get("id") || list.Get("data.1.id") != express.Get("id") {
		t.Errorf("list %s", list.Body)
	}
	on := "Stripe-Account: " + express.Get("id")
	m.Form("POST", "/v1/charges", "amount=1000", "currency=usd", "source=tok_bypassPending", on).Want(200)
	m.Form("DELETE", "/v1/accounts/"+express.Get("id")).Want(200) // with money in it
	m.Form("GET", "/v1/accounts/"+express.Get("id")).Want(403)
}

func TestCompany(t *testing.T) {
	m := start(t)
	a := connect(m, append(append([]string{"business_type=company", "business_profile[url]=https://a.example", "company[name]=Clocks", "company[tax_id]=000000000", "company[phone]=+16505550100",
		"company[address][line1]=address_full_match", "company[address][city]=Burbank", "company[address][state]=CA", "company[address][postal_code]=91506"}, testBank...), "tos_acceptance[date]=1", "tos_acceptance[ip]=::1")...).Want(200)
	id := a.Get("id")
	want(t, a, map[string]string{"capabilities.transfers": "inactive", "requirements.disabled_reason": "requirements.past_due", "company.owners_provided": "false", "company.tax_id_provided": "true"})
	if due := a.Get("requirements.currently_due"); !strings.Contains(due, `"owners.first_name"`) || !strings.Contains(due, `"representative.relationship.title"`) || !strings.Contains(due, `"company.owners_provided"`) {
		t.Errorf("due %s", due)
	}
	person := m.Form("POST", "/v1/accounts/"+id+"/persons", "first_name=Jenny", "last_name=Rosen", "email=j@example.com", "phone=+16505550100", "dob[day]=1", "dob[month]=1", "dob[year]=1901", "id_number=000000000",
		"address[line1]=address_full_match", "address[city]=Burbank", "address[state]=CA", "address[postal_code]=91506", "relationship[representative]=true", "relationship[owner]=true", "relationship[title]=CEO", "relationship[percent_ownership]=100.0000").Want(200)
	want(t, person, map[string]string{"relationship.percent_ownership": "100.0", "requirements.currently_due": "[]", "verification.status": "pending"})
	m.Form("POST", "/v1/accounts/"+id, "company[owners_provided]=true").Want(200)
	m.Advance(time.Minute)
	want(t, m.Form("GET", "/v1/accounts/"+id), map[string]string{"charges_enabled": "true", "payouts_enabled": "true", "requirements.currently_due": "[]"})
	m.Form("DELETE", "/v1/accounts/"+id+"/persons/"+person.Get("id")).Want(200)
	want(t, m.Form("GET", "/v1/accounts/"+id), map[string]string{"charges_enabled": "false", "requirements.disabled_reason": "requirements.past_due"})
}

func TestExternalAccounts(t *testing.T) {
	m := start(t)
	id := connect(m, jenny...).Want(200).Get("id")
	token := m.Form("POST", "/v1/tokens", "bank_account[country]=US", "bank_account[account_number]=000123456789", "bank_account[routing_number]=110000000").Want(200).Get("id")
	first := m.Form("POST", "/v1/accounts/"+id+"/external_accounts", "external_account="+token).Want(200)
	want(t, first, map[string]string{"object": "bank_account", "account": id, "default_for_currency": "true", "last4": "6789"})
	other := m.Form("POST", "/v1/accounts/"+id+"/external_accounts", testBank...).Want(200)
	want(t, other, map[string]string{"default_for_currency": "false"}) // there is one
	m.Form("DELETE", "/v1/accounts/"+id+"/external_accounts/"+other.Get("id")).Want(200)
	second := m.Form("POST", "/v1/accounts/"+id+"/external_accounts", append([]string{"metadata[n]=2", "default_for_currency=true"}, testBank...)...).Want(200)
	want(t, m.Form("GET", "/v1/accounts/"+id), map[string]string{"external_accounts.total_count": "2", "external_accounts.data.0.id": second.Get("id"), "external_accounts.data.1.default_for_currency": "false"})
	m.Form("DELETE", "/v1/accounts/"+id+"/external_accounts/"+second.Get("id")).Want(400) // the default stays
	m.Form("POST", "/v1/accounts/"+id+"/external_accounts/"+first.Get("id"), "default_for_currency=true").Want(200)
	m.Form("DELETE", "/v1/accounts/"+id+"/external_accounts/"+second.Get("id")).Want(200)
	list := m.Form("GET", "/v1/accounts/"+id+"/external_accounts", "object=bank_account").Want(200)
	if list.Get("data.0.id") != first.Get("id") || list.Get("data.1.id") != "" {
		t.Errorf("list %s", list.Body)
	}
}

// TestAccountVersions: members are there from the day the vendor added them [R].
func TestAccountVersions(t *testing.T) {
	m := start(t, sdktest.At(time.Date(2023, 10, 31, 12, 0, 0, 0, time.UTC)))
	a := connect(m, jenny...).Want(200)
	want(t, a, map[string]string{"controller": "", "business_profile.annual_revenue": "", "settings.bacs_debit_payments": "{}", "individual.relationship.authorizer": "", "future_requirements.current_deadline": "1712084400"})
	if pending := a.Get("requirements.pending_verification"); strings.Contains(pending, "business_profile.url") {
		t.Errorf("pending %s", pending)
	}
}
