package main

import "strings"

// address is the bare address of "Name <address>" or of an address alone, in lower
// case; ok is false for what is neither.
func address(s string) (a string, ok bool) {
	s = strings.TrimSpace(s)
	if strings.HasSuffix(s, ">") {
		i := strings.LastIndexByte(s, '<')
		if i < 0 {
			return "", false
		}
		s = s[i+1 : len(s)-1]
	}
	local, domain, found := strings.Cut(s, "@")
	if !found || local == "" || !isDomain(domain) || strings.ContainsAny(s, " \t\r\n<>,;\"") {
		return "", false
	}
	return strings.ToLower(s), true
}

// isDomain tells whether a name has at least two labels of letters, digits and
// dashes.
func isDomain(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i] | 0x20
			if (c < 'a' || c > 'z') && (label[i] < '0' || label[i] > '9') && label[i] != '-' && label[i] < 0x80 {
				return false
			}
		}
	}
	return true
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
