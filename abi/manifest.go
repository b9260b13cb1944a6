package abi

import "strings"

// ManifestSection is the custom section of a module that holds its Manifest as
// JSON, so that one .wasm file is a whole plugin and one digest covers it.
const ManifestSection = "mirra.manifest"

// Manifest is what a plugin file says about itself. It is read without running
// the plugin.
type Manifest struct {
	ABI     int    `json:"abi"`     // Version of this package
	Name    string `json:"name"`    // "stripe": lower-case letters, digits, dashes
	Vendor  string `json:"vendor"`  // "Stripe", for people
	Line    string `json:"line"`    // the vendor API line, "2024-06"
	Build   int    `json:"build"`   // counts up within a line, from 1
	Summary string `json:"summary"` // one sentence
	License string `json:"license,omitempty"`

	API         API           `json:"api"`
	Hosts       []Host        `json:"hosts"`             // the first is the default
	Domains     []string      `json:"domains,omitempty"` // claimed whole, "stripe.com"
	Credentials []Credentials `json:"credentials,omitempty"`
	Mask        Mask          `json:"mask,omitzero"`
	Secrets     []Secret      `json:"secrets,omitempty"`
	Env         []EnvVar      `json:"env,omitempty"`
	Detect      Detect        `json:"detect,omitzero"`
	Idempotency Idempotency   `json:"idempotency,omitzero"`

	Tables     []Table     `json:"tables,omitempty"`
	Entities   []Entity    `json:"entities,omitempty"`
	Events     []string    `json:"events,omitempty"`
	Operations []Operation `json:"operations,omitempty"`
	Fixtures   []Fixture   `json:"fixtures,omitempty"`
	Simulates  []string    `json:"simulates,omitempty"` // names that simulate takes
	Errors     []Error     `json:"errors,omitempty"`    // answers the host gives in the vendor's shape
	Needs      Needs       `json:"needs,omitzero"`
}

// API says which versions of the vendor's API a plugin speaks.
type API struct {
	Default  string   `json:"default"`          // "2024-06-20"
	Also     []string `json:"also,omitempty"`   // others it can answer in
	Header   string   `json:"header,omitempty"` // the request header that asks for one
	Response string   `json:"response,omitempty"`
}

// Host is one host name the vendor serves its API on.
type Host struct {
	ID   string `json:"id"`   // "api"
	Name string `json:"name"` // "api.stripe.com"; "*.vendor.com" is each name below vendor.com that no other host has
	// Protocol is "" for HTTP, or ProtocolSMTP: see Mail.
	Protocol string `json:"protocol,omitempty"`
}

// Serves tells whether a host name, in small letters, is this host's.
func (h Host) Serves(name string) bool {
	own := strings.ToLower(h.Name)
	below, all := strings.CutPrefix(own, "*")
	return name == own || all && strings.HasSuffix(name, below)
}

// ProtocolSMTP is the protocol of a mail relay.
const ProtocolSMTP = "smtp"

// Credentials describes one class of credential the vendor issues.
type Credentials struct {
	Class   string `json:"class"`  // "secret"
	Scheme  string `json:"scheme"` // bearer, basic-user, basic-password, header
	Header  string `json:"header,omitempty"`
	Pattern string `json:"pattern"`        // RE2, anchored by the host
	Live    bool   `json:"live,omitempty"` // refused unless allow-live-keys
	// Account is how the credential names an account: "" not at all (it shares
	// the session's default account), "$1" a group of Pattern.
	Account string `json:"account,omitempty"`
}

// Mask says how much of a malformed credential error texts may show.
type Mask struct {
	First int    `json:"first,omitempty"`
	Last  int    `json:"last,omitempty"`
	Fill  string `json:"fill,omitempty"`
	// Whole is the length up to which it is shown whole.
	Whole int `json:"whole,omitempty"`
}

// Secret is a signing secret that host and application share.
type Secret struct {
	Name    string   `json:"name"`             // what a plugin asks for
	Env     []string `json:"env,omitempty"`    // variables it is read from, in order
	Prefix  string   `json:"prefix,omitempty"` // of a derived one, "whsec_"
	Bytes   int      `json:"bytes,omitempty"`  // random bytes of a derived one
	Base64  bool     `json:"base64,omitempty"` // the key is the decoded text after Prefix
	Summary string   `json:"summary,omitempty"`
}

// EnvVar is a variable set for an application under exec and env. Value may
// hold {url}, {host} and {port}, each also of another host as {url:HOST}, and
// {secret:NAME}. A variable that comes out empty is not set.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Detect says what identifies the vendor in a project.
type Detect struct {
	NPM      []string `json:"npm,omitempty"`
	Go       []string `json:"go,omitempty"` // module path prefixes
	PyPI     []string `json:"pypi,omitempty"`
	Gem      []string `json:"gem,omitempty"`
	Composer []string `json:"composer,omitempty"`
	Maven    []string `json:"maven,omitempty"` // group:artifact
	Env      []string `json:"env,omitempty"`   // variable names
	// Versions maps an SDK's major version to the API version it asks for:
	// "npm:stripe@16" to "2024-06-20".
	Versions map[string]string `json:"versions,omitempty"`
}

// Idempotency says which request header makes which methods idempotent, so
// that the host can tell a plugin of a duplicate still in flight.
type Idempotency struct {
	Header  string   `json:"header,omitempty"`
	Methods []string `json:"methods,omitempty"`
}

// Table tells the host which rows of a table are documents of entities, for
// state, state.changed and evaluation.
type Table struct {
	Name     string `json:"name"`
	Type     string `json:"type,omitempty"`    // column that holds Entity.Type
	ID       string `json:"id"`                // column
	Account  string `json:"account,omitempty"` // column
	Document string `json:"document"`          // column, JSON
	Deleted  string `json:"deleted,omitempty"` // column, non-zero once deleted
}

// Entity is one kind of object a mirror keeps.
type Entity struct {
	Name    string   `json:"name"`  // plural, "customers"
	Type    string   `json:"type"`  // value of Table.Type
	Table   string   `json:"table"` // Table.Name
	Fields  []string `json:"fields,omitempty"`
	Aliases []string `json:"aliases,omitempty"`
}

// Operation is one operation of the vendor's API.
type Operation struct {
	ID     string `json:"id"` // "PostCustomers"
	Method string `json:"method"`
	Path   string `json:"path"` // "/v1/customers/{customer}"
	Host   string `json:"host,omitempty"`
	Level  Level  `json:"level"`
}

// Fixture is a named seed.
type Fixture struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
}

// Error is an answer the host gives by itself, in the vendor's shape: when a
// plugin was stopped ("internal"), a live credential refused ("live-key"), for
// fault rules by name ("rate-limit", "lock-timeout"). In Headers and Body,
// {message} and {request_id} are replaced, the first JSON-escaped.
type Error struct {
	Name    string   `json:"name"`
	Status  int      `json:"status"`
	Headers []Header `json:"headers,omitempty"`
	Body    string   `json:"body"`
}

// Header is one header of an Error or a Mail.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Needs raises limits a plugin depends on, up to the published maxima.
type Needs struct {
	BodyBytes int64 `json:"body_bytes,omitempty"`
	BlobBytes int64 `json:"blob_bytes,omitempty"`
}
