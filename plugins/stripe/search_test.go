package main

import (
	"strings"
	"testing"
)

// TestSearch [D docs.stripe.com/search, 2026-11].
func TestSearch(t *testing.T) {
	m := start(t)
	for _, c := range [][]string{
		{"email=ann@example.com", "name=Ann Lee", "metadata[tier]=gold"}, {"email=bob@example.com", "name=Bob Leeds", "metadata[tier]=iron"}, {"name=Cyd", "metadata[x]=it's"},
	} {
		m.Form("POST", "/v1/customers", c...).Want(200)
	}
	for query, want := range map[string]string{
		`email:"ann@example.com"`:                            "Ann Lee",
		`email:'ANN@example.com'`:                            "Ann Lee",
		`name~"lee"`:                                         "Bob Leeds,Ann Lee",
		`name~"lee" AND metadata["tier"]:"gold"`:             "Ann Lee",
		`name~"lee" metadata['tier']:'gold'`:                 "Ann Lee",
		`metadata["tier"]:"gold" OR metadata["tier"]:"iron"`: "Bob Leeds,Ann Lee",
		`-metadata["tier"]:null`:                             "Bob Leeds,Ann Lee",
		`metadata["x"]:'it\'s'`:                              "Cyd",
		`-name~"lee"`:                                        "Cyd",
		`email:null`:                                         "Cyd",
		`created>1719835199`:                                 "Cyd,Bob Leeds,Ann Lee",
		`created>1719835200`:                                 "",
		`created<=1719835200 name:"cyd"`:                     "Cyd",
	} {
		r := m.Form("GET", "/v1/customers/search", "query="+query).Want(200)
		var got []string
		for i := range r.JSON().Len("data") {
			got = append(got, r.Get("data."+string(rune('0'+i))+".name"))
		}
		if strings.Join(got, ",") != want || r.Get("object") != "search_result" || r.Get("has_more") != "false" || r.Get("next_page") != "null" {
			t.Errorf("%s finds %q, want %s: %s", query, got, want, r.Body)
		}
	}
	first := m.Form("GET", "/v1/customers/search", `query=name~"lee"`, "limit=1").Want(200)
	second := m.Form("GET", "/v1/customers/search", `query=name~"lee"`, "limit=1", "page="+first.Get("next_page")).Want(200)
	if first.Get("has_more") != "true" || first.Get("data.0.name") != "Bob Leeds" || second.Get("data.0.name") != "Ann Lee" || second.Get("has_more") != "false" {
		t.Errorf("pages %s, %s", first.Body, second.Body)
	}
	for query, want := range map[string]string{
		`phonenumber:"1"`:                   "Field `phonenumber` is an unsupported search field for resource `customers`.",
		`name`:                              "We were unable to parse your search query.",
		`name:"x`:                           "We were unable to parse your search query.",
		`name~"xy"`:                         "We were unable to parse your search query.",
		`-`:                                 "We were unable to parse your search query.",
		`name:"a" AND name:"b" OR name:"c"`: "We were unable to parse your search query.",
		strings.Repeat(`name:"a" `, 11):     "We were unable to parse your search query.",
	} {
		if r := m.Form("GET", "/v1/customers/search", "query="+query).Want(400); !strings.HasPrefix(r.Get("error.message"), want) || r.Get("error.param") != "query" {
			t.Errorf("%s: %s", query, r.Body)
		}
	}
	apiError{400, "", "parameter_missing", "", "query", "Missing required param: query."}.check(t, m.Form("GET", "/v1/customers/search"))
	for _, kind := range []string{"charges", "invoices", "payment_intents", "prices", "products", "subscriptions"} {
		m.Form("GET", "/v1/"+kind+"/search", `query=metadata["a"]:"b"`).Want(200)
	}
}
