package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/proxy"
)

func (a *app) trustCommand() *cobra.Command {
	yes, remove := false, false
	cmd := &cobra.Command{
		Use: "trust", Short: "Make this machine trust the mirrors, for browsers and services", Args: noArgs,
		Long: `Make this machine's browsers and programs trust the mirrors, where no environment
reaches: beside mirra up --hosts. mirra exec does not need it.

A certificate authority is made once and kept in Mirra's state folder, its key
readable by you alone. It can sign for the domains of the vendors that have a
mirror and for nothing else. It is put into the system's trust store, which wants
a privilege, and into the databases of your browsers. Servers that are started
afterwards sign with it. --remove undoes all of that.`,
		Example: "  mirra trust\n  mirra trust --remove",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if remove {
				return a.distrust(yes)
			}
			return a.trust(cmd.Context(), yes)
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take the authority out of all stores and delete its key")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask first")
	return cmd
}

// trustResult is what `trust --json` prints.
type trustResult struct {
	CAFile   string        `json:"caFile,omitempty"`
	KeyFile  string        `json:"keyFile,omitempty"`
	Domains  []string      `json:"domains,omitempty"` // all that it can sign for
	NotAfter *time.Time    `json:"notAfter,omitempty"`
	Made     bool          `json:"made"`    // by this command
	Deleted  bool          `json:"deleted"` // likewise
	Stores   []storeResult `json:"stores"`
}

