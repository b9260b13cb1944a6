package registry_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/registrytest"
)

// full returns a manifest that uses every part and has no fault.
func full() *abi.Manifest {
	m := registrytest.Manifest("stripe", "2024-06", 3)
	m.License = "Apache-2.0"
	m.API = abi.API{Default: "2024-06-20", Also: []string{"2024-04-10"}, Header: "Stripe-Version", Response: "stripe-version"}
	m.Hosts = []abi.Host{{ID: "api", Name: "api.stripe.com"}, {ID: "files", Name: "files.stripe.com"}}
	m.Domains = []string{"stripe.com", "stripe.network"}
	m.Credentials = []abi.Credentials{
		{Class: "secret", Scheme: "bearer", Pattern: `sk_test_([A-Za-z0-9]{8})\w*`, Account: "$1"},
		{Class: "key", Scheme: "header", Header: "X-Key", Pattern: `.+`, Live: true},
	}
	m.Secrets = []abi.Secret{{Name: "webhook", Env: []string{"STRIPE_WEBHOOK_SECRET"}, Prefix: "whsec_", Bytes: 32}}
	m.Env = []abi.EnvVar{
		{Name: "STRIPE_API_BASE", Value: "{url}"},
		{Name: "STRIPE_FILES", Value: "http://{host}:{port}/{url:files}?{secret:webhook}"},
	}
	m.Detect = abi.Detect{NPM: []string{"stripe"}, Env: []string{"STRIPE_SECRET_KEY"}, Versions: map[string]string{"npm:stripe@16": "2024-06-20", "npm:@acme/x@2": "1"}}
	m.Idempotency = abi.Idempotency{Header: "Idempotency-Key", Methods: []string{"POST"}}
	m.Tables = []abi.Table{{Name: "objects", ID: "id", Document: "doc"}}
	m.Entities = []abi.Entity{
		{Name: "customers", Type: "customer", Table: "objects", Fields: []string{"id", "email"}, Aliases: []string{"clients"}},
		{Name: "refunds", Type: "refund", Table: "objects"},
	}
	m.Events = []string{"customer.created", "customer.deleted"}
	m.Operations = []abi.Operation{
		{ID: "PostCustomers", Method: "POST", Path: "/v1/customers", Level: abi.LevelExact},
		{ID: "PostFiles", Method: "POST", Path: "/v1/files", Host: "files", Level: abi.LevelGeneric},
	}
	m.Fixtures = []abi.Fixture{{Name: "empty", Summary: "Nothing."}}
	m.Simulates = []string{"charge.disputed"}
	m.Errors = []abi.Error{{Name: "internal", Status: 500, Headers: []abi.Header{{Name: "request-id", Value: "{request_id}"}}, Body: "{}"}}
	m.Needs = abi.Needs{BodyBytes: 1 << 20, BlobBytes: abi.MaxBlobBytes}
	return m
}

