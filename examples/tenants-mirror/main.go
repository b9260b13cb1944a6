// Tenants-mirror answers a call of each of four vendors' SDKs, in one plugin: two
// that give each tenant a host name of its own, whose objects are kept apart, and two
// that serve all from one. It is what a test needs to see whose call arrived, and no
// more: a mirror that others rely on looks up what its vendor does.
package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// Ids of the hosts.
const (
	auth0   = "auth0"
	shopify = "shopify"
	clerk   = "clerk"
	workOS  = "workos"
)

var tenants = sdk.New(sdk.Manifest{
	Name: "tenants", Vendor: "Auth0, Shopify, Clerk and WorkOS", Line: "v1", Build: 1,
	Summary: "A call of each SDK, kept",
	API:     sdk.API{Default: "v1"},
	Hosts: []sdk.Host{
		{ID: auth0, Name: "*.auth0.com"},
		{ID: shopify, Name: "*.myshopify.com"},
		{ID: clerk, Name: "api.clerk.com"},
		{ID: workOS, Name: "api.workos.com"},
	},
	// Whatever else of theirs an SDK calls is refused, not passed on.
	Domains: []string{"auth0.com", "myshopify.com", "shopify.com", "clerk.com", "workos.com"},
	Credentials: []sdk.Credentials{
		{Class: "secret", Scheme: "bearer", Pattern: `sk_test_\w+`},
		{Class: "live", Scheme: "bearer", Pattern: `sk_live_\w+`, Live: true},
		{Class: "token", Scheme: "bearer", Pattern: `ey[\w.-]+`},
		{Class: "shop", Scheme: "header", Header: "X-Shopify-Access-Token", Pattern: `shpat_\w+`},
	},
	Errors: []sdk.ErrorSpec{
		sdk.JSONError("internal", 500, "{message}"),
		sdk.JSONError("live-key", 401, "{message}"),
	},
})

var (
	users     = tenants.Collect(&sdk.Collection{Type: "user", Entity: "users", Prefix: "auth0|", Random: 24, ID: "user_id"})
	customers = tenants.Collect(&sdk.Collection{Type: "customer", Entity: "customers", Prefix: "gid://shopify/Customer/", Random: 13})
	// The two call theirs alike; an id tells which is which.
	clerkOrganizations  = tenants.Collect(&sdk.Collection{Type: "clerk_organization", Entity: "clerk_organizations", Prefix: "org_", Random: 27})
	workOSOrganizations = tenants.Collect(&sdk.Collection{Type: "workos_organization", Entity: "workos_organizations", Prefix: "org_01", Random: 24})
)

// What the SDKs read of an answer: auth0 7.1, @shopify/shopify-api 13.0, @clerk/backend
// 3.25 and @workos-inc/node 8.13, 2026-11.
var (
	user               = sdk.MustTemplate(`{"user_id":"","connection":"","email":""}`)
	customer           = sdk.MustTemplate(`{"id":"","firstName":""}`)
	clerkOrganization  = sdk.MustTemplate(`{"object":"organization","id":"","name":""}`)
	workOSOrganization = sdk.MustTemplate(`{"object":"organization","id":"","name":"","domains":[]}`)
)

func init() {
	tenants.Before = func(c *sdk.Call) error {
		c.SetHeader("Content-Type", "application/json")
		if c.Credential.Class == "" {
			return sdk.Fail(401, "send the vendor's key or token")
		}
		if c.Host == auth0 || c.Host == shopify {
			c.SetAccount(tenant(c)) // objects of accounts are apart
		}
		return nil
	}
	tenants.HandleHost(auth0, "POST /api/v2/users", "auth0/users/create", sdk.Generic, creates(users, user, 201, "connection", "email"))
	tenants.HandleHost(auth0, "GET /api/v2/users/{id}", "auth0/users/get", sdk.Generic, getUser)
	tenants.HandleHost(shopify, "POST /admin/api/{version}/graphql.json", "shopify/graphql", sdk.Generic, graphQL)
	tenants.HandleHost(clerk, "POST /v1/organizations", "clerk/organizations/create", sdk.Generic, creates(clerkOrganizations, clerkOrganization, 200, "name"))
	tenants.HandleHost(workOS, "POST /organizations", "workos/organizations/create", sdk.Generic, creates(workOSOrganizations, workOSOrganization, 201, "name"))
	tenants.Serve()
}

// tenant is the first label of the name that a request came by: "shop" of
// shop.myshopify.com.
func tenant(c *sdk.Call) string {
	name, _, _ := strings.Cut(c.Header("Host"), ".")
	return strings.ToLower(name)
}

// creates handles an operation that keeps members of its body and answers with the
// document.
func creates(kept *sdk.Collection, form *sdk.Template, status int, members ...string) func(*sdk.Call) error {
	return func(c *sdk.Call) error {
		p, err := c.Params()
		if err != nil {
			return err
		}
		d, err := create(c, kept, form, p, members...)
		if err != nil {
			return err
		}
		c.SetStatus(status)
		return c.JSON(d)
	}
}

func create(c *sdk.Call, kept *sdk.Collection, form *sdk.Template, from sdk.Doc, members ...string) (sdk.Doc, error) {
	d := form.New(c.Arena)
	for _, name := range members {
		if from.Get(name).String() == "" {
			return d, sdk.Fail(400, name+" is missing")
		}
		d.SetString(name, from.Get(name).String())
	}
	d.SetString(kept.ID, kept.NewID(c))
	return d, kept.Insert(c, d)
}

func getUser(c *sdk.Call) error {
	d, ok := users.Get(c, c.Value("id"))
	if !ok {
		return sdk.Fail(404, "the tenant has no user "+c.Value("id"))
	}
	return c.JSON(d)
}

// graphQL knows one mutation. A mirror of more reads the query by a library.
func graphQL(c *sdk.Call) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	if !strings.Contains(p.Get("query").String(), "customerCreate") {
		return sdk.Fail(501, "the mirror knows the mutation customerCreate alone")
	}
	d, err := create(c, customers, customer, p.Get("variables", "input"), "firstName")
	if err != nil {
		return err
	}
	answer := c.NewObject()
	made := answer.SetObject("data").SetObject("customerCreate")
	made.SetDoc("customer", d)
	made.SetArray("userErrors")
	return c.JSON(answer)
}

func main() { sdk.Main() }
