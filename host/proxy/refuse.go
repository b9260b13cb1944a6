package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// refusal is the body of a refused request, in the shape of the control API. Beside it
// stand the status and the message once more, where the SDKs of many vendors look for
// them: twilio-go would show an empty text, and a 0.
func refusal(status int, err error) []byte {
	e := host.AsError(err)
	fault := map[string]string{"code": e.Code, "message": e.Message}
	if e.Err != nil && e.Kind != host.KindInternal {
		fault["message"] = e.Error()
	}
	if e.Hint != "" {
		fault["hint"] = e.Hint
	}
	b, _ := json.Marshal(map[string]any{"error": fault, "message": fault["message"], "status": status}) // of strings
	return append(b, '\n')
}

// refuse answers with a fault. Vendors' SDKs show the status and often the body.
func refuse(w http.ResponseWriter, status int, err error) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if status == http.StatusProxyAuthRequired {
		h.Set("Proxy-Authenticate", challenge)
	}
	w.WriteHeader(status)
	_, _ = w.Write(refusal(status, err)) // the client went away
}

const challenge = `Basic realm="mirra: the user name is a session's id"`

// refuseTunnel answers a CONNECT. Most clients show nothing of such an answer but
// the status line, so that the reason stands there.
func refuseTunnel(c *conn, status int, err error) {
	body := refusal(status, err)
	more := ""
	if status == http.StatusProxyAuthRequired {
		more = "Proxy-Authenticate: " + challenge + "\r\n"
	}
	reason := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, "mirra: "+host.AsError(err).Message)
	_, _ = fmt.Fprintf(c, "HTTP/1.1 %d %s\r\n%sContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, reason, more, len(body), body) // the client went away
	_ = c.Close()                                                                                                                                                           // likewise
}

// statusOf is what a fault of the way to an unclaimed host is answered with.
func statusOf(e *host.Error) int {
	if e.Kind == host.KindForbidden {
		return http.StatusForbidden
	}
	return http.StatusBadGateway
}

func unclaimed(name string) *host.Error {
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.proxy.unclaimed", Message: name + " belongs to no mirror"}
}

// notServed says why a session does not answer for a claimed name.
func notServed(s *Session, name, domain, mirror string) *host.Error {
	if s.NoEgress && s.excepts(name) {
		return &host.Error{Kind: host.KindForbidden, Code: "mirra.proxy.egress", Message: fmt.Sprintf("%s is to be passed through, and session %s was started with --no-egress, which goes before", name, s.ID),
			Hint: "a session without --no-egress passes it on: mirra up --new"}
	}
	var served []string
	for h := range s.Hosts {
		if h == domain || strings.HasSuffix(h, "."+domain) {
			served = append(served, h)
		}
	}
	if served == nil {
		return &host.Error{Kind: host.KindNotFound, Code: "mirra.proxy.no_mirror", Message: fmt.Sprintf("session %s has no mirror of %s, and %s is never called for real", s.ID, mirror, name),
			Hint: "start a session that has it: mirra up --new --mirrors " + mirror + ",…"}
	}
	slices.Sort(served)
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.proxy.not_served", Message: fmt.Sprintf("%s is not mirrored, and never called for real: of %s the mirror %s serves %s", name, domain, mirror, strings.Join(served, ", "))}
}

// noEgress says that a session's clients reach nobody but mirrors.
func noEgress(s *Session, target string) *host.Error {
	return &host.Error{Kind: host.KindForbidden, Code: "mirra.proxy.egress", Message: fmt.Sprintf("%s belongs to no mirror, and session %s was started with --no-egress", target, s.ID),
		Hint: "`mirra status` lists what was tried"}
}
