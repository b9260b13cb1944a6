package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/install"
)

// usage is a vendor that a project was seen to use, by one dependency or one
// variable.
type usage struct {
	dependency
	plugin registry.Name
	sdk    string // key of abi.Detect.Versions, "npm:stripe@16"; "" if none
}

func (u *usage) String() string {
	if u.kind == kindEnv {
		return fmt.Sprintf("%s names %s", u.file, u.name)
	}
	if u.imported {
		who := u.file + " imports"
		if u.others > 0 {
			who = u.file + " and " + plural(u.others, "other file") + " import"
		}
		return fmt.Sprintf("%s %s (%s)", who, u.name, u.kind)
	}
	version := u.version
	if version == "" {
		version = "of any version"
	}
	return fmt.Sprintf("%s depends on %s %s (%s)", u.file, u.name, version, u.kind)
}

// detection is what a project was seen to use.
type detection struct {
	usages  []usage
	missing []string // vendors without a mirror
	note    string   // what was not looked at
}

// detect matches the project's dependencies and what its sources import against
// what manifests say identifies their vendor. Nothing else decides. An import
// counts where no dependency says the same.
func (a *app) detect(builds []install.Plugin) *detection {
	if a.scanned == nil {
		imports, note := scanImports(a.cfg.ProjectRoot)
		a.scanned, a.scanNote = slices.Concat([]dependency{}, scanProject(a.cfg.ProjectRoot), imports), note
	}
	d := &detection{note: a.scanNote}
	known := map[string]bool{}           // dependencies that a plugin claims
	depended := map[registry.Name]bool{} // plugins whose vendor's package the project says it depends on
	for _, dep := range a.scanned {
		for _, b := range builds {
			sdk, ok := identifies(&b.Manifest.Detect, &dep)
			if !ok {
				continue
			}
			known[dep.kind+":"+dep.name] = true
			if dep.imported && depended[b.Name] {
				continue
			}
			depended[b.Name] = depended[b.Name] || !dep.imported && dep.kind != kindEnv
			u := usage{dep, b.Name, sdk}
			if !slices.Contains(d.usages, u) {
				d.usages = append(d.usages, u)
			}
		}
		if vendor := unmirrored(&dep); vendor != "" && !known[dep.kind+":"+dep.name] && !slices.Contains(d.missing, vendor) {
			d.missing = append(d.missing, vendor)
		}
	}
	slices.Sort(d.missing)
	return d
}

// identifies tells whether a dependency is the vendor's, and which SDK it is.
func identifies(d *abi.Detect, dep *dependency) (sdk string, ok bool) {
	lists := map[string][]string{kindNPM: d.NPM, kindGo: d.Go, kindPyPI: d.PyPI, kindGem: d.Gem, kindComposer: d.Composer, kindMaven: d.Maven, kindEnv: d.Env}
	for _, name := range lists[dep.kind] {
		if dep.is(name) {
			return sdkKey(dep, name), true
		}
	}
	return "", false
}

// sdkKey is how manifests name an SDK's major version.
func sdkKey(dep *dependency, name string) string {
	major, _, _ := strings.Cut(strings.TrimPrefix(dep.version, "v"), ".")
	if dep.kind == kindEnv || major == "" {
		return ""
	}
	return dep.kind + ":" + name + "@" + major
}

