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
	if iso == "" {
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
