package main

import (
	"encoding/hex"

	"github.com/mirrahq/mirra/sdk"
)

// keyLifetime is how long answers are kept: at least 24 hours
// [D docs.stripe.com/api/idempotent_requests, 2026-11].
const keyLifetime = 24 * 3600

// idempotent deals with the Idempotency-Key of a POST. key is "" when there is
// none to store under; done tells that the answer is given.
func (r *request) idempotent() (key string, done bool, err error) {
	if r.Method != "POST" || keyless(r.op.ID) {
		return "", false, nil
	}
	key = r.Header("Idempotency-Key")
	if key == "" {
		return "", false, nil
	}
	if len(key) > 255 {
		return "", false, invalid("", "", "Idempotency keys are limited to 255 characters. The key provided was "+string(sdk.AppendInt(nil, len(key)))+" characters long.") // believed
	}
	check, replay := r.CheckIdempotency(key, r.fingerprint(), keyLifetime)
	switch check {
	case sdk.KeyReplay:
		// [R] the first request's id, this one's own, and the flag.
		r.SetStatus(replay.Status)
		r.SetHeader("Original-Request", replay.Request)
		r.SetHeader("Idempotent-Replayed", "true")
		return key, true, r.Send(replay.Body)
	case sdk.KeyMismatched:
		// [R-like, giftbit/lightrail 2018-07-26] no code, no doc_url.
		return key, false, &failure{status: 400, typ: "idempotency_error", message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" + key + "' if you meant to execute a different request."}
	case sdk.KeyInFlight:
		// [VENDORS: 3] the type is in doubt; SDKs retry on the status.
		r.DeleteHeader("Stripe-Should-Retry")
		return key, false, &failure{status: 409, typ: "idempotency_error", code: "idempotency_key_in_use", message: "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): " + key + ". Please try again later."}
	}
	return key, false, nil
}

// fingerprint stands for path and parameters of the request.
func (r *request) fingerprint() string {
	if r.print == "" {
		r.print = hex.EncodeToString(r.Digest(sdk.SHA256, r.Target+"\n"+r.Request.Body)[:16])
	}
	return r.print
}
