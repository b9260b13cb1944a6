package main

import (
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

var numbers = (&kind{
	name: "IncomingPhoneNumber", host: "api", sid: "PN", list: "incoming_phone_numbers", shape: numberShape,
	path: base2010 + "/Accounts/{account}/IncomingPhoneNumbers/{sid}.json",
	params: `FriendlyName SmsApplicationSid VoiceApplicationSid EmergencyStatus EmergencyAddressSid TrunkSid IdentitySid AddressSid BundleSid VoiceReceiveMode
		SmsUrl SmsFallbackUrl VoiceUrl VoiceFallbackUrl StatusCallback SmsMethod SmsFallbackMethod VoiceMethod VoiceFallbackMethod StatusCallbackMethod VoiceCallerIdLookup`,
	show: func(c *sdk.Call, d sdk.Doc) { asOfDay(c, d, numberMembers, oldNumber) },
	gone: leavePool,
}).collect("incoming_phone_numbers", "incoming_phone_number", "phone_number")

func numberHandlers() {
	numbers.serve("FUD")
	handle("CreateIncomingPhoneNumber", func(r *request) error { return buy(r, "") })
	handle("ListIncomingPhoneNumber", func(r *request) error { return listNumbers(r, "") })
	for operation, typ := range map[string]string{"Local": "local", "Mobile": "mobile", "TollFree": "toll-free"} {
		handle("CreateIncomingPhoneNumber"+operation, func(r *request) error { return buy(r, typ) })
		handle("ListIncomingPhoneNumber"+operation, func(r *request) error { return listNumbers(r, typ) })
	}
	for _, typ := range [...]string{"Local", "TollFree", "Mobile", "National", "Voip", "SharedCost", "MachineToMachine"} {
		handle("ListAvailablePhoneNumber"+typ, func(r *request) error { return available(r, typ) })
	}
	handle("ListAvailablePhoneNumberCountry", countriesOffered)
	handle("FetchAvailablePhoneNumberCountry", countryOffered)
}

// newNumber is a number as it is bought, with what the request sets.
func newNumber(r *request, e164 string) (sdk.Doc, error) {
	p, why := phone.Parse(e164, "")
	if why != "" {
		return sdk.Doc{}, refuse(21421, e164)
	}
	d := numbers.new(r.Call)
	name(d, &p)
	if err := numbers.apply(r, d); err != nil {
		return d, err
	}
	numbers.address(r.Call, d)
	return d, nil
}

func name(d sdk.Doc, p *phone.Number) {
	set(d, "phone_number", p.E164, "friendly_name", friendly(p))
	if p.IsTollFree() {
		d.SetString("type", "toll-free")
	}
}

// friendly is what a number is called at first: as people write it in North America
// [R], else as it is [S api_v2010 description, AvailablePhoneNumberMobile].
func friendly(p *phone.Number) string {
	if p.IsAmerican() {
		return p.Format()
	}
	return p.E164
}

// buy makes a number the account's. Any valid one that nobody has can be had.
func buy(r *request, typ string) error {
	if r.isTest() {
		return buyForTests(r)
	}
	number := r.text("PhoneNumber")
	if number == "" {
		area := r.text("AreaCode")
		if area == "" {
			return refuse(21421, "")
		}
		all := free(r.Call, inArea(area), 1)
		if len(all) == 0 || !isAreaCode(area) {
			return refuse(21452, area)
		}
		number = all[0]
	}
	d, err := newNumber(r, number)
	if err != nil {
		return err
	}
	if typ == "mobile" {
		d.SetString("type", typ)
	} else if typ != "" && typ != d.Get("type").String() {
		return refuse(21421, number)
	}
	if numberOwner(r.Call, d.Get("phone_number").String()) != "" {
		return refuse(21422, number)
	}
	numbers.MustInsert(r.Call, d)
	r.SetStatus(201)
	return numbers.answer(r, d)
}

func listNumbers(r *request, typ string) error {
	q, _ := r.filtered("FriendlyName Origin")
	if typ != "" {
		q.Filter("$.type", typ)
	}
	part := r.text("PhoneNumber")
	if part == "" {
		return numbers.answerPage(r, q, nil)
	}
	return numbers.answerPage(r, q, func(d sdk.Doc) bool { return fits(part, d.Get("phone_number").String()) })
}

// fits tells whether a number holds a part of one, in which * is any digit.
func fits(part, number string) bool {
	for at := 0; at+len(part) <= len(number); at++ {
		same := true
		for i := range len(part) {
			same = same && (part[i] == '*' || part[i] == number[at+i])
		}
		if same {
			return true
		}
	}
	return false
}

var selectOwner = sdk.Define(`SELECT account FROM links WHERE name = 'incoming_phone_number.phone_number' AND key = ?1 LIMIT 1`)

// numberOwner is the account that has a number, "" if none of the session does.
func numberOwner(c *sdk.Call, e164 string) string {
	rows := selectOwner.MustRun(c.Args().Text(e164))
	if !rows.Next() {
		return ""
	}
	return rows.Text()
}

// numberBy is a number of the call's account; absent if it has none.
func numberBy(c *sdk.Call, e164 string) sdk.Doc {
	d, _ := numbers.First(c, "phone_number", e164)
	return d
}
