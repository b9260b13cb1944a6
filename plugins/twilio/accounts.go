package main

import (
	"github.com/mirrahq/mirra/sdk"
)

// accounts are kept outside of any account, because a parent and its subaccounts
// both see them. One that nothing was ever changed of is not kept.
var accounts = (&kind{
	name: "Account", host: "api", sid: "AC", list: "accounts", path: base2010 + "/Accounts/{sid}.json",
	shape:  sdk.MustTemplate(`{"auth_token":"","date_created":"","date_updated":"","friendly_name":"","owner_account_sid":"","sid":"","status":"active","subresource_uris":{},"type":"Full","uri":""}`),
	fields: fieldsOf(text, "FriendlyName"),
}).collect("accounts", "account", "owner_account_sid")

// [S twilio_api_v2010 description]
var subresources = [...][2]string{
	{"available_phone_numbers", "AvailablePhoneNumbers"}, {"calls", "Calls"}, {"conferences", "Conferences"}, {"incoming_phone_numbers", "IncomingPhoneNumbers"},
	{"notifications", "Notifications"}, {"outgoing_caller_ids", "OutgoingCallerIds"}, {"recordings", "Recordings"}, {"transcriptions", "Transcriptions"},
	{"addresses", "Addresses"}, {"signing_keys", "SigningKeys"}, {"connect_apps", "ConnectApps"}, {"sip", "SIP"},
	{"authorized_connect_apps", "AuthorizedConnectApps"}, {"usage", "Usage"}, {"keys", "Keys"}, {"applications", "Applications"},
	{"short_codes", "SMS/ShortCodes"}, {"queues", "Queues"}, {"messages", "Messages"}, {"balance", "Balance"},
}

var keys = keyKind("Key", "keys", "key")

// keyKind is one of the two names under which API keys are known.
func keyKind(name, list, typ string) *kind {
	return (&kind{
		name: name, host: "api", sid: "SK", list: list, path: base2010 + "/Accounts/{account}/" + name + "s/{sid}.json",
		shape:  sdk.MustTemplate(`{"sid":"","friendly_name":"","date_created":"","date_updated":""}`),
		fields: fieldsOf(text, "FriendlyName"),
	}).collect(list, typ)
}

var applications = (&kind{
	name: "Application", host: "api", sid: "AP", list: "applications", path: base2010 + "/Accounts/{account}/Applications/{sid}.json",
	// [R 2017]; order [S]
	shape: sdk.MustTemplate(`{"account_sid":"","api_version":"2010-04-01","date_created":"","date_updated":"","friendly_name":"","message_status_callback":null,"sid":"","sms_fallback_method":"POST","sms_fallback_url":null,"sms_method":"POST","sms_status_callback":null,"sms_url":null,"status_callback":null,"status_callback_method":"POST","uri":"","voice_caller_id_lookup":false,"voice_fallback_method":"POST","voice_fallback_url":null,"voice_method":"POST","voice_url":null,"public_application_connect_enabled":false}`),
	fields: concat(
		fieldsOf(text, "FriendlyName"),
		fieldsOf(url, "SmsUrl", "SmsFallbackUrl", "SmsStatusCallback", "MessageStatusCallback", "VoiceUrl", "VoiceFallbackUrl", "StatusCallback"),
		fieldsOf(method, "SmsMethod", "SmsFallbackMethod", "VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod"),
		fieldsOf(boolean, "VoiceCallerIdLookup", "PublicApplicationConnectEnabled"),
	),
	filters: []filter{{"FriendlyName", "friendly_name"}},
	show:    func(c *sdk.Call, d sdk.Doc) { asOfDay(c, d, applicationMembers, oldApplication) },
}).collect("applications", "application")

var addresses = (&kind{
	name: "Address", host: "api", sid: "AD", list: "addresses", path: base2010 + "/Accounts/{account}/Addresses/{sid}.json",
	shape:   sdk.MustTemplate(`{"account_sid":"","city":"","customer_name":"","date_created":"","date_updated":"","friendly_name":null,"iso_country":"","postal_code":"","region":"","sid":"","street":"","uri":"","emergency_enabled":false,"validated":false,"verified":false,"street_secondary":null}`),
	fields:  concat(fieldsOf(text, "CustomerName", "Street", "City", "Region", "PostalCode", "IsoCountry", "FriendlyName", "StreetSecondary"), fieldsOf(boolean, "EmergencyEnabled")),
	needed:  []string{"CustomerName", "Street", "City", "Region", "PostalCode", "IsoCountry"},
	filters: []filter{{"CustomerName", "customer_name"}, {"FriendlyName", "friendly_name"}, {"IsoCountry", "iso_country"}},
}).collect("addresses", "address")