// storeResult is what became of one store.
type storeResult struct {
	Store   string `json:"store"`
	OK      bool   `json:"ok"`      // it is as it should be
	Changed bool   `json:"changed"` // by this command
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// trust makes an authority if there is none that will do, and puts it into the stores.
func (a *app) trust(ctx context.Context, yes bool) error {
	k := a.cfg.keptCA()
	root, err := k.load()
	if err != nil {
		return err
	}
	domains, err := a.claimedDomains(ctx)
	if err != nil {
		return err
	}
	all, now := stores(userHome()), time.Now()
	old, why := k.former(), ""
	if root != nil {
		why = outdated(root, domains, now)
	}
	if !yes {
		question := fmt.Sprintf("Make a certificate authority for %s, keep it in %s, and have it trusted by %s?", strings.Join(domains, ", "), k.folder, places(all))
		if root != nil && why == "" {
			question = fmt.Sprintf("Have the authority in %s trusted by %s?", k.folder, places(all))
		}
		if err := a.ask(question); err != nil {
			return err
		}
	}
	result := &trustResult{CAFile: k.cert(), KeyFile: k.key()}
	if root == nil || why != "" {
		if old != nil {
			if why != "" {
				a.out.note("another authority is made: %s", why)
			}
			// What nobody can sign with any more is not to stay.
			if bad := failures(changeStores(all, old, k.cert(), true)); bad != nil {
				return a.tellTrust(&trustResult{CAFile: k.cert(), Stores: bad}, true)
			}
		}
		if root, err = k.make(domains, now); err != nil {
			return err
		}
		result.Made = true
	}
	result.Domains, result.NotAfter = root.Cert.PermittedDNSDomains, &root.Cert.NotAfter
	result.Stores = changeStores(all, root.Cert, k.cert(), false)
	if result.Made && len(failures(result.Stores)) == len(result.Stores) {
		// A key that nothing trusts is of no use to anybody but a thief.
		if err := k.remove(true); err != nil {
			return err
		}
		result.Deleted = true
	}
	err = a.tellTrust(result, false)
	if !result.Deleted {
		a.hintRestart(ctx, "signs with an authority of its own")
	}
	return err
}

// distrust undoes trust. The key goes first: whatever store cannot be changed trusts
// what nobody can sign with.
func (a *app) distrust(yes bool) error {
	k := a.cfg.keptCA()
	if _, err := k.load(); err != nil {
		if e, ok := errors.AsType[*host.Error](err); !ok || e.Code != "mirra.trust.broken" {
			return err
		}
	}
	old := k.former()
	if old == nil {
		// Without a certificate there is nothing to look for; half a pair may be left.
		err := k.remove(true)
		if err == nil {
			err = a.tellTrust(&trustResult{Stores: []storeResult{}}, true)
		}
		return err
	}
	all := stores(userHome())
	if !yes {
		if err := a.ask(fmt.Sprintf("Delete the authority in %s, and take it out of %s?", k.folder, places(all))); err != nil {
			return err
		}
	}
	if err := k.remove(false); err != nil {
		return err
	}
	result := &trustResult{Stores: changeStores(all, old, k.cert(), true), Deleted: true}
	if failures(result.Stores) == nil {
		if err := k.remove(true); err != nil {
			return err
		}
	} else {
		result.CAFile = k.cert()
	}
	err := a.tellTrust(result, true)
	a.hintRestart(context.Background(), "signs with the deleted authority")
	return err
}

// former returns the certificate that is kept, nil if none can be read.
func (k keptCA) former() *x509.Certificate {
	text, err := k.read(k.cert())
	if err != nil {
		return nil
	}
	c, err := proxy.ParseCertificate(text)
	if err != nil {
		return nil
	}
	return c
}

// claimedDomains are those of all mirrors that are known.
func (a *app) claimedDomains(ctx context.Context) ([]string, error) {
	known, err := a.cfg.installer().Available(ctx)
	if err != nil && len(known) == 0 {
		return nil, err
	}
	var all []string
	for _, p := range known {
		all = append(all, p.Manifest.Domains...)
		for _, h := range p.Manifest.Hosts {
			all = append(all, strings.ToLower(h.Name))
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	// A host below a domain needs no entry of its own.
	whole := slices.DeleteFunc(slices.Clone(all), func(name string) bool {
		return slices.ContainsFunc(all, func(d string) bool { return strings.HasSuffix(name, "."+d) })
	})
	if len(whole) == 0 {
		return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.plugin.none", Message: "there are no plugins, so that there is no vendor to be trusted as", Hint: "mirra plugin list --available"}
	}
	return whole, nil
}

func userHome() string {
	home, _ := os.UserHomeDir() // without one there are no browsers' databases
	return home
}

// places lists stores for people, and what they want.
func places(all []store) string {
	var texts []string
	for i, s := range all {
		text := s.place()
		if i == 0 && withoutPrivilege() {
			text += " (by sudo)"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// changeStores puts a certificate into each store, or takes it out. One that fails
// keeps none of the others from it.
func changeStores(all []store, c *x509.Certificate, file string, remove bool) []storeResult {
	var out []storeResult
	for _, s := range all {
		r := storeResult{Store: s.place()}
		err := changeStore(s, c, file, remove, &r)
		if r.OK = err == nil; err != nil {
			r.Error = err.Error()
			if by := s.byHand(c, file, remove); by != "" {
				r.Hint = "by hand: " + by
			}
		}
		out = append(out, r)
	}
	return out
}

func changeStore(s store, c *x509.Certificate, file string, remove bool, r *storeResult) error {
	has, err := s.has(c)
	if err != nil {
		return err
	}
	if remove && !has {
		// A part of it may be there.
		ours, err := s.ours()
		if err != nil {
			return err
		}
		has = slices.ContainsFunc(ours, c.Equal)
	}
	if has != remove {
		return nil // it is so already
	}
	if remove {
		err = s.remove(c, file)
	} else {
		err = s.add(c, file)
	}
	if err != nil {
		return err
	}
	r.Changed = true
	if has, err = s.has(c); err == nil && has == remove {
		err = errors.New("it was changed, and is as it was")
	}
	return err
}

// failures are the stores that are not as they should be.
func failures(all []storeResult) []storeResult {
	var bad []storeResult
	for _, r := range all {
		if !r.OK {
			bad = append(bad, r)
		}
	}
	return bad
}

// tellTrust prints what was done. It is an error if a store failed.
func (a *app) tellTrust(r *trustResult, removed bool) error {
	bad := len(failures(r.Stores))
	if a.flags.json {
		if err := a.out.object(r); err != nil {
			return err
		}
		if bad > 0 {
			return &exitError{exitFailed}
		}
		return nil
	}
	switch {
	case removed && r.Deleted:
		a.out.summary("✓ the key was deleted")
	case removed && bad == 0:
		a.out.summary("✓ there is no authority of mirra trust")
	case r.Made && !r.Deleted:
		a.out.summary("✓ an authority was made: %s, good for %s until %s", r.CAFile, strings.Join(r.Domains, ", "), r.NotAfter.Format(time.DateOnly))
	}
	for _, s := range r.Stores {
		switch {
		case !s.OK:
			a.out.summary("✗ %s: %s", s.Store, printable(s.Error))
			if s.Hint != "" {
				a.out.summary("  %s", s.Hint)
			}
		case removed && s.Changed:
			a.out.summary("✓ taken out of %s", s.Store)
		case removed:
			a.out.say("✓ not in %s", s.Store)
		case s.Changed:
			a.out.summary("✓ trusted by %s", s.Store)
		default:
			a.out.say("✓ trusted by %s already", s.Store)
		}
	}
	if bad == 0 {
		if !removed && len(r.Stores) == 1 && runtime.GOOS == "linux" {
			a.out.say("  no browser's database was found in %s; run it again once a browser was started", userHome())
		}
		return nil
	}
	if r.Deleted && !removed {
		a.out.summary("✗ nothing trusts it, so that it was deleted again")
	}
	return &exitError{exitFailed}
}

// hintRestart says that a server that runs goes on as before.
func (a *app) hintRestart(ctx context.Context, what string) {
	if c, _ := a.running(ctx); c != nil {
		a.out.note("the server that runs %s: mirra down --all ends it, and the next command starts another", what)
	}
}