func TestCheckManifest(t *testing.T) {
	if err := registry.CheckManifest(full()); err != nil {
		t.Fatalf("sound manifest: %v", err)
	}
	for _, tc := range []struct {
		want   string
		change func(*abi.Manifest)
	}{
		{"abi: the plugin is made for version 7, this Mirra has version 1", func(m *abi.Manifest) { m.ABI = 7 }},
		{"name:", func(m *abi.Manifest) { m.Name = "../x" }},
		{"line:", func(m *abi.Manifest) { m.Line = "" }},
		{"line: \"2024-06.1\" holds a build number", func(m *abi.Manifest) { m.Line = "2024-06.1" }},
		{"build: 0", func(m *abi.Manifest) { m.Build = 0 }},
		{"vendor: is empty", func(m *abi.Manifest) { m.Vendor = " " }},
		{"summary: \"\\x1b[2J\" holds a control character", func(m *abi.Manifest) { m.Summary = "\x1b[2J" }},
		{"api.default: is empty", func(m *abi.Manifest) { m.API.Default = "" }},
		{"api.also[1]: version \"2024-06-20\" is there twice", func(m *abi.Manifest) { m.API.Also = append(m.API.Also, "2024-06-20") }},
		{"api.header: \"a b\" is not a header name", func(m *abi.Manifest) { m.API.Header = "a b" }},
		{"idempotency.methods[0]: method \"post\"", func(m *abi.Manifest) { m.Idempotency.Methods = []string{"post"} }},
		{"needs.body_bytes", func(m *abi.Manifest) { m.Needs.BodyBytes = abi.MaxBlobBytes + 1 }},
		{"needs.blob_bytes", func(m *abi.Manifest) { m.Needs.BlobBytes = -1 }},
		{"hosts: is empty", func(m *abi.Manifest) { m.Hosts, m.Env, m.Operations = nil, nil, nil }},
		{"hosts[1]: id \"api\" is there twice", func(m *abi.Manifest) { m.Hosts[1].ID = "api"; m.Env, m.Operations = nil, nil }},
		{"hosts[1]: name \"api.stripe.com\" is there twice", func(m *abi.Manifest) { m.Hosts[1].Name = "api.stripe.com" }},
		{"hosts[0]: \"API.stripe.com\" is not a full host name", func(m *abi.Manifest) { m.Hosts[0].Name = "API.stripe.com" }},
		{"hosts[0]: \"127.0.0.1\" is not", func(m *abi.Manifest) { m.Hosts[0].Name = "127.0.0.1" }},
		{"hosts[1]: protocol \"ftp\"", func(m *abi.Manifest) { m.Hosts[1].Protocol = "ftp" }},
		{"hosts[0]: protocol \"smtp\": the first host", func(m *abi.Manifest) { m.Hosts[0].Protocol = "smtp" }},
		{"hosts[1]: \"com\" is not", func(m *abi.Manifest) { m.Hosts[1].Name = "*.com" }},
		{"hosts[1]: \"*.stripe.com\": a host of protocol smtp has one name", func(m *abi.Manifest) { m.Hosts[1].Name, m.Hosts[1].Protocol = "*.stripe.com", "smtp" }},
		{"hosts[1]: \"a.*.com\" is not", func(m *abi.Manifest) { m.Hosts[1].Name = "a.*.com" }},
		{"domains[0]: \"com\" is not a full host name", func(m *abi.Manifest) { m.Domains[0] = "com" }},
		{"domains[1]: domain \"stripe.com\" is there twice", func(m *abi.Manifest) { m.Domains[1] = "stripe.com" }},
		{"credentials[0]: pattern: error parsing regexp", func(m *abi.Manifest) { m.Credentials[0].Pattern = "(" }},
		{"credentials[1]: pattern is empty", func(m *abi.Manifest) { m.Credentials[1].Pattern = "" }},
		{"credentials[0]: account \"$2\": the pattern has 1 groups", func(m *abi.Manifest) { m.Credentials[0].Account = "$2" }},
		{"credentials[0]: account \"x\"", func(m *abi.Manifest) { m.Credentials[0].Account = "x" }},
		{"credentials[0]: scheme \"digest\"", func(m *abi.Manifest) { m.Credentials[0].Scheme = "digest" }},
		{"credentials[1].header: the header name is empty", func(m *abi.Manifest) { m.Credentials[1].Header = "" }},
		{"secrets[1]: name \"webhook\" is there twice", func(m *abi.Manifest) { m.Secrets = append(m.Secrets, abi.Secret{Name: "webhook"}) }},
		{"secrets[0]: \"A-B\" is not a variable name", func(m *abi.Manifest) { m.Secrets[0].Env = []string{"A-B"} }},
		{"env[0]: unknown placeholder {uri}", func(m *abi.Manifest) { m.Env[0].Value = "{uri}" }},
		{"env[0]: {port:nope}: host \"nope\" is not in hosts", func(m *abi.Manifest) { m.Env[0].Value = "{port:nope}" }},
		{"env[0]: {url:nope}: host \"nope\" is not in hosts", func(m *abi.Manifest) { m.Env[0].Value = "{url:nope}" }},
		{"env[0]: {secret:nope}", func(m *abi.Manifest) { m.Env[0].Value = "{secret:nope}" }},
		{"{ without }", func(m *abi.Manifest) { m.Env[0].Value = "{url" }},
		{"} without {", func(m *abi.Manifest) { m.Env[0].Value = "url}" }},
		{"env[1]: name \"STRIPE_API_BASE\" is there twice", func(m *abi.Manifest) { m.Env[1].Name = "STRIPE_API_BASE" }},
		{"env[0]: LD_PRELOAD steers programs", func(m *abi.Manifest) { m.Env[0].Name = "LD_PRELOAD" }},
		{"env[0]: Path steers programs", func(m *abi.Manifest) { m.Env[0].Name = "Path" }},
		{"env[0]: https_proxy steers programs", func(m *abi.Manifest) { m.Env[0].Name = "https_proxy" }},
		{"env[0]: NODE_OPTIONS steers programs", func(m *abi.Manifest) { m.Env[0].Name = "NODE_OPTIONS" }},
		{"detect.versions: \"stripe@16\"", func(m *abi.Manifest) { m.Detect.Versions = map[string]string{"stripe@16": "1"} }},
		{"detect.versions: \"npm:@acme\"", func(m *abi.Manifest) { m.Detect.Versions = map[string]string{"npm:@acme": "1"} }},
		{"tables[1]: name \"objects\" is there twice", func(m *abi.Manifest) { m.Tables = append(m.Tables, m.Tables[0]) }},
		{"entities[0]: table \"nope\" is not in tables", func(m *abi.Manifest) { m.Entities[0].Table = "nope" }},
		{"entities[1]: name \"clients\" is there twice", func(m *abi.Manifest) { m.Entities[1].Name = "clients" }},
		{"entities[1]: type in its table \"objects/customer\" is there twice", func(m *abi.Manifest) { m.Entities[1].Type = "customer" }},
		{"entities[0]: field \"id\" is there twice", func(m *abi.Manifest) { m.Entities[0].Fields[1] = "id" }},
		{"events[1]: event \"customer.created\" is there twice", func(m *abi.Manifest) { m.Events[1] = m.Events[0] }},
		{"operations[1]: id \"PostCustomers\" is there twice", func(m *abi.Manifest) { m.Operations[1].ID = "PostCustomers" }},
		{"operations[1]: route \"POST /v1/customers\" is there twice", func(m *abi.Manifest) {
			m.Operations[1].Host, m.Operations[1].Path = "", "/v1/customers"
		}},
		{"operations[1]: host \"nope\" is not in hosts", func(m *abi.Manifest) { m.Operations[1].Host = "nope" }},
		{"operations[0]: path \"v1\" does not begin with a slash", func(m *abi.Manifest) { m.Operations[0].Path = "v1" }},
		{"fixtures[1]: name \"empty\" is there twice", func(m *abi.Manifest) { m.Fixtures = append(m.Fixtures, m.Fixtures[0]) }},
		{"simulates[0]: name is empty", func(m *abi.Manifest) { m.Simulates[0] = "" }},
		{"errors[0]: status 99", func(m *abi.Manifest) { m.Errors[0].Status = 99 }},
		{"errors[0]: header request-id: \"a\\r\\nb\" holds a control character", func(m *abi.Manifest) { m.Errors[0].Headers[0].Value = "a\r\nb" }},
	} {
		m := full()
		tc.change(m)
		err := registry.CheckManifest(m)
		all, ok := errors.AsType[*multierror.Error](err)
		if !ok || len(all.Errors) != 1 || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want one fault: %s", err, tc.want)
		}
	}
}

func TestCheckManifestListsAllFaults(t *testing.T) {
	m := full()
	m.Name, m.Build, m.Credentials[0].Pattern, m.Operations[1].ID, m.Env[0].Value = "X", 0, "(", "PostCustomers", "{x}"
	err := registry.CheckManifest(m)
	all, ok := errors.AsType[*multierror.Error](err)
	if !ok || len(all.Errors) != 5 {
		t.Errorf("got %v, want 5 faults", err)
	}
}