// detectMirrors returns the mirrors of the vendors that the project uses.
func (a *app) detectMirrors(ctx context.Context, p *plan, in *install.Installer) ([]registry.Ref, error) {
	builds, err := in.Available(ctx)
	if len(builds) == 0 && err != nil {
		p.explain("no plugins to look for: %v", err)
		return nil, nil // a lock may pin some that the cache has
	}
	d := a.detect(builds)
	var refs []registry.Ref
	for _, u := range d.usages {
		p.explain("%s -> %s", u.String(), u.plugin)
		if !slices.ContainsFunc(refs, func(r registry.Ref) bool { return r.Name == u.plugin }) {
			refs = append(refs, registry.Ref{Name: u.plugin})
		}
		if name := string(u.plugin); u.imported && p.why[name] == "" {
			p.why[name] = u.String()
		}
	}
	if d.note != "" {
		p.explain("%s", d.note)
	}
	for _, vendor := range d.missing {
		p.missing = append(p.missing, "not mirrored: "+vendor+" (calls reach the real one)")
	}
	slices.SortFunc(refs, func(a, b registry.Ref) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return refs, nil
}

// narrow chooses the line of references without a version by the API version
// that the installed SDK asks for. What the lock pins is chosen already.
func (a *app) narrow(ctx context.Context, p *plan, in *install.Installer, refs []registry.Ref) error {
	open := func(r registry.Ref) bool { return r.Path == "" && r.Version == registry.Version{} }
	if !slices.ContainsFunc(refs, open) {
		return nil
	}
	pinned, err := in.List(ctx)
	if err != nil {
		return err
	}
	all, _ := in.Available(ctx) // what cannot be listed cannot be chosen; resolve says so
	d := a.detect(all)
	for i, r := range refs {
		if !open(r) {
			continue
		}
		if at := slices.IndexFunc(pinned, func(s install.Status) bool { return s.Name == r.Name }); at >= 0 {
			p.why[string(r.Name)] = "pinned by mirra.lock"
			continue
		}
		var builds []registry.Build
		for _, b := range all {
			if b.Name == r.Name {
				builds = append(builds, b.Build)
			}
		}
		for _, u := range d.usages {
			asked := askedVersion(builds, u.sdk)
			if u.plugin != r.Name || asked == "" {
				continue
			}
			best, reason, ok := registry.Nearest(asked, builds)
			if !ok {
				continue
			}
			refs[i].Version = registry.Version{Line: best.Version.Line}
			who := fmt.Sprintf("%s %s (%s) asks", u.name, u.version, u.kind)
			if u.imported {
				who = u.String() + ", which asks"
			}
			p.why[string(r.Name)] = fmt.Sprintf("%s for %s -> %s: %s", who, asked, refs[i], reason)
			p.explain("%s", p.why[string(r.Name)])
			break
		}
	}
	return nil
}

// askedVersion returns the API version that an SDK asks for, "" if no build
// knows.
func askedVersion(builds []registry.Build, sdk string) string {
	if sdk == "" {
		return ""
	}
	for _, b := range builds {
		if v := b.Manifest.Detect.Versions[sdk]; v != "" {
			return v
		}
	}
	return ""
}

// vendorsWithout are SDKs of vendors that Mirra's users also call. Only for
// telling that calls to them reach the real one: a plugin that claims one of
// these takes it off.
var vendorsWithout = map[string][]string{
	"adyen":    {"npm:@adyen/api-library", "pypi:adyen", "gem:adyen-ruby-api-library", "composer:adyen/php-api-library"},
	"auth0":    {"npm:auth0", "npm:@auth0/nextjs-auth0", "go:github.com/auth0/go-auth0", "pypi:auth0-python", "gem:auth0", "composer:auth0/auth0-php", "maven:com.auth0:auth0"},
	"clerk":    {"npm:@clerk/backend", "npm:@clerk/nextjs", "npm:@clerk/clerk-sdk-node", "go:github.com/clerk/clerk-sdk-go", "pypi:clerk-backend-api"},
	"mailgun":  {"npm:mailgun.js", "go:github.com/mailgun/mailgun-go", "gem:mailgun-ruby", "composer:mailgun/mailgun-php"},
	"paypal":   {"npm:@paypal/checkout-server-sdk", "npm:@paypal/paypal-server-sdk", "pypi:paypalrestsdk"},
	"plaid":    {"npm:plaid", "go:github.com/plaid/plaid-go", "pypi:plaid-python", "gem:plaid"},
	"postmark": {"npm:postmark", "gem:postmark", "composer:wildbit/postmark-php"},
	"resend":   {"npm:resend", "go:github.com/resend/resend-go", "pypi:resend", "gem:resend", "composer:resend/resend-php"},
	"sendgrid": {"npm:@sendgrid/mail", "go:github.com/sendgrid/sendgrid-go", "pypi:sendgrid", "gem:sendgrid-ruby", "composer:sendgrid/sendgrid", "maven:com.sendgrid:sendgrid-java"},
	"shopify":  {"npm:@shopify/shopify-api", "go:github.com/bold-commerce/go-shopify", "pypi:ShopifyAPI", "gem:shopify_api"},
	"stripe":   {"npm:stripe", "go:github.com/stripe/stripe-go", "pypi:stripe", "gem:stripe", "composer:stripe/stripe-php", "maven:com.stripe:stripe-java"},
	"supabase": {"npm:@supabase/supabase-js", "npm:@supabase/ssr", "pypi:supabase", "go:github.com/supabase-community/supabase-go"},
	"twilio":   {"npm:twilio", "go:github.com/twilio/twilio-go", "pypi:twilio", "gem:twilio-ruby", "composer:twilio/sdk", "maven:com.twilio.sdk:twilio"},
	"workos":   {"npm:@workos-inc/node", "go:github.com/workos/workos-go", "pypi:workos", "gem:workos"},
}

func unmirrored(dep *dependency) string {
	for _, vendor := range sortedKeys(vendorsWithout) {
		for _, sdk := range vendorsWithout[vendor] {
			kind, name, _ := strings.Cut(sdk, ":")
			if kind == dep.kind && dep.is(name) {
				return vendor
			}
		}
	}
	return ""
}
