package main

import "strings"

// country is a calling code of the numbering plan [D ITU-T E.164 list of
// assigned codes, 2026-11], with the lengths of its national numbers as far as a
// mirror needs them.
type country struct {
	code, iso, name string
	least, most     int    // digits of a national number
	trunk           string // dialled in front of one within the country
}

// countries are the ones most messages go to; numbers of others are refused as
// invalid. One calling code stands once; NANP numbers are told apart by their
// area.
var countries = []country{
	{"1", "US", "United States", 10, 10, ""},
	{"7", "RU", "Russia", 10, 10, "8"}, {"20", "EG", "Egypt", 8, 10, "0"}, {"27", "ZA", "South Africa", 9, 9, "0"},
	{"30", "GR", "Greece", 10, 10, ""}, {"31", "NL", "Netherlands", 9, 9, "0"}, {"32", "BE", "Belgium", 8, 9, "0"},
	{"33", "FR", "France", 9, 9, "0"}, {"34", "ES", "Spain", 9, 9, ""}, {"36", "HU", "Hungary", 8, 9, "06"},
	{"39", "IT", "Italy", 8, 11, ""}, {"40", "RO", "Romania", 9, 9, "0"}, {"41", "CH", "Switzerland", 9, 9, "0"},
	{"43", "AT", "Austria", 7, 13, "0"}, {"44", "GB", "United Kingdom", 9, 10, "0"}, {"45", "DK", "Denmark", 8, 8, ""},
	{"46", "SE", "Sweden", 7, 10, "0"}, {"47", "NO", "Norway", 8, 8, ""}, {"48", "PL", "Poland", 9, 9, ""},
	{"49", "DE", "Germany", 7, 12, "0"}, {"51", "PE", "Peru", 8, 9, "0"}, {"52", "MX", "Mexico", 10, 11, ""},
	{"54", "AR", "Argentina", 10, 11, "0"}, {"55", "BR", "Brazil", 10, 11, "0"}, {"56", "CL", "Chile", 9, 9, ""},
	{"57", "CO", "Colombia", 8, 10, ""}, {"60", "MY", "Malaysia", 8, 10, "0"}, {"61", "AU", "Australia", 9, 9, "0"},
	{"62", "ID", "Indonesia", 8, 12, "0"}, {"63", "PH", "Philippines", 8, 10, "0"}, {"64", "NZ", "New Zealand", 8, 10, "0"},
	{"65", "SG", "Singapore", 8, 8, ""}, {"66", "TH", "Thailand", 8, 9, "0"}, {"81", "JP", "Japan", 9, 10, "0"},
	{"82", "KR", "South Korea", 8, 10, "0"}, {"84", "VN", "Vietnam", 9, 10, "0"}, {"86", "CN", "China", 10, 11, "0"},
	{"90", "TR", "Turkey", 10, 10, "0"}, {"91", "IN", "India", 10, 10, "0"}, {"92", "PK", "Pakistan", 9, 10, "0"},
	{"212", "MA", "Morocco", 9, 9, "0"}, {"233", "GH", "Ghana", 9, 9, "0"}, {"234", "NG", "Nigeria", 8, 10, "0"},
	{"254", "KE", "Kenya", 9, 9, "0"}, {"351", "PT", "Portugal", 9, 9, ""}, {"352", "LU", "Luxembourg", 6, 9, ""},
	{"353", "IE", "Ireland", 7, 9, "0"}, {"354", "IS", "Iceland", 7, 7, ""}, {"358", "FI", "Finland", 6, 11, "0"},
	{"359", "BG", "Bulgaria", 8, 9, "0"}, {"370", "LT", "Lithuania", 8, 8, "8"}, {"371", "LV", "Latvia", 8, 8, ""},
	{"372", "EE", "Estonia", 7, 8, ""}, {"380", "UA", "Ukraine", 9, 9, "0"}, {"385", "HR", "Croatia", 8, 9, "0"},
	{"386", "SI", "Slovenia", 8, 8, "0"}, {"420", "CZ", "Czechia", 9, 9, ""}, {"421", "SK", "Slovakia", 9, 9, "0"},
	{"506", "CR", "Costa Rica", 8, 8, ""}, {"852", "HK", "Hong Kong", 8, 8, ""}, {"880", "BD", "Bangladesh", 8, 10, "0"},
	{"886", "TW", "Taiwan", 8, 9, "0"}, {"966", "SA", "Saudi Arabia", 8, 9, "0"}, {"971", "AE", "United Arab Emirates", 8, 9, "0"},
	{"972", "IL", "Israel", 8, 9, "0"},
}

// canada are its area codes [D cnac.ca area code map, 2026-11].
const canada = " 204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 468 474 506 514 519 548 579 581 584 587 604 613 639 647 672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905 942 "

