// Package phone knows telephone numbers by the numbering plans, and what a text
// takes as SMS, for mirrors of vendors that send and check them. Which carrier a
// number has, or whether anybody answers it, it leaves to the mirror.
package phone

import "strings"

// Country is a calling code and the form of its national numbers.
type Country struct {
	Code, ISO, Name string
	Least, Most     int    // digits of a national number
	trunk           string // dialled in front of one within the country
}

// Number is a number as its country has it.
type Number struct {
	E164     string // +14155550100
	Of       *Country
	National string // digits
}

// Fault says why a text is no number, "" that it is one.
type Fault string

// Faults, in the words of Twilio's Lookup [D
// twilio.com/docs/lookup/v2-api/formatting-validation, 2026-11].
const (
	NotANumber  Fault = "NOT_A_NUMBER"
	TooShort    Fault = "TOO_SHORT"
	TooLong     Fault = "TOO_LONG"
	NoCountry   Fault = "INVALID_COUNTRY_CODE"
	NotPossible Fault = "INVALID_BUT_POSSIBLE"
)

// Parse reads a number in E.164, or a national one of a country by its ISO code,
// the United States if that is "".
func Parse(s, iso string) (n Number, why Fault) {
	digits, plus := compact(s)
	if digits == "" {
		return n, NotANumber
	}
	if !plus {
		c := ByISO(iso)
		if c == nil {
			return n, NoCountry
		}
		national := digits
		if c.trunk != "" {
			national = strings.TrimPrefix(national, c.trunk)
		}
		if rest, ok := strings.CutPrefix(digits, c.Code); ok && len(rest) >= c.Least && len(rest) <= c.Most && len(digits) > c.Most {
			national = rest
		}
		digits = c.Code + national
	}
	for i := range countries {
		c := &countries[i]
		rest, ok := strings.CutPrefix(digits, c.Code)
		if !ok {
			continue
		}
		switch {
		case len(rest) < c.Least:
			return n, TooShort
		case len(rest) > c.Most:
			return n, TooLong
		case c.Code == "1" && (rest[0] < '2' || rest[3] < '2'):
			// [D nationalnanpa.com, 2026-11] area code and exchange begin with 2 to 9.
			return n, NotPossible
		}
		e164 := s
		if !plus || len(s) != 1+len(digits) {
			e164 = "+" + digits
		}
		return Number{e164, c, rest}, ""
	}
	return n, NoCountry
}

// compact takes out what people write between digits; "" if there is anything
// else.
func compact(s string) (digits string, plus bool) {
	if s != "" && s[0] == '+' && onlyDigits(s[1:]) { // as most are sent
		return s[1:], true
	}
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

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Countries are all that are known.
func Countries() []Country { return countries[:] }

// ByISO is the country of an ISO 3166 code in capitals, the United States for "";
// nil if it is not known.
func ByISO(iso string) *Country {
	if iso == "" {
		iso = "US"
	}
	for i := range countries {
		if countries[i].ISO == iso {
			return &countries[i]
		}
	}
	return nil
}

// IsAmerican tells whether the number is of the North American plan.
func (n *Number) IsAmerican() bool { return n.Of.Code == "1" }

// ISO is the country's code.
func (n *Number) ISO() string {
	if n.IsAmerican() && IsCanadian(n.National[:3]) {
		return "CA"
	}
	return n.Of.ISO
}

// IsTollFree tells whether callers pay nothing; of American numbers alone.
func (n *Number) IsTollFree() bool {
	return n.IsAmerican() && strings.Contains(tollFree, " "+n.National[:3]+" ")
}

// IsCanadian tells whether an area code is.
func IsCanadian(area string) bool { return strings.Contains(canada, " "+area+" ") }

// Region is the state or province of an area code, "" if it is not known.
func Region(area string) string {
	for region, areas := range regions {
		if strings.Contains(areas, area) {
			return region
		}
	}
	return ""
}

// Areas are the area codes of a state or province.
func Areas(region string) []string { return strings.Fields(regions[region]) }

// Format is the number as people of its country write it.
func (n *Number) Format() string {
	d := n.National
	switch {
	case n.IsAmerican():
		return "(" + d[:3] + ") " + d[3:6] + "-" + d[6:]
	case n.Of.Code == "44" && len(d) == 10 && d[0] == '2':
		return "0" + d[:2] + " " + d[2:6] + " " + d[6:]
	case n.Of.Code == "44" && len(d) == 10:
		return "0" + d[:4] + " " + d[4:] // [S lookups_v2 description] 07772 000001
	case n.Of.Code == "33":
		return "0" + d[:1] + " " + d[1:3] + " " + d[3:5] + " " + d[5:7] + " " + d[7:]
	}
	return n.Of.trunk + d // believed: how others are grouped is not modelled
}
