package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// Versions with changes that the code asks for by name
// [D docs.stripe.com/changelog, 2026-11].
const (
	acacia = "2024-09-30"
	basil  = "2025-03-31"
	clover = "2025-09-30"
	dahlia = "2026-03-25"
)

// The versions this mirror knows how to answer in lie between these two. Older
// ones shaped answers in ways that are not mirrored.
const (
	oldestVersion = "2019-08-14"
	newestVersion = "2026-08-26"
	newestName    = newestVersion + ".dahlia"
)

// latestVersion asks for whatever is newest. Stripe's own tests sent it to the vendor
// (github.com/stripe/stripe-node/pull/82, 2014-01; the suite in stripe 5.10.0 from
// npm). That the answer names the version it got is believed.
const latestVersion = "latest"

// The descriptions that the tables are made of, in their order.
const (
	in20240410 resource.Versions = 1 << iota
	in20240930
	in20260826
)

// described tells which descriptions hold for a version. What the mirror's line
// knows lies between the first two.
func described(version string) resource.Versions {
	switch {
	case version < acacia:
		return in20240410 | in20240930
	case version < basil:
		return in20240930
	}
	return in20260826
}

// apiVersion is the version a request is answered in.
type apiVersion struct {
	date string // 2024-06-20, by which versions are compared
	text string // as the answer names it: 2025-03-31.basil, with betas
}

// ownVersion is the line's, usedVersion the current call's; askedVersion is what
// the current request says.
var (
	ownVersion   = apiVersion{dateOf(lineVersion), lineVersion}
	usedVersion  = ownVersion
	askedVersion string
)

// chooseVersion sets usedVersion to what the request asks for, or to the line's
// where it asks for none or for one that is not mirrored.
func chooseVersion(c *sdk.Call) {
	usedVersion = ownVersion
	askedVersion = c.Header("Stripe-Version")
	if asked := askedVersion; asked == latestVersion {
		usedVersion = apiVersion{newestVersion, newestName}
	} else if asked != "" && asked != lineVersion {
		if date := dateOf(asked); date >= oldestVersion && date <= newestVersion {
			usedVersion = apiVersion{date, asked} // [R] betas are echoed
		}
	}
}

// checkVersion refuses what is no version at all, as the vendor does. One that
// is not mirrored gets the line's with a warning, or the vendor's refusal where
// the session wants that. So does a beta, which no test account is known to have.
//
// That the key is looked at first is believed.
func checkVersion(c *sdk.Call) error {
	asked := askedVersion
	if asked == "" || asked == lineVersion || asked == latestVersion {
		return nil
	}
	version, betas, _ := strings.Cut(asked, ";")
	if betas = strings.TrimSpace(betas); !versionLike(strings.TrimSpace(version)) {
		return invalidVersion(asked, "")
	}
	known := usedVersion.text == asked
	switch {
	case known && betas == "":
		return nil
	case !c.RefuseVersions() && known:
		c.Warn("asked for " + shortened(asked) + ", answered without its betas")
		return nil
	case !c.RefuseVersions():
		c.Warn("asked for " + shortened(asked) + ", answered as " + lineVersion)
		return nil
	}
	c.Warn("asked for " + shortened(asked) + ", refused as `version-mismatch: error` wants it; this mirror has " + oldestVersion + " to " + newestVersion)
	beta, _, _ := strings.Cut(betas, "=")
	if !known {
		beta = ""
	}
	return invalidVersion(asked, beta)
}

// dateOf returns the date of a version, "" of what is none.
func dateOf(asked string) string {
	version, _, _ := strings.Cut(asked, ";")
	if version = strings.TrimSpace(version); !versionLike(version) {
		return ""
	}
	return version[:len("0000-00-00")]
}

// versionLike tells whether text has the form of a version: 2024-06-20, since
// 2024-09-30 with the name of a release, 2024-09-30.acacia
// [D docs.stripe.com/api-versions, 2026-11].
func versionLike(text string) bool {
	date, release, named := strings.Cut(text, ".")
	if named && (release == "" || strings.Trim(release, "abcdefghijklmnopqrstuvwxyz") != "") {
		return false
	}
	const form = "0000-00-00"
	if len(date) != len(form) {
		return false
	}
	for i := range len(form) {
		if c := date[i]; form[i] == '-' && c != '-' || form[i] == '0' && (c < '0' || c > '9') {
			return false
		}
	}
	month, day := date[5:7], date[8:10]
	return month >= "01" && month <= "12" && day >= "01" && day <= "31"
}

// invalidVersion refuses a version: one that is misspelt, 2019-2-19
// (github.com/stripe/stripe-java/issues/682, 2019-02), or well-formed and not
// there, 2022-08-02 (github.com/pay-rails/pay/issues/680, 2022-08), and one with
// a beta that the account does not have
// (github.com/stripe-samples/link/issues/58, 2022-08). All are users' reports of
// the text; that there is no code, and the usual type, is believed.
func invalidVersion(asked, beta string) *failure {
	message := "Invalid Stripe API version: " + asked
	if beta != "" {
		message += ". You do not have permission to pass this beta header: " + beta + ". If you have any questions, we can help at https://support.stripe.com/."
	}
	return invalid("", "", message)
}

// shortened is a client's text as a warning shows it.
func shortened(text string) string {
	const limit = 64
	if len(text) > limit {
		return strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return text
}
