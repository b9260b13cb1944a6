package main

import (
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

// sendForTests validates everything, keeps nothing and calls nobody back.
func sendForTests(r *request, m *draft) error {
	code, known := magicSenders[m.from]
	if !known {
		code = 21606
	}
	if code != 0 {
		return refuse(code, m.from)
	}
	if code := magicRecipients[m.to]; code != 0 {
		return refuse(code, m.to)
	}
	if err := m.pair(); err != nil {
		return err
	}
	r.SetStatus(201)
	return r.JSON(m.document(r.Call))
}

// createCall answers test credentials. Calls of others are not mirrored.
func createCall(r *request) error {
	if !r.isTest() {
		return &sdk.NotImplementedError{Operation: "CreateCall"}
	}
	from, to := r.text("From"), r.text("To")
	switch code := magicCallees[to]; {
	case from == magic+"1":
		return refuse(21212, from)
	case from != magic+"6":
		return refuse(21210, from)
	case code != 0:
		return refuse(code, to)
	}
	p, why := phone.Parse(to, "")
	if why != "" {
		return refuse(21217)
	}
	f, _ := phone.Parse(from, "")
	d := callShape.New(r.Arena)
	id := newSID(r.Call, "CA")
	set(d, "sid", id, "account_sid", r.Account(), "to", p.E164, "to_formatted", p.Format(), "from", f.E164, "from_formatted", f.Format(),
		"phone_number_sid", newSID(r.Call, "PN"), "uri", account2010(r.Call)+"/Calls/"+id+".json")
	r.SetStatus(201)
	return r.JSON(d)
}

// buyForTests pretends to buy a number.
func buyForTests(r *request) error {
	number := r.text("PhoneNumber")
	if number == "" { // [D] area code 500 has one, others have none
		if r.text("AreaCode") != "500" {
			return refuse(21452, r.text("AreaCode"))
		}
		number = magic + "6"
	}
	code, ok := magicNumbers[number]
	if !ok {
		code = 21421
	}
	if code != 0 {
		return refuse(code, number)
	}
	d, err := newNumber(r, number)
	if err != nil {
		return err
	}
	r.SetStatus(201)
	return r.JSON(d)
}
