package httpapi

import (
	"net"
	"net/http"
	"strconv"
	"strings"
)

// locate reads where a request is to go from its host name or path:
// stripe-a7k2.localhost, verify.twilio-a7k2.localhost, /s/a7k2/stripe/… and
// /s/a7k2/twilio/verify/… (the vendor host after the mirror is told apart by
// the caller, who knows the mirror's hosts).
func locate(r *http.Request) (place, bool) {
	if rest, ok := strings.CutPrefix(r.RequestURI, "/s/"); ok {
		session, rest, _ := strings.Cut(rest, "/")
		mirror, target := rest, "/"
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			mirror, target = rest[:i], rest[i:]
			if target[0] == '?' {
				target = "/" + target
			}
		}
		if session == "" || mirror == "" {
			return place{}, false
		}
		base := "http://" + r.Host + "/s/" + session + "/" + mirror
		return place{session: session, mirror: mirror, host: r.Header.Get("X-Mirra-Host"), base: base, target: target}, true
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	label, _, ok := strings.Cut(name, ".")
	if !ok {
		return place{}, false
	}
	host := r.Header.Get("X-Mirra-Host")
	if strings.IndexByte(label, '-') < 0 {
		// verify.twilio-a7k2.localhost: the first label is the vendor's host.
		host = label
		label, _, _ = strings.Cut(name[len(label)+1:], ".")
	}
	i := strings.LastIndexByte(label, '-')
	if i <= 0 || i == len(label)-1 {
		return place{}, false
	}
	return place{session: label[i+1:], mirror: label[:i], host: host, base: "http://" + r.Host, target: r.RequestURI}, true
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
