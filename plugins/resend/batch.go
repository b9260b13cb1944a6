package main

import (
	"errors"

	"github.com/mirrahq/mirra/sdk"
)

// maxBatch [D dashboard/emails/batch-sending, 2026-11: up to 100].
const maxBatch = 100

// sendFields are those of one email, which the description of the batch refers to.
var sendFields = operation("emails/send").Fields

// sendBatch sends all emails or, strictly, none; permissively those that can be [D
// dashboard/emails/batch-validation-modes, 2026-11].
func sendBatch(r *request) error {
	return r.once(func() error {
		batch, err := r.JSONBody()
		if err != nil {
			return err
		}
		switch n := batch.Len(); {
		case batch.Kind() != sdk.Array:
			return invalid("The request body must be an array of emails.") // the text is believed
		case n == 0 || n > maxBatch:
			return invalid("The batch must have between 1 and 100 emails.") // the text is believed
		}
		permissive := r.Header("x-batch-validation") == "permissive"
		var good []*message
		faults := r.NewArray()
		var recipients int64
		i := -1
		for one := range batch.All {
			i++
			m, err := r.composeOfBatch(one)
			if err == nil {
				good = append(good, m)
				recipients += int64(len(m.addresses))
				continue
			}
			f, ok := errors.AsType[*failure](err)
			if !permissive || !ok {
				return err
			}
			faults.AddObject().Put("index", i, "message", f.message)
		}
		if err := spend(r.Call, recipients); err != nil {
			return err
		}
		out := r.NewObject()
		data := out.SetArray("data")
		for _, m := range good {
			data.AddObject().SetString("id", m.id)
			m.accept(r.Call)
		}
		if permissive {
			out.SetDoc("errors", faults)
		}
		return r.JSON(out)
	})
}

func (r *request) composeOfBatch(p sdk.Doc) (*message, error) {
	if p.Kind() != sdk.Object {
		return nil, invalid("Each email of the batch must be an object.") // believed
	}
	if p.Get("attachments").Len() > 0 { // [D dashboard/emails/batch-sending; S resend-node 6.38]
		return nil, invalid("The `attachments` field is not supported in batches.") // the text is believed
	}
	return r.compose(p, sendFields)
}
