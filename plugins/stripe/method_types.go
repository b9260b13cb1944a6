package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// Payment methods other than cards can be made, kept and attached. Paying with
// them is not mirrored yet; confirming answers 501.

// plainTypes have an empty member of their own name [R 2024-12-18.acacia for
// afterpay_clearpay, alipay, bancontact, giropay, grabpay, oxxo, wechat_pay; the
// others S openapi 2024-04-10].
var plainTypes = [...]string{"affirm", "afterpay_clearpay", "alipay", "amazon_pay", "bancontact", "blik", "cashapp", "giropay", "grabpay", "mobilepay", "multibanco", "oxxo", "paynow", "pix", "promptpay", "revolut_pay", "swish", "twint", "wechat_pay", "zip"}

// idealBanks are the banks of iDEAL and their BICs [R abn_amro; S openapi].
const idealBanks = "abn_amro ABNANL2A asn_bank ASNBNL21 bunq BUNQNL2A handelsbanken HANDNL2A ing INGBNL2A knab KNABNL2H moneyou MOYONL21 n26 NTSBDEB1 nn NNBANL2G rabobank RABONL2U regiobank RBRBNL21 revolut REVOLT21 sns_bank SNSBNL2A triodos_bank TRIONL2U van_lanschot FVLBNL22 yoursafe BITSNL2A "

// bankCodeDigits is how many digits behind an IBAN's check digits name the bank
// [R BE, DE, DK, FI, FR and HR; the others by the IBAN registry, ISO 13616].
var bankCodeDigits = map[string]int{"AT": 5, "BE": 3, "DE": 8, "DK": 4, "FI": 6, "FR": 5, "HR": 7, "LU": 3, "NL": 4}

// branchCodeDigits is how many digits behind these name the branch [R FR].
var branchCodeDigits = map[string]int{"FR": 5}

// methodDetails makes the member of a type's own name; absent if the type is
// not mirrored.
func (r *request) methodDetails(typ string, p sdk.Doc) (sdk.Doc, error) {
	d := r.NewObject()
	given := p.Get(typ)
	var err error
	need := func(names ...string) {
		for _, n := range names {
			if err == nil && given.Get(n).String() == "" {
				err = invalid("parameter_missing", typ+"["+n+"]", "Missing required param: "+typ+"["+n+"].") // [R-like]
			}
		}
	}
	last4 := func(name string) string {
		v := given.Get(name).String()
		return v[max(0, len(v)-4):]
	}
	switch typ {
	case "acss_debit":
		need("account_number", "institution_number", "transit_number")
		d.SetString("bank_name", "STRIPE TEST BANK")
		d.SetString("fingerprint", fingerprint(r.Call, given.JSON()))
		d.SetString("institution_number", given.Get("institution_number").String())
		d.SetString("last4", last4("account_number"))
		d.SetString("transit_number", given.Get("transit_number").String())
	case "boleto":
		need("tax_id")
		d.SetString("fingerprint", fingerprint(r.Call, given.JSON()))
		d.SetString("tax_id", given.Get("tax_id").String())
	case "eps", "p24":
		d.SetStringOrNull("bank", given.Get("bank").String())
	case "fpx":
		need("bank")
		d.SetString("account_holder_type", "individual")
		d.SetString("bank", given.Get("bank").String())
	case "ideal":
		bank := given.Get("bank").String()
		_, rest, _ := strings.Cut(idealBanks, bank+" ")
		bic, _, _ := strings.Cut(rest, " ")
		if bank == "" {
			bic = ""
		}
		d.SetStringOrNull("bank", bank)
		d.SetStringOrNull("bic", bic)
	case "sofort":
		need("country")
		d.SetString("country", given.Get("country").String())
	case "sepa_debit":
		need("iban")
		iban := strings.ToUpper(strings.ReplaceAll(given.Get("iban").String(), " ", ""))
		bank, branch, ok := partsOfIBAN(iban)
		if !ok {
			return sdk.Doc{}, err
		}
		d.SetString("bank_code", bank)
		d.SetString("branch_code", branch)
		d.SetString("country", iban[:2])
		d.SetString("fingerprint", fingerprint(r.Call, iban))
		d.SetJSON("generated_from", `{"charge":null,"setup_attempt":null}`)
		d.SetString("last4", iban[len(iban)-4:])
	case "us_bank_account":
		// [R 2024-06-20, GET /v1/setup_intents expand payment_method]
		need("account_number", "routing_number")
		kind := given.Get("account_type").String()
		if kind == "" {
			kind = "checking"
		}
		d.SetStringOrNull("account_holder_type", given.Get("account_holder_type").String())
		d.SetString("account_type", kind)
		d.SetString("bank_name", "STRIPE TEST BANK")
		d.SetNull("financial_connections_account")
		d.SetString("fingerprint", fingerprint(r.Call, given.JSON()))
		d.SetString("last4", last4("account_number"))
		d.SetJSON("networks", `{"preferred":"ach","supported":["ach"]}`)
		d.SetString("routing_number", given.Get("routing_number").String())
		d.SetJSON("status_details", "{}")
	default:
		for _, t := range plainTypes {
			if t == typ {
				return d, nil
			}
		}
		return sdk.Doc{}, nil
	}
	return d, err
}

// otherMethod makes a payment method that is no card; its own member stands in
// alphabetical order behind id and object [R].
func (r *request) otherMethod(p sdk.Doc, typ, prefix string) (sdk.Doc, error) {
	details, err := r.methodDetails(typ, p)
	if err != nil {
		return sdk.Doc{}, err
	}
	if !details.Exists() {
		return sdk.Doc{}, &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: within(prefix, "type"), message: "Mirra does not mirror payment methods of type " + typ + " with these details yet."}
	}
	d := paymentMethodTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "pm_1"))
	d.Delete("card")
	d.SetInt("created", r.Unix())
	d.SetString("type", typ)
	after := "object"
	for m := range d.All {
		key := m.Key()
		if key != "id" && key != "object" && key < typ {
			after = key
		}
	}
	d.InsertJSON(after, typ, details.JSON())
	r.setBilling(d, p)
	return d, nil
}
