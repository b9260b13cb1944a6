package sdk

import "time"

// AppendDateTime appends an instant in UTC as "2006-01-02T15:04:05" with sep in the
// place of the T. It is a fraction of what Time.AppendFormat costs a guest.
func AppendDateTime(b []byte, t time.Time, sep byte) []byte {
	t = t.UTC()
	y, month, d := t.Date()
	h, m, s := t.Clock()
	const zero = '0'
	return append(b, zero+byte(y/1000%10), zero+byte(y/100%10), zero+byte(y/10%10), zero+byte(y%10),
		'-', zero+byte(month/10), zero+byte(month%10), '-', zero+byte(d/10), zero+byte(d%10),
		sep, zero+byte(h/10), zero+byte(h%10), ':', zero+byte(m/10), zero+byte(m%10), ':', zero+byte(s/10), zero+byte(s%10))
}

// AppendFraction appends "." and the fraction of a second, cut to digits (at most 9).
func AppendFraction(b []byte, t time.Time, digits int) []byte {
	b = append(b, '.')
	n := t.Nanosecond()
	for unit := 100_000_000; digits > 0; digits-- {
		b = append(b, byte('0'+n/unit%10))
		unit /= 10
	}
	return b
}

// ISOSeconds is an instant in UTC as "2006-01-02T15:04:05Z".
func ISOSeconds(t time.Time) string {
	return text(append(AppendDateTime(make([]byte, 0, 20), t, 'T'), 'Z'))
}

// RFC2822 is an instant in UTC as "Mon, 02 Jan 2006 15:04:05 +0000".
func RFC2822(t time.Time) string {
	const days, months = "SunMonTueWedThuFriSat", "JanFebMarAprMayJunJulAugSepOctNovDec"
	var dateTime [19]byte
	at := AppendDateTime(dateTime[:0], t, ' ')
	day, month := 3*int(t.UTC().Weekday()), 3*(int(at[5]-'0')*10+int(at[6]-'0')-1)
	b := append(make([]byte, 0, 31), days[day:day+3]...)
	b = append(b, ',', ' ', at[8], at[9], ' ')
	b = append(b, months[month:month+3]...)
	b = append(append(b, ' '), at[:4]...)
	b = append(b, at[10:]...)
	return text(append(b, " +0000"...))
}

// ParseRFC2822 reads what RFC2822 writes, in any zone.
func ParseRFC2822(s string) (t time.Time, ok bool) {
	t, err := time.Parse("Mon, 02 Jan 2006 15:04:05 -0700", s)
	return t.UTC(), err == nil
}

// ISOMillis is an instant in UTC as "2006-01-02T15:04:05.000Z".
func ISOMillis(t time.Time) string {
	return string(append(AppendFraction(AppendDateTime(make([]byte, 0, 24), t, 'T'), t, 3), 'Z'))
}
