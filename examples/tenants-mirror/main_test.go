package main

import (
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

const (
	token = "Authorization: Bearer eyJhbGciOiJub25lIn0.e30."
	shop  = "X-Shopify-Access-Token: shpat_0123456789abcdef"
	key   = "Authorization: Bearer sk_test_0123456789"
)

func TestCalls(t *testing.T) {
	m := sdktest.Start(t, sdktest.Header("Content-Type", "application/json"))
	mutation := `{"query":"mutation { customerCreate(input: $input) { customer { id } } }","variables":{"input":{"firstName":"Jenny"}}}`
	for _, c := range []struct {
		host, path, body, credential string
		status                       int
		id, prefix, entity           string
	}{
		{auth0, "/api/v2/users", `{"connection":"app","email":"jenny@example.com"}`, token, 201, "user_id", "auth0|", "users"},
		{shopify, "/admin/api/2026-01/graphql.json", mutation, shop, 200, "data.customerCreate.customer.id", "gid://shopify/Customer/", "customers"},
		{clerk, "/v1/organizations", `{"name":"App"}`, key, 200, "id", "org_", "clerk_organizations"},
		{workOS, "/organizations", `{"name":"App"}`, key, 201, "id", "org_01", "workos_organizations"},
	} {
		made := m.RequestHost(c.host, "POST", c.path, c.body, c.credential, "Host: app.vendor.example").Want(c.status)
		id := made.Get(c.id)
		if kept := strings.Join(m.State(c.entity), ""); !strings.HasPrefix(id, c.prefix) || !strings.Contains(kept, `"`+id+`"`) {
			t.Errorf("%s: answered %s, keeps %s", c.host, made.Body, kept)
		}
	}
}

// TestTenants: a name's users are no other's.
func TestTenants(t *testing.T) {
	m := sdktest.Start(t, sdktest.Header("Content-Type", "application/json"))
	id := m.RequestHost(auth0, "POST", "/api/v2/users", `{"connection":"app","email":"jenny@example.com"}`, token, "Host: one.eu.auth0.com").Want(201).Get("user_id")
	path := "/api/v2/users/" + strings.Replace(id, "|", "%7C", 1)
	m.RequestHost(auth0, "GET", path, "", token, "Host: ONE.eu.auth0.com").Want(200)
	m.RequestHost(auth0, "GET", path, "", token, "Host: two.eu.auth0.com").Want(404)
}

func TestErrors(t *testing.T) {
	m := sdktest.Start(t, sdktest.Header("Content-Type", "application/json"))
	for _, c := range []struct {
		host, path, body, credential string
		status                       int
		want                         string
	}{
		{workOS, "/organizations", `{"name":"App"}`, "", 401, "key or token"},
		{workOS, "/organizations", `{"name":"App"}`, "Authorization: Bearer sk_live_0123456789", 401, "live key"},
		{workOS, "/organizations", `{}`, key, 400, "name is missing"},
		{workOS, "/v1/organizations", `{"name":"App"}`, key, 404, "no such operation"},
		{shopify, "/admin/api/2026-01/graphql.json", `{"query":"{ shop { name } }"}`, shop, 501, "customerCreate alone"},
	} {
		if r := m.RequestHost(c.host, "POST", c.path, c.body, c.credential).Want(c.status); !strings.Contains(r.Body, c.want) {
			t.Errorf("%s %s: %s, want %s", c.host, c.body, r.Body, c.want)
		}
	}
}
