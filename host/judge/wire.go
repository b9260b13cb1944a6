package judge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

const (
	// maxRetries is how often the SDKs ask again after 408, 409, 429, 5xx (529 is
	// Anthropic's overload) and lost connections, each time waiting as the vendor says,
	// else twice as long.
	maxRetries = 2
	// maxWait is the longest that a vendor's Retry-After is heeded. One that asks for
	// more is not asked again: the question would not be answered in time.
	maxWait = 20 * time.Second
	// maxReplyBytes is far more than answerTokens take.
	maxReplyBytes = 4 << 20
)

// apiError is an answer of a vendor's that refuses.
type apiError struct {
	status  int
	message string // the vendor's
}

func (e *apiError) Error() string { return strconv.Itoa(e.status) + " " + e.message }

// ofForm tells whether what is refused is the schema of the answer, as servers and models
// do that do not know it. That the message names it is believed: no vendor documents
// the words.
func (e *apiError) ofForm() bool {
	if e.status != http.StatusBadRequest && e.status != http.StatusUnprocessableEntity {
		return false
	}
	for _, word := range []string{"response_format", "output_config", "output_format", "schema", "structured"} {
		if strings.Contains(strings.ToLower(e.message), word) {
			return true
		}
	}
	return false
}

// explain says what a question failed by, without the SDK's words: they can hold the
// request.
func (j *Judge) explain(err error) error {
	refused, ok := errors.AsType[*apiError](err)
	if !ok {
		if u, isURL := errors.AsType[*url.Error](err); isURL {
			err = u.Err // without the address, which may hold a password
		}
		return &host.Error{
			Kind: host.KindUnavailable, Code: "mirra.judge.unreachable",
			Message: fmt.Sprintf("%s cannot be asked: %s", j.config, j.config.clean(err.Error())),
			Hint:    "check the network, and " + j.vendor.base + " if it is set",
		}
	}
	e := &host.Error{Kind: host.KindUnavailable, Code: "mirra.judge.failed", Hint: "run it again later, or name another judge-model"}
	name, said := j.config.String(), ""
	if m := j.config.clean(refused.message); m != "" {
		said = ": " + m
	}
	switch s := refused.status; {
	case s == http.StatusUnauthorized:
		// Vendors repeat parts of the key, so their words are left out.
		e.Kind, e.Code = host.KindUnauthorized, "mirra.judge.key"
		e.Message, e.Hint = fmt.Sprintf("%s cannot be asked: the key in %s is not accepted (401)", name, j.vendor.key), "set "+j.vendor.key+" to a key that is valid"
		if j.config.APIKey == "" {
			e.Message, e.Hint = fmt.Sprintf("%s asks for a key (401), and %s is not set", name, j.vendor.key), "set "+j.vendor.key
		}
	case s == http.StatusForbidden:
		e.Kind, e.Code = host.KindForbidden, "mirra.judge.key"
		e.Message, e.Hint = fmt.Sprintf("%s may not be asked with the key in %s (403)%s", name, j.vendor.key, said), "use a key that has access to the model, or name another judge-model"
	case s == http.StatusNotFound:
		e.Kind, e.Code = host.KindNotFound, "mirra.judge.model"
		e.Message, e.Hint = fmt.Sprintf("%s is not there (404)%s", name, said), "name a model that there is: judge-model; check "+j.vendor.base+" if it is set"
	case s == http.StatusTooManyRequests:
		e.Kind, e.Code = host.KindLimited, "mirra.judge.limited"
		e.Message, e.Hint = fmt.Sprintf("%s answers too many requests, or the account has no credit left (429)%s", name, said), "wait and run it again: answers that were given are kept"
	case s >= 500:
		e.Message = fmt.Sprintf("%s fails or is overloaded (%d)%s", name, s, said)
	default:
		e.Kind = host.KindUnprocessed
		e.Message = fmt.Sprintf("%s refuses the question (%d)%s", name, s, said)
	}
	return e
}

// httpClient is what both SDKs send with. It reads the proxy from the environment, as
// Go's own does.
func httpClient() *http.Client {
	return &http.Client{
		Transport: transport{http.DefaultTransport},
		// An API does not move. Following would take the key to wherever it is told.
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			return fmt.Errorf("it redirects to %s", r.URL.Host)
		},
	}
}

// transport bounds what a vendor can make the SDKs do.
type transport struct{ next http.RoundTripper }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if wait(answer.Header, time.Now()) > maxWait {
		answer.Header.Set("X-Should-Retry", "false") // the SDKs heed it
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxReplyBytes), answer.Body}
	return answer, nil
}

// wait is how long an answer asks to wait, in seconds or until a date.
func wait(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 1e6) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return at.Sub(now)
	}
	return 0
}

// lost keeps errors of the context what they are, whatever an SDK wraps them in.
func lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
