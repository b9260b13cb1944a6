package proxy

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// client is who sends requests: the session it says it belongs to.
type client struct {
	name  string // of the session, as given
	known bool   // a name was given
}

// named reads the session from the user name of a proxy request. The password is
// anything.
func named(r *http.Request) client {
	scheme, rest, _ := strings.Cut(r.Header.Get("Proxy-Authorization"), " ")
	if !strings.EqualFold(scheme, "basic") {
		return client{}
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
	if err != nil {
		return client{}
	}
	user, _, _ := strings.Cut(string(text), ":")
	return client{user, user != ""}
}

// unknown says that a client belongs to no session that lives.
func (c client) unknown() *host.Error {
	const hint = "start the application with `mirra exec -- CMD`; HTTPS_PROXY of another shell comes from `mirra env`"
	if !c.known {
		return &host.Error{Kind: host.KindUnauthorized, Code: "mirra.proxy.no_session", Message: "the proxy's user name is to be a session's id, and there is none", Hint: "HTTPS_PROXY=http://SESSION:x@…; `mirra env` prints it"}
	}
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.proxy.session_ended", Message: fmt.Sprintf("no session %.64q lives; it has ended, or never was", c.name), Hint: hint}
}
