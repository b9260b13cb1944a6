package main

import (
	"strings"
	"time"
)

// What countries ask of accounts [R POST /v1/accounts at 2023-10-16, 2023-10 to
// 2025-02, 60 countries; others believed to be as most are].

// currencyByCountry is the currency of each country that accounts can be in
// [R; D docs.stripe.com/connect/cross-border-payouts and
// docs.stripe.com/global, 2026-11].
const currencyByCountry = "AE aed,AG xcd,AL all,AM amd,AO aoa,AR ars,AT eur,AU aud,AZ azn,BA bam,BD bdt,BE eur,BG bgn,BH bhd,BJ xof,BN bnd,BO bob,BR brl,BS bsd,BT btn,BW bwp,CA cad,CH chf,CI xof,CL clp,CO cop,CR crc,CY eur,CZ czk,DE eur,DK dkk,DO dop,DZ dzd,EC usd,EE eur,EG egp,ES eur,ET etb,FI eur,FR eur,GA xaf,GB gbp,GH ghs,GI gbp,GM gmd,GR eur,GT gtq,GY gyd,HK hkd,HR eur,HU huf,ID idr,IE eur,IL ils,IN inr,IS isk,IT eur,JM jmd,JO jod,JP jpy,KE kes,KH khr,KR krw,KW kwd,KZ kzt,LA lak,LC xcd,LI chf,LK lkr,LT eur,LU eur,LV eur,MA mad,MC eur,MD mdl,MG mga,MK mkd,MN mnt,MO mop,MT eur,MU mur,MX mxn,MY myr,MZ mzn,NA nad,NE xof,NG ngn,NL eur,NO nok,NZ nzd,OM omr,PA usd,PE pen,PH php,PK pkr,PL pln,PT eur,PY pyg,QA qar,RO ron,RS rsd,RW rwf,SA sar,SE sek,SG sgd,SI eur,SK eur,SM eur,SN xof,SV usd,TH thb,TN tnd,TR try,TT ttd,TW twd,TZ tzs,UY uyu,UZ uzs,US usd,VN vnd,ZA zar"

// currencyOf returns a country's currency, "" for no country.
func currencyOf(country string) string {
	if len(country) != 2 {
		return ""
	}
	_, rest, ok := strings.Cut(","+currencyByCountry, ","+country+" ")
	if !ok {
		return ""
	}
	return rest[:3]
}

// payoutDelay is how many days behind a charge an account is paid out. Transfers
// to recipients are there at once, in some countries a day later [R].
func payoutDelay(country string, recipient bool) int64 {
	switch {
	case recipient && strings.Contains("CI GT ID MY PE TT", country):
		return 1
	case recipient:
		return 0
	case country == "US" || country == "AU":
		return 2
	case country == "JP":
		return 4 // [D docs.stripe.com/payouts#payout-speed, 2026-11]
	}
	return 7 // [R CA, CH and SG; elsewhere believed]
}

// idNumberRule tells what an account's people show of their national number: 0
// nothing until it is given, 1 that it was provided, 2 its last four digits too
// [R nothing in GB, AU and NO, 1 in CA, 2 in the US and where everything is shown].
func idNumberRule(country string, all bool) int {
	switch {
	case all || country == "US" || country == "SG":
		return 2
	case country == "CA":
		return 1
	}
	return 0
}

// fields lists requirements in a line.
func fields(text string) []string { return strings.Fields(text) }

const (
	street     = "address.city address.line1 address.postal_code "
	birth      = "dob.day dob.month dob.year "
	names      = "first_name last_name "
	full       = street + "address.state " + birth
	mailStreet = street + birth + "email " + names
)

// personFields are what is due of an individual, or of a company's
// representative.
func personFields(country string, recipient bool, now int64) []string {
	switch {
	case recipient && strings.Contains("GT PK", country): // [R]
		return fields("address.line1 " + birth + "email id_number " + names)
	case recipient:
		return fields("address.line1 " + birth + "email " + names)
	}
	switch country {
	case "US":
		return fields(full + "email " + names + "phone ssn_last_4")
	case "CA":
		if now >= canada {
			return fields(full + names + "relationship.title")
		}
		return fields(full + names)
	case "AU":
		return fields(full + "email " + names + "phone")
	case "SG":
		return fields("address.line1 address.postal_code " + birth + "email full_name_aliases id_number nationality " + names + "phone")
	case "AE":
		return fields("address.line1 address.state " + birth + "email id_number nationality " + names + "phone")
	}
	return fields(mailStreet + "phone")
}

// ownerFields are what is due of the owners of a company before the first one is
// known: at once, and at some time.
func ownerFields(country string, now int64) (currently, eventually []string) {
	switch country {
	case "US":
		all := full + "email " + names + "phone"
		if now < companies {
			all += " ssn_last_4"
		}
		return fields("email " + names), fields(all)
	case "CA":
		if now < canada {
			return nil, nil
		}
		return fields(full + names), fields(full + names)
	case "SG":
		return nil, nil
	case "AE":
		all := "address.line1 address.state " + birth + "id_number nationality " + names
		return fields(all), fields(all + "documents.passport.files")
	}
	return fields(mailStreet), fields(mailStreet)
}

// When rules of 2024 came into force, which were future requirements before [R
// future_requirements.current_deadline].
const (
	companies   = 1713294000 // 2024-04-16, of companies in the US
	individuals = 1717516800 // 2024-06-04, of individuals there
	canada      = 1724259600 // 2024-08-21
)

// futureDeadline is when what is due in future becomes due, by when an account
// was made; 0 if nothing will.
func futureDeadline(country string, company bool, created int64) int64 {
	const newYear, spring = 1704067200, 1712620800 // 2024-01-01, 2024-04-09
	switch {
	case country == "CA" && created >= newYear+60*86400 && created < canada:
		return canada
	case country != "US":
		return 0
	case created < newYear:
		return 1712084400
	case created < spring || company && created < companies:
		return companies
	case company && created < individuals:
		return 0
	}
	return individuals
}

// phoneFault is what is said of a number like 0000000000, in the rules that are
// to come, until mid-2024 [R 2023-10 to 2024-05; the text changed with the year].
func phoneFault(phone string, now int64) string {
	digits := strings.TrimLeft(phone, "+1")
	if phone == "" || strings.Trim(digits, "0") != "" || now >= individuals {
		return ""
	}
	if now < time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix() {
		return "This phone number has too many repeating or sequential numbers. " + phone + " is not a valid phone number."
	}
	return "This field must contain a valid phone number for your country, or it has too many repeating or sequential numbers. " + phone + " is not a valid phone number."
}

// verification is what a country verifies of somebody of whom everything is
// known, until it is done.
func verification(country string, now int64) []string {
	switch country {
	case "US":
		return fields(street + "address.state id_number verification.document")
	case "CA":
		if now >= canada {
			return fields("verification.additional_document verification.document verification.proof_of_liveness")
		}
	case "HK":
		return fields("verification.document")
	case "NZ":
		return fields("verification.additional_document verification.document")
	}
	return nil
}

// How long verification takes with test data is not published: these are what
// most recordings show, in seconds behind the account's creation or the upload of
// a document [R 559 answers, of accounts in the US]. Until mid-2024 a document
// ended it.
const (
	verifySlow     = 23 // everything, without a document
	verifyFast     = 12 // the same until mid-2024
	documentSeen   = 10 // a document is read
	documentPassed = 20 // everything, with a document
	documentElse   = 3  // a document, in other countries
	slowSince      = individuals
	livenessSince  = 1698710400 // 2023-10-31 [R SG: between the 30th and 31st]
)
