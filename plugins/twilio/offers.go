package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

// offered is how many numbers are offered unless PageSize says otherwise [R 30
// in each of four answers].
const offered = 30

// area is where the numbers of an area code are.
type area struct{ lata, rateCenter, latitude, longitude, locality, region, postal string }

// areaOf is what is known of an area code: its place, or its state or province.
func areaOf(code string) area {
	if at, ok := areas[code]; ok {
		return at
	}
	return area{region: phone.Region(code)}
}

// isAreaCode tells whether numbers of an area code can be had. 555 has none but
// those that fixtures make.
func isAreaCode(code string) bool {
	return len(code) == 3 && code[0] >= '2' && code != "555" && strings.Trim(code, "0123456789") == ""
}

// source are numbers of which a search may be offered those that nobody has: the
// nth, "" behind the last.
type source func(n int) string

// inArea are numbers of an area code. Exchange 555, where no real number is,
// stays free for those that a test chooses.
func inArea(code string) source {
	return func(n int) string {
		if n >= 7999 {
			return ""
		}
		return "+1" + code + "200" + digits(2000+n*7%7999, 4)
	}
}

// digits writes a number with so many digits.
func digits(n, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i, n = i-1, n/10 {
		b[i] = byte('0' + n%10)
	}
	return string(b)
}

// abroad are numbers of a country outside of the North American plan: believed
// to look like those that the United Kingdom keeps for drama [D ofcom.org.uk,
// 2026-11].
func abroad(of *phone.Country) source {
	return func(n int) string {
		if n >= 1000 {
			return ""
		}
		return "+" + of.Code + "7700900000"[:min(of.Most, 10)-3] + digits(n, 3)
	}
}

// fitting are American numbers that begin with a pattern: digits, letters as on a
// telephone, and * for any digit.
func fitting(pattern string) source {
	pattern = strings.TrimPrefix(strings.TrimPrefix(pattern, "+"), "1")
	pattern += strings.Repeat("*", max(0, 10-len(pattern)))
	return func(n int) string {
		b := []byte(pattern)
		for i := len(b) - 1; i >= 0; i-- {
			switch c := b[i] &^ 0x20; {
			case c >= 'A' && c <= 'Z':
				b[i] = "22233344455566677778889999"[c-'A']
			case b[i] == '*' && i < 4:
				b[i] = "4154"[i] // an area code and exchange that there may be
			case b[i] == '*':
				b[i] = byte('0' + n%10)
				n /= 10
			}
		}
		if n > 0 {
			return ""
		}
		return "+1" + string(b)
	}
}

// free are the first numbers of a source that nobody of the session has.
func free(c *sdk.Call, from source, most int) (out []string) {
	for n := 0; len(out) < most; n++ {
		number := from(n)
		if _, why := phone.Parse(number, ""); why != "" {
			break
		}
		if numberOwner(c, number) == "" {
			out = append(out, number)
		}
	}
	return out
}

// available offers numbers of a country.
func available(r *request, typ string) error {
	iso := r.Value("CountryCode")
	of := phone.ByISO(iso)
	if of == nil || iso != strings.ToUpper(iso) {
		return notFound(r.Call)
	}
	if code := r.text("AreaCode"); code != "" && (len(code) != 3 || strings.Trim(code, "0123456789") != "") {
		return refuse(21451)
	}
	p, err := numbers.pagingOf(r, offered)
	if err != nil {
		return err
	}
	from, err := searched(r, of, typ)
	if err != nil {
		return err
	}
	d := r.NewObject()
	list := d.SetArray("available_phone_numbers")
	if from != nil {
		for _, number := range free(r.Call, from, p.size) {
			offerOne(r.Call, list.AddObject(), number)
		}
	}
	d.SetString("uri", r.Path()+strings.TrimSuffix("?"+r.Query(), "?"))
	return r.JSON(d)
}

