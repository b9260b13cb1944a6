package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/proxy"
)

// checkTrust looks at the authority of `mirra trust`: whether it is there, this user's,
// valid, and in the stores; and for what others are in them.
func (a *app) checkTrust(ctx context.Context, now time.Time) []finding {
	const what = "trust"
	k := a.cfg.keptCA()
	var out []finding
	root, err := k.load()
	if err != nil {
		return []finding{{what, false, err.Error(), hint(err)}}
	}
	kept := k.former()
	all := stores(userHome())
	var in, not []string
	for _, s := range all {
		if kept != nil {
			if has, err := s.has(kept); err != nil {
				out = append(out, finding{what, false, s.place() + ": " + err.Error(), ""})
			} else if has {
				in = append(in, s.place())
			} else {
				not = append(not, s.place())
			}
		}
		ours, err := s.ours()
		if err != nil {
			continue // it was said above, or there is nothing of it to say
		}
		for _, c := range ours {
			if kept == nil || !c.Equal(kept) {
				out = append(out, finding{what, false, fmt.Sprintf("%s has the authority %q without its key: another user's, or left over", s.place(), c.Subject.CommonName), "if no other user of this machine has it: " + s.byHand(c, "", true)})
			}
		}
	}
	if kept == nil {
		return out // nobody asked for it
	}
	if root == nil {
		if in != nil {
			return append(out, finding{what, false, fmt.Sprintf("the key of %s is gone, and %s trusts it", k.cert(), strings.Join(in, ", ")), "mirra trust --remove takes it out, mirra trust makes another"})
		}
		return append(out, finding{what, false, "the key of " + k.cert() + " is gone", "mirra trust --remove takes the rest away, mirra trust makes another"})
	}
	if info, err := os.Stat(k.key()); err == nil && withoutOthers(info) != "" {
		out = append(out, finding{what, false, "the key " + k.key() + " can be read by others", withoutOthers(info) + " " + k.key()})
	}
	domains, err := a.claimedDomains(ctx)
	if err != nil {
		domains = nil // the finding of plugins says so
	}
	if why := outdated(root, domains, now); why != "" {
		return append(out, finding{what, false, "the authority of mirra trust: " + why, "mirra trust makes another; if the clock is wrong, set it"})
	}
	switch {
	case in == nil:
		out = append(out, finding{what, false, "no store has the authority " + k.cert(), "mirra trust puts it there, mirra trust --remove deletes it"})
	case not != nil:
		out = append(out, finding{what, true, fmt.Sprintf("%s trusts the mirrors until %s; not in %s", strings.Join(in, ", "), root.Cert.NotAfter.Format(time.DateOnly), strings.Join(not, ", ")), "mirra trust puts it there too"})
	default:
		out = append(out, finding{what, true, fmt.Sprintf("%s trusts the mirrors until %s", strings.Join(in, ", "), root.Cert.NotAfter.Format(time.DateOnly)), ""})
	}
	return out
}

// checkCertificates looks at what applications are told to trust: by this environment,
// and in the folders of sessions. A clock that was set since makes them invalid.
func (a *app) checkCertificates(now time.Time) []finding {
	const what = "clock"
	var out []finding
	if file := os.Getenv("MIRRA_CA_FILE"); file != "" {
		info, err := os.Stat(file)
		if err == nil {
			_, err = os.ReadFile(file)
		}
		const again = `in this shell: eval "$(mirra env)", or mirra exec -- CMD`
		switch {
		case errors.Is(err, fs.ErrNotExist):
			out = append(out, finding{"environment", false, "MIRRA_CA_FILE names " + file + ", which is gone: its session has ended", again})
		case err != nil:
			out = append(out, finding{"environment", false, "MIRRA_CA_FILE cannot be read: " + err.Error(), again})
		case otherOwner(info) != "":
			out = append(out, finding{"environment", false, fmt.Sprintf("MIRRA_CA_FILE names %s, which is %s's", file, otherOwner(info)), again})
		}
	}
	files, _ := filepath.Glob(filepath.Join(a.cfg.dropInFolder(), "*", "ca.pem")) // a constant pattern
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // it ended meanwhile
		}
		session := filepath.Base(filepath.Dir(f))
		for _, c := range certificates(text) {
			if why := outdated(&proxy.Root{Cert: c}, nil, now); why != "" && !a.isKept(c) {
				out = append(out, finding{what, false, fmt.Sprintf("clients refuse the certificate of session %s: %s", session, why), "set the clock, then mirra down --all and start anew"})
			}
		}
	}
	return out
}

// isKept tells whether a certificate is that of mirra trust, of which checkTrust speaks.
func (a *app) isKept(c *x509.Certificate) bool {
	kept := a.cfg.keptCA().former()
	return kept != nil && kept.Equal(c)
}

// checkRefused tells of clients that refused a session's certificate.
func (a *app) checkRefused(ctx context.Context) []finding {
	c, _ := a.running(ctx)
	if c == nil {
		return nil
	}
	var out []finding
	_ = eachSession(ctx, c, host.SessionQuery{}, func(s *host.SessionInfo) { // the finding of the server says what is wrong
		info, err := c.Proxy(ctx, s.SessionID)
		if err != nil {
			return // it ended meanwhile
		}
		for _, h := range info.Tried {
			if h.Alert != "" {
				out = append(out, finding{"session", false, title(s) + ": " + refusedCertificate(h), ""})
			}
		}
	})
	slices.SortFunc(out, func(a, b finding) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// refusedCertificate says what a client that refused a certificate may need.
func refusedCertificate(h host.TriedHost) string {
	reason := "it trusts a bundle of its own, or pins the vendor's, see docs/drop-in.md"
	switch h.Alert {
	case "expired certificate":
		reason = "the client's clock is more than two days off"
	case "bad certificate": // what clients say that know no better, such as Go's
		reason += "; or its clock is more than two days off"
	}
	return fmt.Sprintf("%s: the client refused the certificate (%s): %s", printable(h.Host), printable(h.Alert), reason)
}
