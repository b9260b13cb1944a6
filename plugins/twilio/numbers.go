package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var numbers = (&kind{
	name: "IncomingPhoneNumber", host: "api", sid: "PN", list: "incoming_phone_numbers",
	path: base2010 + "/Accounts/{account}/IncomingPhoneNumbers/{sid}.json",
	// [R 2015, 2017] values; members and their order [S twilio_api_v2010
	// description].
	shape: sdk.MustTemplate(`{"account_sid":"","address_sid":null,"address_requirements":"none","api_version":"2010-04-01","beta":false,"capabilities":{"voice":true,"sms":true,"mms":true,"fax":false},"date_created":"","date_updated":"","friendly_name":"","identity_sid":null,"phone_number":"","origin":"twilio","sid":"","sms_application_sid":"","sms_fallback_method":"POST","sms_fallback_url":"","sms_method":"POST","sms_url":"","status_callback":"","status_callback_method":"POST","trunk_sid":null,"uri":"","voice_receive_mode":"voice","voice_application_sid":null,"voice_caller_id_lookup":false,"voice_fallback_method":"POST","voice_fallback_url":null,"voice_method":"POST","voice_url":null,"emergency_status":"Inactive","emergency_address_sid":null,"emergency_address_status":"unregistered","bundle_sid":null,"status":"in-use","type":"local"}`),
	fields: concat(
		fieldsOf(text, "FriendlyName", "SmsApplicationSid", "VoiceApplicationSid", "EmergencyStatus", "EmergencyAddressSid", "TrunkSid", "IdentitySid", "AddressSid", "BundleSid", "VoiceReceiveMode"),
		fieldsOf(url, "SmsUrl", "SmsFallbackUrl", "VoiceUrl", "VoiceFallbackUrl", "StatusCallback"),
		fieldsOf(method, "SmsMethod", "SmsFallbackMethod", "VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod"),
		fieldsOf(boolean, "VoiceCallerIdLookup"),
	),
	show: func(c *sdk.Call, d sdk.Doc) { asOfDay(c, d, numberMembers, oldNumber) },
	gone: leavePool,
}).collect("incoming_phone_numbers", "incoming_phone_number", "phone_number")

