package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var domain *kind

func domainHandlers() {
	domain = &kind{
		path: "domains", object: "domain", noun: "Domain", param: "domain_id", level: sdk.Exact, keep: domains, template: domainTemplate, usual: everything,
		shown:  "object id name status created_at region open_tracking click_tracking tracking_subdomain capabilities records",
		listed: "id name status created_at region open_tracking click_tracking capabilities",
		set:    newDomain, data: domainData, complete: completeDomain,
		show: func(r *request, d sdk.Doc, members string) sdk.Doc {
			out := r.pick(d, members)
			if out.Get("tracking_subdomain").IsNull() {
				out.Delete("tracking_subdomain")
			}
			return out
		},
	}
	domain.answer = func(r *request, d sdk.Doc) error { return r.JSON(domain.view(r, d, domain.shown[len("object "):])) }
	domain.serve("create list get remove")
	domain.on("update", updateDomain)
	domain.on("verify", func(r *request, d sdk.Doc) error {
		id := d.Get("id").String()
		r.SetTimer("verify", id, r.Now().Add(verificationTime), id)
		if d.Get("status").String() == "verified" {
			return r.answer("object", "domain", "id", id)
		}
		setStatus(d, "pending")
		return domain.changed(r, d)
	})
	claimHandlers()
}

func completeDomain(c *sdk.Call, path string, d sdk.Doc) {
	name := d.Get("name").String()
	if !sdk.IsDomain(name) {
		c.AddFault(path+".name", "want a domain")
		return
	}
	if _, ok := domains.First(c, "name", name); ok {
		c.AddFault(path+".name", "there is a domain "+name+" already")
	}
	if d.Get("records").Len() == 0 {
		setRecords(c, d, "send")
		setStatus(d, d.Get("status").String())
	}
}

// newDomain sets what the parameters say of a domain.
func newDomain(r *request, d sdk.Doc) error {
	name := lower(r.text("name"))
	if !sdk.IsDomain(name) {
		return invalid("Invalid `name` field. It has to be a domain.") // the text is believed
	}
	if _, ok := domains.First(r.Call, "name", name); ok { // [D api-reference/errors, 2026-11]
		return fail(403, "validation_error", "The `"+name+"` domain has been registered already.")
	}
	d.SetString("name", name)
	r.setDomain(d)
	if region := r.text("region"); region != "" {
		d.SetString("region", region)
	}
	path := r.text("custom_return_path")
	if path == "" {
		path = "send" // [S CreateDomainRequest.custom_return_path]
	}
	setRecords(r.Call, d, path)
	return nil
}

func (r *request) setDomain(d sdk.Doc) {
	r.set(d, "open_tracking", "click_tracking", "tls", "tracking_subdomain")
	for _, side := range [...]string{"sending", "receiving"} {
		if v := r.params.Get("capabilities", side); !v.IsNull() {
			d.Get("capabilities").SetDoc(side, v)
		}
	}
}

func updateDomain(r *request, d sdk.Doc) error {
	if err := r.check(); err != nil {
		return err
	}
	if v := r.params.Get("tls"); !v.IsNull() && v.String() != "opportunistic" && v.String() != "enforced" { // [S CreateDomainRequest.tls]
		return invalid("Invalid `tls` field. Expected one of `opportunistic` | `enforced`.")
	}
	r.setDomain(d)
	path, _, _ := strings.Cut(d.Get("records").At(0).Get("name").String(), ".")
	status := d.Get("status").String()
	key := d.Get("records").At(2).Get("value").String() // of DKIM, which stays
	setRecords(r.Call, d, path)
	d.Get("records").At(2).SetString("value", key)
	setStatus(d, status)
	return domain.changed(r, d)
}

