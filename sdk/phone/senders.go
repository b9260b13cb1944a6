package phone

// IsSenderName tells whether a text is an alphanumeric sender id: up to eleven
// letters, digits and spaces, a letter among them [D
// twilio.com/docs/glossary/what-alphanumeric-sender-id, 2026-11].
func IsSenderName(s string) bool {
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

// IsShortCode tells whether a sender is a short code: three to six digits.
func IsShortCode(s string) bool {
	return len(s) >= 3 && len(s) <= 6 && onlyDigits(s)
}
