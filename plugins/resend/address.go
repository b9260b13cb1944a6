package main

import "strings"

// address is the bare address of "Name <address>" or of an address alone, in lower
// case; ok is false for what is neither.
func address(s string) (a string, ok bool) {
	s = strings.TrimSpace(s)
	if n := len(s); n > 0 && s[n-1] == '>' {
		i := strings.LastIndexByte(s, '<')
		if i < 0 {
			return "", false
		}
		s = s[i+1 : n-1]
	}
	at := strings.IndexByte(s, '@')
	if at <= 0 {
		return "", false
	}
	kinds, ok := domainKinds(s[at+1:])
	for i := range at {
		kinds |= characters[s[i]]
	}
	if !ok || kinds&notLocal != 0 {
		return "", false
	}
	if kinds&mayBeUpper != 0 {
		s = strings.ToLower(s)
	}
	return s, true
}

// characters says of each byte what it is: a guest pays for every branch of a loop.
var characters = func() (table [256]uint8) {
	for c := range table {
		switch {
		case c <= ' ' || strings.IndexByte("<>,;\"@", byte(c)) >= 0:
			table[c] = notLocal | notLabel
		case c >= 'A' && c <= 'Z' || c >= 0x80:
			table[c] = mayBeUpper
		case c == '.' || c == '-':
			table[c] = edge
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			table[c] = notLabel
		}
	}
	return table
}()

const (
	notLocal   = 1 << iota // not in front of the @
	notLabel               // not in a domain
	mayBeUpper             // a letter that ToLower may change
	edge                   // ends a label, or may not
)

// isDomain tells whether a name has at least two labels of letters, digits and
// dashes.
func isDomain(s string) bool {
	_, ok := domainKinds(s)
	return ok
}

// domainKinds is isDomain that also tells what characters there are.
func domainKinds(s string) (kinds uint8, ok bool) {
	dots, label := 0, 0 // label is where the last one begins
	for i := range len(s) {
		kind := characters[s[i]]
		kinds |= kind
		if kind&(notLabel|edge) == 0 {
			continue
		}
		first := i == label
		last := i+1 == len(s) || s[i+1] == '.'
		switch {
		case kind == edge && s[i] == '.' && !first && !last && i-label <= 63:
			dots, label = dots+1, i+1
		case kind != edge || s[i] == '.' || first || last:
			return kinds, false
		}
	}
	return kinds, dots > 0 && len(s)-label <= 63 && len(s) <= 253
}

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// testDomain has addresses of which each has a fate of its own
// [D dashboard/emails/send-test-emails, 2026-11].
const testDomain = "resend.dev"

// fateOf is what becomes of an email to an address of the test domain, "" for other
// addresses. A label may follow, but for suppressed@ [D, same page].
func fateOf(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	if domain != testDomain {
		return ""
	}
	if local == "suppressed" {
		return "suppressed"
	}
	local, _, _ = strings.Cut(local, "+")
	switch local {
	case "delivered", "bounced", "complained":
		return local
	}
	return ""
}

// placeholder tells a domain of documentation, to which the vendor does not send
// [D knowledge-base/what-email-addresses-to-use-for-testing, 2026-11].
func placeholder(domain string) bool {
	switch domain {
	case "example.com", "example.org", "example.net", "test.com":
		return true
	}
	return false
}