// tollFree are the area codes that callers pay nothing for.
const tollFree = " 800 833 844 855 866 877 888 "

// phone is a number as its country has it.
type phone struct {
	e164     string
	of       *country
	national string // digits
}

// fault says why a text is no phone number, in Lookup's words [D
// twilio.com/docs/lookup/v2-api/formatting-validation, 2026-11].
type fault string

const (
	notANumber  fault = "NOT_A_NUMBER"
	tooShort    fault = "TOO_SHORT"
	tooLong     fault = "TOO_LONG"
	noCountry   fault = "INVALID_COUNTRY_CODE"
	notPossible fault = "INVALID_BUT_POSSIBLE"
)

// parsePhone reads a number in E.164, or a national one of a country, the United
// States if iso is "".
func parsePhone(s, iso string) (p phone, why fault) {
	digits, plus := compactPhone(s)
	if digits == "" {
		return p, notANumber
	}
	if !plus {
		c := countryBy(iso)
		if c == nil {
			return p, noCountry
		}
		national := digits
		if c.trunk != "" {
			national = strings.TrimPrefix(national, c.trunk)
		}
		if rest, ok := strings.CutPrefix(digits, c.code); ok && len(rest) >= c.least && len(rest) <= c.most && len(digits) > c.most {
			national = rest
		}
		digits = c.code + national
	}
	for i := range countries {
		c := &countries[i]
		rest, ok := strings.CutPrefix(digits, c.code)
		if !ok {
			continue
		}
		switch {
		case len(rest) < c.least:
			return p, tooShort
		case len(rest) > c.most:
			return p, tooLong
		case c.code == "1" && (rest[0] < '2' || rest[3] < '2'):
			// [D nationalnanpa.com, 2026-11] area code and exchange begin with 2 to 9.
			return p, notPossible
		}
		return phone{"+" + digits, c, rest}, ""
	}
	return p, noCountry
}

// compactPhone takes out what people write between digits; "" if there is
// anything else.
func compactPhone(s string) (digits string, plus bool) {
	b := make([]byte, 0, len(s))
	for i, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			b = append(b, c)
		case c == '+' && i == 0:
			plus = true
		case c == ' ' || c == '-' || c == '.' || c == '(' || c == ')':
		default:
			return "", false
		}
	}
	return string(b), plus
}

func countryBy(iso string) *country {
	if iso == "" || iso == "CA" {
		iso = "US"
	}
	for i := range countries {
		if countries[i].iso == iso {
			return &countries[i]
		}
	}
	return nil
}

// iso is the country's code.
func (p *phone) iso() string {
	if p.of.code == "1" && strings.Contains(canada, " "+p.national[:3]+" ") {
		return "CA"
	}
	return p.of.iso
}

func (p *phone) isTollFree() bool {
	return p.of.code == "1" && strings.Contains(tollFree, " "+p.national[:3]+" ")
}

// format is the number as people of its country write it.
func (p *phone) format() string {
	n := p.national
	switch {
	case p.of.code == "1":
		return "(" + n[:3] + ") " + n[3:6] + "-" + n[6:]
	case p.of.code == "44" && len(n) == 10 && n[0] == '2':
		return "0" + n[:2] + " " + n[2:6] + " " + n[6:]
	case p.of.code == "44" && len(n) == 10:
		return "0" + n[:4] + " " + n[4:] // [S lookups_v2 description] 07772 000001
	case p.of.code == "33":
		return "0" + n[:1] + " " + n[1:3] + " " + n[3:5] + " " + n[5:7] + " " + n[7:]
	}
	return p.of.trunk + n // believed: how others are grouped is not modelled
}

// channelOf cuts "whatsapp:" and the like off an address; "" is SMS.
func channelOf(address string) (channel, rest string) {
	for _, c := range [...]string{"whatsapp:", "messenger:", "rcs:"} {
		if rest, ok := strings.CutPrefix(address, c); ok {
			return c, rest
		}
	}
	return "", address
}

// isAlpha tells whether a text is an alphanumeric sender id: up to eleven
// letters, digits and spaces, a letter among them [D
// twilio.com/docs/glossary/what-alphanumeric-sender-id, 2026-11].
func isAlpha(s string) bool {
	letter := false
	for _, c := range []byte(s) {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letter = true
		case c >= '0' && c <= '9', c == ' ', c == '&', c == '-', c == '_', c == '+':
		default:
			return false
		}
	}
	return letter && len(s) <= 11
}

// isShortCode tells whether a sender is a short code: three to six digits.
func isShortCode(s string) bool {
	return len(s) >= 3 && len(s) <= 6 && strings.Trim(s, "0123456789") == ""
}
