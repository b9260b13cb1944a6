package registry

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
)

// CheckManifest returns nil, or a *multierror.Error that lists all faults of m
// at once. Each begins with where it is: "operations[3]: …".
func CheckManifest(m *abi.Manifest) error {
	c := checker{hosts: set{}, secrets: set{}, tables: set{}}
	c.identity(m)
	c.reach(m)
	c.credentials(m)
	c.environment(m)
	c.content(m)
	return Faults(c.faults)
}

// checker collects faults, and the names that later parts refer to.
type checker struct {
	faults  *multierror.Error
	hosts   set // ids
	secrets set
	tables  set
}

func (c *checker) fault(format string, args ...any) {
	c.faults = multierror.Append(c.faults, fmt.Errorf(format, args...))
}

// set remembers names in order to find duplicates.
type set map[string]bool

func (c *checker) unique(s set, where, what, name string) {
	if name == "" {
		c.fault("%s: %s is empty", where, what)
		return
	}
	if s[name] {
		c.fault("%s: %s %q is there twice", where, what, name)
	}
	s[name] = true
	c.plain(where+"."+what, name)
}

// plain refuses control characters: manifest texts are shown on terminals.
func (c *checker) plain(where, s string) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
		c.fault("%s: %q holds a control character", where, s)
	}
}

func (c *checker) required(where, s string) {
	if strings.TrimSpace(s) == "" {
		c.fault("%s: is empty", where)
	}
	c.plain(where, s)
}

