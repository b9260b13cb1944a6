package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// searchFields are the members that each kind can be searched by
// [D docs.stripe.com/search#query-fields-for-charges and following, 2026-11];
// metadata, with a key, is one of all.
var searchFields = map[string]string{
	"charge":         "amount billing_details.address.postal_code created currency customer disputed payment_method_details.card.brand payment_method_details.card.exp_month payment_method_details.card.exp_year payment_method_details.card.fingerprint payment_method_details.card.last4 refunded status",
	"customer":       "created email name phone",
	"invoice":        "created currency customer last_finalization_error_code last_finalization_error_type number receipt_number status subscription total",
	"payment_intent": "amount created currency customer status",
	"price":          "active currency lookup_key product type",
	"product":        "active description name shippable url",
	"subscription":   "canceled_at created status",
}

// clause is one condition of a search.
type clause struct {
	path   []string
	op     string // : ~ > < >= <=
	value  string
	null   bool // : null
	negate bool
}

// maxClauses is how many conditions a search may have [D docs.stripe.com/search].
const maxClauses = 10

// parseSearch reads a query: conditions joined by spaces or AND, or all by OR
// [D docs.stripe.com/search#search-query-language, 2026-11]. Texts of errors are
// believed but for the first sentence.
func parseSearch(query, object string) (list []clause, or bool, err error) {
	bad := func(what string) error {
		return invalid("", "query", "We were unable to parse your search query. "+what+" See https://stripe.com/docs/search for more information.")
	}
	rest := strings.TrimSpace(query)
	joins := map[string]bool{}
	for rest != "" {
		if len(list) > 0 {
			switch upper := strings.ToUpper(rest); {
			case strings.HasPrefix(upper, "AND "):
				joins["AND"], rest = true, strings.TrimSpace(rest[4:])
			case strings.HasPrefix(upper, "OR "):
				joins["OR"], rest = true, strings.TrimSpace(rest[3:])
			default:
				joins["AND"] = true
			}
		}
		var c clause
		if rest, c.negate = strings.TrimPrefix(rest, "-"), strings.HasPrefix(rest, "-"); rest == "" {
			return nil, false, bad("A clause ends behind its minus sign.")
		}
		end := strings.IndexAny(rest, ":~<>")
		if end <= 0 {
			return nil, false, bad("A clause needs a field, an operator and a value.")
		}
		field := strings.TrimSpace(rest[:end])
		c.op, rest = rest[end:end+1], rest[end+1:]
		if (c.op == "<" || c.op == ">") && strings.HasPrefix(rest, "=") {
			c.op, rest = c.op+"=", rest[1:]
		}
		if c.path = searchPath(field, object); c.path == nil {
			return nil, false, invalid("", "query", "Field `"+field+"` is an unsupported search field for resource `"+object+"s`. See http://stripe.com/docs/search#query-fields-for-"+strings.ReplaceAll(object, "_", "-")+"s for a list of supported fields.")
		}
		var ok bool
		if c.value, c.null, rest, ok = searchValue(strings.TrimSpace(rest)); !ok {
			return nil, false, bad("A value ends without its quote.")
		}
		if c.op == "~" && len(c.value) < 3 {
			return nil, false, bad("A value behind ~ needs at least 3 characters.")
		}
		list, rest = append(list, c), strings.TrimSpace(rest)
	}
	switch {
	case len(list) == 0:
		return nil, false, bad("It is empty.")
	case joins["AND"] && joins["OR"]:
		return nil, false, bad("AND and OR cannot be used in one query.")
	case len(list) > maxClauses:
		return nil, false, bad("It has more than " + strconv.Itoa(maxClauses) + " clauses.")
	}
	return list, joins["OR"], nil
}

// searchPath is the path of a field, nil if a kind cannot be searched by it.
func searchPath(field, object string) []string {
	if key, ok := strings.CutPrefix(field, "metadata["); ok {
		key = strings.Trim(strings.TrimSuffix(key, "]"), `"'`)
		return []string{"metadata", key}
	}
	for _, f := range strings.Fields(searchFields[object]) {
		if f == field {
			return strings.Split(f, ".")
		}
	}
	return nil
}

// searchValue cuts a value off: quoted, a number, or null.
func searchValue(s string) (value string, null bool, rest string, ok bool) {
	if s == "" {
		return "", false, "", false
	}
	if quote := s[0]; quote == '"' || quote == '\'' {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '\\' && i+1 < len(s):
				i++
				b.WriteByte(s[i])
			case s[i] == quote:
				return b.String(), false, s[i+1:], true
			default:
				b.WriteByte(s[i])
			}
		}
		return "", false, "", false
	}
	value, rest, _ = strings.Cut(s, " ")
	return value, strings.EqualFold(value, "null"), rest, true
}

// holds tells whether a document fulfils the condition. Texts are compared
// without regard to case [D docs.stripe.com/search#search-syntax].
func (c *clause) holds(d sdk.Doc) bool {
	m := d.Get(c.path...)
	found := false
	switch {
	case c.null:
		found = m.IsNull()
	case m.IsNull():
	case c.op == ":":
		found = strings.EqualFold(m.String(), c.value)
	case c.op == "~":
		found = strings.Contains(strings.ToLower(m.String()), strings.ToLower(c.value))
	default:
		have, ok := m.Int()
		want, err := strconv.ParseInt(c.value, 10, 64)
		if ok && err == nil {
			switch c.op {
			case ">":
				found = have > want
			case "<":
				found = have < want
			case ">=":
				found = have >= want
			case "<=":
				found = have <= want
			}
		}
	}
	return found != c.negate
}

// search answers a search of a kind, newest first. page is the id of the last
// object of the page before.
func search(k *sdk.Collection) func(r *request) error {
	return func(r *request) error {
		clauses, or, err := parseSearch(r.text("query"), k.Type)
		if err != nil {
			return err
		}
		limit := 10
		if n, ok := r.params.Get("limit").Int(); ok {
			if n < 1 || n > 100 {
				_, err := r.page()
				return err
			}
			limit = int(n)
		}
		result := r.NewObject()
		result.SetString("object", "search_result")
		data := result.SetArray("data")
		after, n, more, last := r.text("page"), 0, false, ""
		for next := true; next && !more; {
			found, err := k.Find(r.Call, sdk.ListQuery{Limit: 100, After: after})
			if err != nil {
				return invalid("", "page", "Invalid page: "+after)
			}
			var docs []sdk.Doc
			docs, next = found.Docs(r.Call)
			for _, d := range docs {
				after = d.Get("id").String()
				if !matches(d, clauses, or) {
					continue
				}
				if n == limit {
					more = true
					break
				}
				data.AddDoc(d)
				n++
				last = after
			}
		}
		result.SetBool("has_more", more)
		if more {
			result.SetString("next_page", last)
		} else {
			result.SetNull("next_page")
		}
		result.SetString("url", r.Path())
		return r.answer(result)
	}
}

func matches(d sdk.Doc, clauses []clause, or bool) bool {
	for i := range clauses {
		if clauses[i].holds(d) == or {
			return or
		}
	}
	return !or
}

// searchHandlers declares the searches; called when all kinds are known.
func searchHandlers() {
	for object, id := range map[string]string{
		"charge": "GetChargesSearch", "customer": "GetCustomersSearch", "invoice": "GetInvoicesSearch", "payment_intent": "GetPaymentIntentsSearch",
		"price": "GetPricesSearch", "product": "GetProductsSearch", "subscription": "GetSubscriptionsSearch",
	} {
		handle(id, sdk.Modelled, search(kept[object]))
	}
}
