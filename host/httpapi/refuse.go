package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/mirrahq/mirra/host"
)

var statusOf = map[host.Kind]int{
	host.KindInvalid: 400, host.KindUnauthorized: 401, host.KindForbidden: 403, host.KindNotFound: 404,
	host.KindConflict: 409, host.KindUnprocessed: 422, host.KindLimited: 429, host.KindInternal: 500, host.KindUnavailable: 503,
}

// errorBody is how every error of Mirra's own looks.
type errorBody struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
	} `json:"error"`
}

// refuse answers with a fault in the shape of the control API.
func refuse(w http.ResponseWriter, err error) {
	e := host.AsError(err)
	var b errorBody
	b.Error.Code, b.Error.Message, b.Error.Hint = e.Code, e.Message, e.Hint
	if e.Err != nil && e.Kind != host.KindInternal {
		b.Error.Message = e.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(statusOf[e.Kind])
	_ = json.NewEncoder(w).Encode(b) // the client went away
}

func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, &host.Error{Kind: host.KindNotFound, Code: "mirra.vendor.no_mirror", Message: fmt.Sprintf("%s%s reaches no mirror", r.Host, r.RequestURI),
		Hint: "use the URL that `mirra up` printed, such as http://127.0.0.1:4401/s/a7k2/stripe"})
}

func noSuchMirror(w http.ResponseWriter, p place) {
	refuse(w, &host.Error{Kind: host.KindNotFound, Code: "mirra.vendor.no_mirror", Message: fmt.Sprintf("no session %q with a mirror %q", p.session, p.mirror),
		Hint: "`mirra sessions` lists those that live; a session ends with its command or after its time-out"})
}