func concat(lists ...[]field) []field {
	var out []field
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

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
	p, why := parsePhone(e164, "")
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

func name(d sdk.Doc, p *phone) {
	d.SetString("phone_number", p.e164)
	d.SetString("friendly_name", p.format())
	if p.isTollFree() {
		d.SetString("type", "toll-free")
	}
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
		if number = offer(r.Call, area, 0); number == "" {
			return refuse(21452, area)
		}
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
	insert(r.Call, numbers, d)
	r.SetStatus(201)
	return numbers.answer(r, d)
}

func listNumbers(r *request, typ string) error {
	var q sdk.ListQuery
	if v := r.text("FriendlyName"); v != "" {
		q.Filter("$.friendly_name", v)
	}
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

var (
	selectOwner = sdk.Define(`SELECT account FROM links WHERE name = 'incoming_phone_number.phone_number' AND key = ?1 LIMIT 1`)
	selectOne   = sdk.Define(`SELECT o.doc FROM links l JOIN objects o ON o.seq = l.seq WHERE l.name = 'incoming_phone_number.phone_number' AND l.account = ?1 AND l.key = ?2 AND o.deleted = 0 LIMIT 1`)
)

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
	rows := selectOne.MustRun(c.Args().Text(c.Account()).Text(e164))
	if !rows.Next() {
		return sdk.Doc{}
	}
	return c.Trusted(rows.Text())
}

// areas are where some area codes are, so that offers look as the vendor's do
// [D nationalnanpa.com, 2026-11]; others have no place.
var areas = map[string][6]string{ // lata, rate center, latitude, longitude, locality, region
	"415": {"722", "SNFC CNTRL", "37.774900", "-122.419400", "San Francisco", "CA"},
	"510": {"722", "OAKLAND", "37.804400", "-122.270800", "Oakland", "CA"},
	"619": {"732", "SNDG SNDG", "32.715300", "-117.157300", "San Diego", "CA"},
	"212": {"132", "NWYRCYZN01", "40.712800", "-74.006000", "New York", "NY"},
	"312": {"358", "CHICAGO", "41.850000", "-87.650000", "Chicago", "IL"},
	"206": {"674", "SEATTLE", "47.606200", "-122.332100", "Seattle", "WA"},
}

// offered is how many numbers are offered unless PageSize says otherwise [R 30
// in each of four answers].
const offered = 30

// offer is the nth number of an area code that nobody of the session has, "" if
// the area code has none. Exchange 555, where no real number is, stays free for
// those that a test chooses.
func offer(c *sdk.Call, area string, n int) string {
	if len(area) != 3 || area[0] < '2' || area == "555" || strings.Trim(area, "0123456789") != "" {
		return ""
	}
	for i := n; i < 7999; i++ {
		line := 2000 + i*7%7999
		digits := [4]byte{byte('0' + line/1000), byte('0' + line/100%10), byte('0' + line/10%10), byte('0' + line%10)}
		number := "+1" + area + "200" + string(digits[:])
		if numberOwner(c, number) == "" {
			return number
		}
	}
	return ""
}

// available offers numbers of a country.
func available(r *request, typ string) error {
	iso := r.Value("CountryCode")
	of := countryBy(iso)
	if of == nil || iso != strings.ToUpper(iso) {
		return notFound(r.Call)
	}
	area := r.text("AreaCode")
	if area != "" && (len(area) != 3 || strings.Trim(area, "0123456789") != "") {
		return refuse(21451)
	}
	p, err := numbers.pagingOf(r)
	if err != nil {
		return err
	}
	if !r.has("PageSize") {
		p.size = offered
	}
	d := r.NewObject()
	list := d.SetArray("available_phone_numbers")
	pattern := strings.TrimPrefix(r.text("Contains"), "+")
	for i := 0; i < p.size; i++ {
		n := candidate(r.Call, of, typ, area, pattern, i)
		if n == "" {
			break
		}
		offerOne(r.Call, list.AddObject(), n)
	}
	d.SetString("uri", r.Path()+strings.TrimSuffix("?"+r.Query(), "?"))
	return r.JSON(d)
}

// candidate is the nth number that fits a pattern of digits and *.
func candidate(c *sdk.Call, of *country, typ, area, pattern string, n int) string {
	switch {
	case of.code != "1":
		national := []byte("7700900000000"[:of.least])
		for i, v := len(national)-1, n; i > 0 && v > 0; i, v = i-1, v/10 {
			national[i] = byte('0' + v%10)
		}
		return "+" + of.code + string(national)
	case typ == "TollFree":
		area = "833"
	case area == "" && pattern == "":
		area = "415"
	case pattern != "":
		digits := []byte(strings.TrimPrefix(pattern, "1"))
		for len(digits) < 10 {
			digits = append(digits, '*')
		}
		v := n
		for i := 9; i >= 0; i-- {
			if digits[i] == '*' {
				digits[i] = byte('0' + v%10)
				if v /= 10; i == 0 || i == 3 {
					digits[i] = '4'
				}
			}
		}
		if p, why := parsePhone("+1"+string(digits[:10]), ""); why == "" && v == 0 {
			return p.e164
		}
		return ""
	}
	return offer(c, area, n)
}

// offerOne writes one offer [R 2015, 2017].
func offerOne(c *sdk.Call, d sdk.Doc, e164 string) {
	p, why := parsePhone(e164, "")
	if why != "" {
		return
	}
	d.SetString("friendly_name", p.format())
	d.SetString("phone_number", p.e164)
	at := areas[p.national[:3]]
	d.SetStringOrNull("lata", at[0])
	for i, name := range [...]string{"rate_center", "latitude", "longitude", "locality", "region"} {
		d.SetStringOrNull(name, at[i+1])
	}
	d.SetNull("postal_code")
	d.SetString("iso_country", p.iso())
	d.SetString("address_requirements", "none")
	d.SetBool("beta", false)
	can := d.SetObject("capabilities")
	can.SetBool("voice", true)
	can.SetBool("SMS", true)
	can.SetBool("MMS", p.of.code == "1")
	can.SetBool("fax", false)
	asOfDay(c, d, offerMembers, "")
}

// countryOffered says what kinds of numbers a country has.
func countryOffered(r *request) error {
	of := countryBy(r.Value("CountryCode"))
	if of == nil {
		return notFound(r.Call)
	}
	d := r.NewObject()
	describeCountry(r.Call, d, of)
	return r.JSON(d)
}

func describeCountry(c *sdk.Call, d sdk.Doc, of *country) {
	path := account2010(c) + "/AvailablePhoneNumbers/" + of.iso
	d.SetString("country_code", of.iso)
	d.SetString("country", of.name)
	d.SetString("uri", path+".json")
	d.SetBool("beta", false)
	sub := d.SetObject("subresource_uris")
	sub.SetString("local", path+"/Local.json")
	if of.code == "1" {
		sub.SetString("toll_free", path+"/TollFree.json")
	} else {
		sub.SetString("mobile", path+"/Mobile.json")
	}
}

func countriesOffered(r *request) error {
	d := r.NewObject()
	list := d.SetArray("countries")
	for i := range countries {
		describeCountry(r.Call, list.AddObject(), &countries[i])
	}
	d.SetString("uri", r.Path())
	return r.JSON(d)
}
