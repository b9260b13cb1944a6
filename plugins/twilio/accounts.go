package main

import (
	"cmp"

	"github.com/mirrahq/mirra/sdk"
)

// accounts are kept outside of any account, because a parent and its subaccounts
// both see them. One that nothing was ever changed of is not kept.
var accounts = (&kind{
	name: "Account", host: "api", sid: "AC", list: "accounts", path: base2010 + "/Accounts/{sid}.json",
	shape: accountShape, params: "FriendlyName", filters: "FriendlyName Status",
}).collect("accounts", "account", "owner_account_sid")

// keys are API keys, which are known as signing keys too.
var keys = (&kind{
	name: "Key", host: "api", sid: "SK", list: "keys", path: base2010 + "/Accounts/{account}/Keys/{sid}.json",
	shape: keyShape, params: "FriendlyName",
}).collect("keys", "key")

var applications = (&kind{
	name: "Application", host: "api", sid: "AP", list: "applications", path: base2010 + "/Accounts/{account}/Applications/{sid}.json",
	shape: applicationShape,
	params: `FriendlyName SmsUrl SmsFallbackUrl SmsStatusCallback MessageStatusCallback VoiceUrl VoiceFallbackUrl StatusCallback
		SmsMethod SmsFallbackMethod VoiceMethod VoiceFallbackMethod StatusCallbackMethod VoiceCallerIdLookup PublicApplicationConnectEnabled`,
	filters: "FriendlyName",
	show:    func(c *sdk.Call, d sdk.Doc) { asOfDay(c, d, applicationMembers, oldApplication) },
}).collect("applications", "application")

var addresses = (&kind{
	name: "Address", host: "api", sid: "AD", list: "addresses", path: base2010 + "/Accounts/{account}/Addresses/{sid}.json",
	shape:   addressShape,
	params:  "CustomerName Street City Region PostalCode IsoCountry FriendlyName StreetSecondary EmergencyEnabled",
	needed:  "CustomerName Street City Region PostalCode IsoCountry",
	filters: "CustomerName FriendlyName IsoCountry",
}).collect("addresses", "address")

func accountHandlers() {
	handle("CreateAccount", createAccount)
	handle("FetchAccount", with(theAccount, (*request).JSON))
	handle("UpdateAccount", with(theAccount, updateAccount))
	handle("ListAccount", listAccounts)
	keys.serve("FUDL")
	signing := *keys
	signing.name, signing.list = "SigningKey", "signing_keys"
	signing.serve("FUDL")
	handle("CreateNewKey", createKey)
	handle("CreateNewSigningKey", createKey)
	applications.serve("CFUDL")
	addresses.serve("CFUDL")
	handle("FetchBalance", func(r *request) error {
		d := r.NewObject()
		set(d, "account_sid", r.Account(), "balance", "100.00", "currency", "USD") // believed: what is spent is not counted
		return r.JSON(d)
	})
}

// accountDoc is an account as it is shown.
func accountDoc(c *sdk.Call, sid, owner, name string, token sdk.Secret) sdk.Doc {
	d := accounts.new(c)
	d.SetSecret("auth_token", token)
	path := base2010 + "/Accounts/" + sid
	set(d, "friendly_name", name, "owner_account_sid", owner, "sid", sid, "uri", path+".json")
	for _, s := range subresources {
		d.Get("subresource_uris").SetString(s[0], path+"/"+s[1]+".json")
	}
	return d
}

// stored returns an account that is kept; the call's own that is not is made up.
func stored(c *sdk.Call, sid string) (d sdk.Doc, ok bool) {
	c.As("", func() { d, ok = accounts.Get(c, sid) })
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
	name := cmp.Or(r.text("FriendlyName"), "SubAccount Created at "+r.Now().Format("2006-01-02 03:04 pm")) // [D docs/iam/api/account, 2026-11]
	keepOwn(r.Call)
	d := accountDoc(r.Call, newSID(r.Call, "AC"), r.Account(), name, r.NewHexSecret(32))
	r.As("", func() { accounts.MustInsert(r.Call, d) })
	r.SetStatus(201)
	return r.JSON(d)
}

// updateAccount renames an account, or suspends, closes or activates a
// subaccount [D docs/iam/api/account and docs/api/errors/21475 to 21479,
// 2026-11].
func updateAccount(r *request, d sdk.Doc) error {
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
	r.As("", func() { accounts.save(r.Call, d) })
	return r.JSON(d)
}

func listAccounts(r *request) error {
	keepOwn(r.Call)
	q, err := r.filtered(accounts.filters)
	q.Index, q.Key = "owner_account_sid", r.Account()
	if err == nil {
		r.As("", func() { err = accounts.answerPage(r, q, nil) })
	}
	return err
}

// keepOwn keeps the call's own account, so that it is listed as the oldest.
func keepOwn(c *sdk.Call) {
	d, _ := stored(c, c.Account())
	c.As("", func() {
		if _, ok := accounts.Get(c, d.Get("sid").String()); !ok {
			accounts.MustInsert(c, d)
		}
	})
}

// createKey makes an API key; its secret is shown this once.
func createKey(r *request) error {
	d := keys.new(r.Call)
	if err := keys.apply(r, d); err != nil {
		return err
	}
	keys.MustInsert(r.Call, d)
	d.SetSecret("secret", r.NewSecret("", 32))
	r.SetStatus(201)
	return r.JSON(d)
}
