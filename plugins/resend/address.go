package main

import "strings"

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