// setRecords gives a domain the DNS records that it needs [S DomainRecord,
// resend-go domains_test; 3, users' zones]. Names stand below the domain that is
// registered: its last two labels, since which others are is not known here.
func setRecords(c *sdk.Call, d sdk.Doc, returnPath string) {
	labels := strings.Split(d.Get("name").String(), ".")
	below := strings.Join(labels[:len(labels)-2], ".")
	named := func(name string) string {
		if below == "" || name == "" {
			return name + below
		}
		return name + "." + below
	}
	region := d.Get("region").String()
	list := d.SetArray("records")
	add := func(record, name, kind, value string, priority int64) {
		one := list.AddObject()
		one.Put("record", record, "name", name, "type", kind, "ttl", "Auto", "status", "not_started", "value", value)
		if priority > 0 {
			one.SetInt("priority", priority)
		}
	}
	add("SPF", named(returnPath), "MX", "feedback-smtp."+region+".amazonses.com", 10)
	add("SPF", named(returnPath), "TXT", "v=spf1 include:amazonses.com ~all", 0)
	add("DKIM", named("resend._domainkey"), "TXT", "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ"+c.Random(sdk.Objects, 168, sdk.Base62)+"IDAQAB", 0)
	if d.Get("capabilities", "receiving").String() == "enabled" {
		add("Receiving", named(""), "MX", "inbound-smtp."+region+".amazonaws.com", 10)
	}
	if sub := d.Get("tracking_subdomain").String(); sub != "" {
		add("Tracking", named(sub), "CNAME", "links1.resend-dns.com", 0)
	}
}

// setStatus gives a domain and its records a status.
func setStatus(d sdk.Doc, status string) {
	d.SetString("status", status)
	record := strings.TrimPrefix(status, "partially_")
	for one := range d.Get("records").All {
		one.SetString("status", record)
	}
}

// verificationTime is how long a verification takes whose records are there
// (believed; the vendor looks for up to 72 hours).
const verificationTime = 5 * time.Second

// verifyTimer ends a verification. A mirror takes the records to be there; that they
// are not is simulated (domain.updated status=failed).
func verifyTimer(c *sdk.Call, id string) error {
	if d, ok := domains.Get(c, id); ok && d.Get("status").String() == "pending" {
		setStatus(d, "verified")
		domains.Update(c, d)
		domain.tell(c, "updated", d)
	}
	return nil
}

// domainData [S description: DomainEventData].
func domainData(c *sdk.Call, d sdk.Doc) sdk.Doc {
	data := c.Object("id", d.Get("id"), "name", d.Get("name"), "status", d.Get("status"), "created_at", isoOf(c, d.Get("created_at")),
		"region", d.Get("region"), "records", d.Get("records"))
	for one := range data.Get("records").All {
		if one.Get("record").String() == "Receiving" { // [S description: the event calls it Receiving MX]
			one.SetString("record", "Receiving MX")
		}
	}
	return data
}

func claimHandlers() {
	handle("domains/create-claim", sdk.Modelled, func(r *request) error {
		d, err := domain.made(r)
		if err != nil {
			return err
		}
		claim := create(r.Call, claimTemplate)
		claim.Put("name", d.Get("name"), "region", d.Get("region"), "domain_id", d.Get("id"), "expires_at", stampOf(r.Now().Add(7*24*time.Hour))) // [S description's example]
		claim.Get("record").Put("name", d.Get("name"), "value", "resend-domain-verification="+r.Random(sdk.Objects, 32, sdk.Hex))                 // [S resend-go]
		claims.MustInsert(r.Call, claim)
		r.SetStatus(201)
		return r.JSON(claim)
	})
	claimed := func(verb string, run func(r *request, claim sdk.Doc)) {
		domain.on(verb, func(r *request, d sdk.Doc) error {
			claim, ok := claims.First(r.Call, "domain_id", d.Get("id").String())
			if !ok {
				return notFound("Domain claim")
			}
			run(r, claim)
			return r.JSON(claim)
		})
	}
	claimed("get-claim", func(*request, sdk.Doc) {})
	claimed("verify-claim", func(r *request, claim sdk.Doc) { // [S description: pending while verification runs]
		id := claim.Get("id").String()
		r.SetTimer("claim", id, r.Now().Add(verificationTime), id)
	})
}

func claimTimer(c *sdk.Call, id string) error {
	if d, ok := claims.Get(c, id); ok {
		d.SetString("status", "completed")
		claims.Update(c, d)
	}
	return nil
}
