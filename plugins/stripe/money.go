package main

import (
	"strconv"
	"strings"
)

// currencies that charges can be made in [D docs.stripe.com/currencies,
// 2026-11; the order is the vendor's message's, by users' reports].
const currencies = "usd, aed, afn, all, amd, ang, aoa, ars, aud, awg, azn, bam, bbd, bdt, bgn, bhd, bif, bmd, bnd, bob, brl, bsd, bwp, byn, bzd, cad, cdf, chf, clp, cny, cop, crc, cve, czk, djf, dkk, dop, dzd, egp, etb, eur, fjd, fkp, gbp, gel, gip, gmd, gnf, gtq, gyd, hkd, hnl, hrk, htg, huf, idr, ils, inr, isk, jmd, jod, jpy, kes, kgs, khr, kmf, krw, kwd, kyd, kzt, lak, lbp, lkr, lrd, lsl, mad, mdl, mga, mkd, mmk, mnt, mop, mur, mvr, mwk, mxn, myr, mzn, nad, ngn, nio, nok, npr, nzd, omr, pab, pen, pgk, php, pkr, pln, pyg, qar, ron, rsd, rub, rwf, sar, sbd, scr, sek, sgd, shp, sle, sos, srd, std, szl, thb, tjs, tnd, top, try, ttd, twd, tzs, uah, ugx, uyu, uzs, vnd, vuv, wst, xaf, xcd, xof, xpf, yer, zar, zmw, usdc, btn, ghs, eek, lvl, svc, vef, ltl, sll, mro"

// zeroDecimal currencies have no minor unit [D docs.stripe.com/currencies, 2026-11].
const zeroDecimal = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"

// minimum is the smallest charge in a currency, in its smallest unit
// [D docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, 2026-11].
type minimum struct {
	currency string
	amount   int64
}

var minimums = []minimum{
	{"usd", 50}, {"aed", 200}, {"aud", 50}, {"bgn", 100}, {"brl", 50}, {"cad", 50}, {"chf", 50}, {"czk", 1500}, {"dkk", 250},
	{"eur", 50}, {"gbp", 30}, {"hkd", 400}, {"huf", 17500}, {"inr", 50}, {"jpy", 50}, {"mxn", 1000}, {"myr", 200}, {"nok", 300},
	{"nzd", 50}, {"pln", 200}, {"ron", 200}, {"sek", 300}, {"sgd", 50}, {"thb", 1000},
}

// maximum is the largest amount: eight digits [R "Amount must be no more than $999,999.99"].
const maximum = 99999999

// currency reads a currency parameter: any case, kept in lower case [R "USD"].
func (r *request) currency(param string) (string, error) {
	c := strings.ToLower(r.text(param))
	if len(c) < 3 || strings.IndexByte(c, ' ') >= 0 || !strings.Contains(currencies+",", c+",") {
		return "", invalid("", param, "Invalid currency: "+c+". Stripe currently supports these currencies: "+currencies) // [3, users' reports]
	}
	return c, nil
}

// zeroExplained is since when nothing to charge has an explanation of its own:
// not in 2023-08, in 2024-08 [R].
var zeroExplained = day("2024-01-01")

// amount checks an amount to charge.
func (r *request) amount(currency string) (int64, error) {
	n := r.params.Get("amount").Int64()
	switch {
	case n < 0 || n == 0 && !r.after(zeroExplained):
		return 0, invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.") // [R]
	case n == 0:
		// [R 2024-06-20], two spaces included.
		return 0, invalid("parameter_invalid_integer", "amount", "The amount must be greater than or equal to the minimum charge amount allowed for your account and the currency set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save a Payment Method for future use without an immediate payment, use a Setup Intent instead: https://docs.stripe.com/payments/setup-intents")
	case n > maximum:
		return 0, executed(invalid("amount_too_large", "", "Amount must be no more than "+money(maximum, currency))) // [R 2024-04-10, no param]
	}
	for _, m := range minimums {
		if m.currency == currency && n < m.amount {
			return 0, executed(invalid("amount_too_small", "amount", "Amount must be at least "+money(m.amount, currency)+" "+currency)) // [D error-codes; wording by users' reports]
		}
	}
	return n, nil
}

// money shows an amount with its currency's sign: $999,999.99 [R].
func money(amount int64, currency string) string {
	sign := ""
	switch currency {
	case "usd", "cad", "aud", "nzd", "sgd", "hkd", "mxn":
		sign = "$"
	case "eur":
		sign = "€"
	case "gbp":
		sign = "£"
	case "jpy", "cny":
		sign = "¥"
	case "inr":
		sign = "₹"
	}
	cents := ""
	if !strings.Contains(zeroDecimal, currency) {
		c := strconv.FormatInt(amount%100, 10)
		if len(c) == 1 {
			c = "0" + c
		}
		cents = "." + c
		amount /= 100
	}
	whole := strconv.FormatInt(amount, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + cents
}