func accountHandlers() {
	handle("CreateAccount", createAccount)
	handle("FetchAccount", func(r *request) error {
		d, err := theAccount(r)
		if err != nil {
			return err
		}
		return r.JSON(d)
	})
	handle("UpdateAccount", updateAccount)
	handle("ListAccount", listAccounts)
	keys.serve("FUDL")
	handle("CreateNewKey", createKey)
	handle("CreateNewSigningKey", createKey)
	handle("ListSigningKey", func(r *request) error {
		signing := *keys
		signing.list = "signing_keys"
		return signing.page(r)
	})
	for verb, h := range map[string]func(*request) error{"Fetch": keys.fetch, "Update": keys.update, "Delete": keys.remove} {
		handle(verb+"SigningKey", h)
	}
	applications.serve("CFUDL")
	addresses.serve("CFUDL")
	handle("FetchBalance", func(r *request) error {
		d := r.NewObject()
		d.SetString("account_sid", r.Account())
		d.SetString("balance", "100.00") // believed: what is spent is not counted
		d.SetString("currency", "USD")
		return r.JSON(d)
	})
}

// accountDoc is an account as it is shown.
func accountDoc(c *sdk.Call, sid, owner, name string, token sdk.Secret) sdk.Doc {
	d := accounts.new(c)
	d.SetSecret("auth_token", token)
	d.SetString("friendly_name", name)
	d.SetString("owner_account_sid", owner)
	d.SetString("sid", sid)
	path := base2010 + "/Accounts/" + sid
	uris := d.Get("subresource_uris")
	for _, s := range subresources {
		uris.SetString(s[0], path+"/"+s[1]+".json")
	}
	d.SetString("uri", path+".json")
	return d
}

// stored returns an account that is kept; the call's own that is not is made up.
func stored(c *sdk.Call, sid string) (d sdk.Doc, ok bool) {
	within(c, "", func() { d, ok = accounts.Get(c, sid) })
	if !ok && sid == c.Account() {
		return accountDoc(c, sid, sid, sid+"'s Account", c.Secret("auth_token")), true
	}
	return d, ok
}

// theAccount is the one that the path names, which before has let pass.
func theAccount(r *request) (sdk.Doc, error) {
	d, ok := stored(r.Call, r.Value("Sid"))
	if !ok {
		return d, notFound(r.Call)
	}
	return d, nil
}

func createAccount(r *request) error {
	name := r.text("FriendlyName")
	if name == "" {
		name = "SubAccount Created at " + r.Now().Format("2006-01-02 03:04 pm") // [D docs/iam/api/account, 2026-11]
	}
	keepOwn(r.Call)
	d := accountDoc(r.Call, newSID(r.Call, "AC"), r.Account(), name, r.NewHexSecret(32))
	within(r.Call, "", func() { insert(r.Call, accounts, d) })
	r.SetStatus(201)
	return r.JSON(d)
}

// updateAccount renames an account, or suspends, closes or activates a
// subaccount [D docs/iam/api/account and docs/api/errors/21475 to 21479,
// 2026-11].
func updateAccount(r *request) error {
	d, err := theAccount(r)
	if err != nil {
		return err
	}
	if status := r.text("Status"); status != "" {
		switch {
		case status != "active" && status != "suspended" && status != "closed":
			return refuse(21475)
		case d.Get("sid").String() == d.Get("owner_account_sid").String():
			return refuse(21477)
		case d.Get("status").String() == "closed":
			return refuse(21479)
		}
		d.SetString("status", status)
	}
	if err := accounts.apply(r, d); err != nil {
		return err
	}
	keepOwn(r.Call)
	accounts.stamp(r.Call, d, false)
	within(r.Call, "", func() { accounts.Update(r.Call, d) })
	return r.JSON(d)
}

func listAccounts(r *request) error {
	keepOwn(r.Call)
	q := sdk.ListQuery{Index: "owner_account_sid", Key: r.Account()}
	for _, f := range [...]filter{{"FriendlyName", "friendly_name"}, {"Status", "status"}} {
		if v := r.text(f.param); v != "" {
			q.Filter("$."+f.member, v)
		}
	}
	var err error
	within(r.Call, "", func() { err = accounts.answerPage(r, q, nil) })
	return err
}

// keepOwn keeps the call's own account, so that it is listed as the oldest.
func keepOwn(c *sdk.Call) {
	d, _ := stored(c, c.Account())
	within(c, "", func() {
		if _, ok := accounts.Get(c, d.Get("sid").String()); !ok {
			insert(c, accounts, d)
		}
	})
}

// createKey makes an API key; its secret is shown this once.
func createKey(r *request) error {
	d := keys.new(r.Call)
	if err := keys.apply(r, d); err != nil {
		return err
	}
	insert(r.Call, keys, d)
	d.SetSecret("secret", r.NewSecret("", 32))
	r.SetStatus(201)
	return r.JSON(d)
}