func at(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

func (c *checker) identity(m *abi.Manifest) {
	if m.ABI != abi.Version {
		c.fault("abi: the plugin is made for version %d, this Mirra has version %d", m.ABI, abi.Version)
	}
	if _, err := ParseName(m.Name); err != nil {
		c.fault("name: %w", err)
	}
	if v, err := ParseVersion(m.Line); err != nil {
		c.fault("line: %w", err)
	} else if v.Build != 0 {
		c.fault("line: %q holds a build number, which belongs into build", m.Line)
	}
	if m.Build < 1 {
		c.fault("build: %d, builds count from 1", m.Build)
	}
	c.required("vendor", m.Vendor)
	c.required("summary", m.Summary)
	c.plain("license", m.License)
	c.required("api.default", m.API.Default)
	seen := set{m.API.Default: true}
	for i, v := range m.API.Also {
		c.unique(seen, at("api.also", i), "version", v)
	}
	c.header("api.header", m.API.Header, true)
	c.header("api.response", m.API.Response, true)
	c.header("idempotency.header", m.Idempotency.Header, true)
	methods := set{}
	for i, method := range m.Idempotency.Methods {
		c.unique(methods, at("idempotency.methods", i), "method", method)
		c.method(at("idempotency.methods", i), method)
	}
	// Published maxima: larger bodies could not be stored at all.
	if n := m.Needs.BodyBytes; n < 0 || n > abi.MaxBlobBytes {
		c.fault("needs.body_bytes: %d, want 0 to %d", n, abi.MaxBlobBytes)
	}
	if n := m.Needs.BlobBytes; n < 0 || n > abi.MaxBlobBytes {
		c.fault("needs.blob_bytes: %d, want 0 to %d", n, abi.MaxBlobBytes)
	}
}

func (c *checker) reach(m *abi.Manifest) {
	if len(m.Hosts) == 0 {
		c.fault("hosts: is empty, a mirror serves at least one host")
	}
	names := set{}
	for i, h := range m.Hosts {
		c.unique(c.hosts, at("hosts", i), "id", h.ID)
		if h.ID != "" && !isDashed(h.ID) {
			c.fault("%s: id %q: want lower-case letters, digits and single dashes", at("hosts", i), h.ID)
		}
		c.unique(names, at("hosts", i), "name", h.Name)
		below, wild := strings.CutPrefix(h.Name, "*.")
		c.domain(at("hosts", i), below)
		switch {
		case wild && h.Protocol != "":
			c.fault("%s: %q: a host of protocol %s has one name", at("hosts", i), h.Name, h.Protocol)
		case h.Protocol != "" && h.Protocol != abi.ProtocolSMTP:
			c.fault("%s: protocol %q: want none, which is HTTP, or %s", at("hosts", i), h.Protocol, abi.ProtocolSMTP)
		case h.Protocol != "" && i == 0:
			c.fault("%s: protocol %q: the first host is the default one, which has to be HTTP", at("hosts", i), h.Protocol)
		}
	}
	domains := set{}
	for i, d := range m.Domains {
		c.unique(domains, at("domains", i), "domain", d)
		c.domain(at("domains", i), d)
	}
}

// domain wants at least two labels: a claim of "com" would take over every
// vendor there.
func (c *checker) domain(where, s string) {
	labels := strings.Split(s, ".")
	ok := len(s) <= 253 && len(labels) > 1 && digits(labels[len(labels)-1]) != len(labels[len(labels)-1])
	for _, l := range labels {
		ok = ok && len(l) <= 63 && strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") == "" && strings.Trim(l, "-") == l && l != ""
	}
	if !ok && s != "" {
		c.fault("%s: %q is not a full host name in lower case", where, s)
	}
}

func (c *checker) credentials(m *abi.Manifest) {
	for i, cr := range m.Credentials {
		where := at("credentials", i)
		c.required(where+".class", cr.Class)
		switch cr.Scheme {
		case "bearer", "basic-user", "basic-password":
			if cr.Header != "" {
				c.fault("%s: header is for scheme \"header\" only", where)
			}
		case "header":
			c.header(where+".header", cr.Header, false)
		default:
			c.fault("%s: scheme %q: want bearer, basic-user, basic-password or header", where, cr.Scheme)
		}
		if cr.Pattern == "" {
			c.fault("%s: pattern is empty", where)
			continue
		}
		re, err := regexp.Compile(cr.Pattern)
		if err != nil {
			c.fault("%s: pattern: %w", where, err)
			continue
		}
		if group, ok := strings.CutPrefix(cr.Account, "$"); ok {
			if n, err := strconv.Atoi(group); err != nil || n < 1 || n > re.NumSubexp() {
				c.fault("%s: account %q: the pattern has %d groups", where, cr.Account, re.NumSubexp())
			}
		} else if cr.Account != "" {
			c.fault("%s: account %q: want a group of the pattern, such as $1", where, cr.Account)
		}
	}
	if k := m.Mask; k.First < 0 || k.Last < 0 || k.Whole < 0 {
		c.fault("mask: lengths are not negative")
	}
	for i, s := range m.Secrets {
		where := at("secrets", i)
		c.unique(c.secrets, where, "name", s.Name)
		vars := set{}
		for _, v := range s.Env {
			c.unique(vars, where, "variable", v)
			c.variable(where, v)
		}
		if s.Bytes < 0 || s.Bytes > 256 {
			c.fault("%s: bytes %d, want 0 to 256", where, s.Bytes)
		}
		c.plain(where+".prefix", s.Prefix)
		c.plain(where+".summary", s.Summary)
	}
}

func (c *checker) content(m *abi.Manifest) {
	for i, t := range m.Tables {
		c.unique(c.tables, at("tables", i), "name", t.Name)
		c.required(at("tables", i)+".id", t.ID)
		c.required(at("tables", i)+".document", t.Document)
	}
	// A noun of a scenario binds to one entity, so names and aliases share a space.
	nouns, types := set{}, set{}
	for i, e := range m.Entities {
		where := at("entities", i)
		c.unique(nouns, where, "name", e.Name)
		if !c.tables[e.Table] {
			c.fault("%s: table %q is not in tables", where, e.Table)
		}
		c.unique(types, where, "type in its table", e.Table+"/"+e.Type)
		fields := set{}
		for _, f := range e.Fields {
			c.unique(fields, where, "field", f)
		}
		for _, a := range e.Aliases {
			c.unique(nouns, where, "alias", a)
		}
	}
	c.operations(m.Operations)
	events, simulates, fixtures, answers := set{}, set{}, set{}, set{}
	for i, e := range m.Events {
		c.unique(events, at("events", i), "event", e)
	}
	for i, s := range m.Simulates {
		c.unique(simulates, at("simulates", i), "name", s)
	}
	for i, f := range m.Fixtures {
		c.unique(fixtures, at("fixtures", i), "name", f.Name)
		c.plain(at("fixtures", i)+".summary", f.Summary)
	}
	for i, e := range m.Errors {
		c.unique(answers, at("errors", i), "name", e.Name)
		if e.Status < 200 || e.Status > 599 {
			c.fault("%s: status %d, want 200 to 599", at("errors", i), e.Status)
		}
		for _, h := range e.Headers {
			c.header(at("errors", i), h.Name, false)
			c.plain(at("errors", i)+": header "+h.Name, h.Value)
		}
	}
}

func (c *checker) operations(list []abi.Operation) {
	ids, routes := set{}, set{}
	for i, o := range list {
		where := at("operations", i)
		c.unique(ids, where, "id", o.ID)
		c.method(where, o.Method)
		if !strings.HasPrefix(o.Path, "/") {
			c.fault("%s: path %q does not begin with a slash", where, o.Path)
		}
		if o.Host != "" && !c.hosts[o.Host] {
			c.fault("%s: host %q is not in hosts", where, o.Host)
		}
		if o.Level > abi.LevelExact {
			c.fault("%s: level %d, want 0 to %d", where, o.Level, abi.LevelExact)
		}
		c.unique(routes, where, "route", strings.TrimSpace(o.Method+" "+o.Host+o.Path))
	}
}

func (c *checker) method(where, s string) {
	if s == "" || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		c.fault("%s: method %q: want upper-case letters", where, s)
	}
}

// header wants a token of RFC 9110 section 5.6.2.
func (c *checker) header(where, s string, optional bool) {
	if s == "" && optional {
		return
	}
	for _, b := range []byte(s) {
		if !isWord(b) && !strings.ContainsRune("!#$%&'*+-.^`|~", rune(b)) {
			c.fault("%s: %q is not a header name", where, s)
			return
		}
	}
	if s == "" {
		c.fault("%s: the header name is empty", where)
	}
}

// isWord reports bytes of identifiers: letters, digits, underscore.
func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}