// searched is where the numbers of a search come from; nil if there are none.
// Searches that would need the place of every exchange are refused by name.
func searched(r *request, of *phone.Country, typ string) (source, error) {
	pattern := r.text("Contains")
	if err := r.without("NearLatLong InRateCenter InLata"); err != nil {
		return nil, err
	}
	if strings.ContainsAny(pattern, "%$") || pattern != "" && of.Code != "1" {
		return nil, &sdk.NotImplementedError{Operation: r.Operation() + " with Contains=" + pattern + " in " + of.ISO}
	}
	for name, can := range map[string]bool{"VoiceEnabled": true, "SmsEnabled": true, "MmsEnabled": of.Code == "1", "FaxEnabled": false} {
		if v := r.text(name); v != "" && (v == "true") != can {
			return nil, nil
		}
	}
	switch {
	case of.Code != "1":
		return abroad(of), nil
	case pattern != "":
		return fitting(pattern), nil
	case typ == "TollFree":
		return inArea("833"), nil
	}
	if code := searchedArea(r); code != "" {
		return inArea(code), nil
	}
	return nil, nil
}

// searchedArea is an area code of the country where a search wants numbers; "" if
// none is known there.
func searchedArea(r *request) string {
	fits := func(code string) bool {
		at := areaOf(code)
		for param, is := range map[string]string{"InRegion": at.region, "InLocality": at.locality, "InPostalCode": at.postal} {
			if want := r.text(param); want != "" && !strings.EqualFold(want, is) {
				return false
			}
		}
		return isAreaCode(code) && phone.IsCanadian(code) == (r.Value("CountryCode") == "CA")
	}
	candidates := []string{r.text("AreaCode")}
	if p, why := phone.Parse(r.text("NearNumber"), ""); why == "" && p.IsAmerican() {
		candidates[0] = p.National[:3]
	} else if candidates[0] == "" {
		candidates = append([]string{"415", "416"}, slices.Sorted(maps.Keys(areas))...)
		candidates = append(candidates, phone.Areas(strings.ToUpper(r.text("InRegion")))...)
	}
	for _, code := range candidates {
		if fits(code) {
			return code
		}
	}
	return ""
}

// offerOne writes one offer [R 2015, 2017].
func offerOne(c *sdk.Call, d sdk.Doc, e164 string) {
	p, _ := phone.Parse(e164, "")
	set(d, "friendly_name", friendly(&p), "phone_number", p.E164)
	at := area{}
	if p.IsAmerican() && !p.IsTollFree() {
		at = areaOf(p.National[:3])
	}
	for _, m := range [...][2]string{
		{"lata", at.lata}, {"rate_center", at.rateCenter}, {"latitude", at.latitude}, {"longitude", at.longitude},
		{"locality", at.locality}, {"region", at.region}, {"postal_code", at.postal}, {"iso_country", p.ISO()},
	} {
		d.SetStringOrNull(m[0], m[1])
	}
	d.SetString("address_requirements", "none")
	d.SetBool("beta", false)
	can := d.SetObject("capabilities")
	can.SetBool("voice", true)
	can.SetBool("SMS", true)
	can.SetBool("MMS", p.IsAmerican())
	can.SetBool("fax", false)
	asOfDay(c, d, offerMembers, "")
}

// countryOffered says what kinds of numbers a country has.
func countryOffered(r *request) error {
	of := phone.ByISO(r.Value("CountryCode"))
	if of == nil {
		return notFound(r.Call)
	}
	d := r.NewObject()
	describeCountry(r, d, of)
	return r.JSON(d)
}

func countriesOffered(r *request) error {
	d := r.NewObject()
	list := d.SetArray("countries")
	for _, of := range phone.Countries() {
		describeCountry(r, list.AddObject(), &of)
	}
	d.SetString("uri", r.Path())
	return r.JSON(d)
}

func describeCountry(r *request, d sdk.Doc, of *phone.Country) {
	path := account2010(r.Call) + "/AvailablePhoneNumbers/" + of.ISO
	set(d, "country_code", of.ISO, "country", of.Name, "uri", path+".json")
	d.SetBool("beta", false)
	sub := d.SetObject("subresource_uris")
	sub.SetString("local", path+"/Local.json")
	if of.Code == "1" {
		sub.SetString("toll_free", path+"/TollFree.json")
	} else {
		sub.SetString("mobile", path+"/Mobile.json")
	}
}
