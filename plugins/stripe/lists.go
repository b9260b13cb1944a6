package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// page reads the cursor parameters that every list has: limit 1 to 100, 10 if
// absent; starting_after and ending_before exclude each other
// [D docs.stripe.com/api/pagination, 2026-11].
func (r *request) page() (sdk.ListQuery, error) {
	q := sdk.ListQuery{Limit: 10}
	if l := r.params.Get("limit"); l.Exists() {
		n, _ := l.Int()
		if n < 1 {
			return q, invalid("parameter_invalid_integer", "limit", atLeastOne) // [R]
		}
		if n > 100 {
			return q, invalid("parameter_invalid_integer", "limit", "This value must be less than or equal to 100 (currently "+strconv.FormatInt(n, 10)+").") // [R-like]
		}
		q.Limit = int(n)
	}
	q.After, q.Before = r.text("starting_after"), r.text("ending_before")
	if q.After != "" && q.Before != "" {
		return q, invalid("", "", "You can't specify both `starting_after` and `ending_before`.") // believed
	}
	return q, r.created(&q)
}

// created reads a created filter, a number or gt, gte, lt, lte.
func (r *request) created(q *sdk.ListQuery) error {
	c := r.params.Get("created")
	switch c.Kind() {
	case sdk.String, sdk.Number:
		q.CreatedFrom, q.CreatedTo = c.Int64(), c.Int64()
	case sdk.Object:
		if v, ok := c.Get("gte").Int(); ok {
			q.CreatedFrom = v
		}
		if v, ok := c.Get("gt").Int(); ok {
			q.CreatedFrom = v + 1
		}
		if v, ok := c.Get("lte").Int(); ok {
			q.CreatedTo = v
		}
		if v, ok := c.Get("lt").Int(); ok {
			q.CreatedTo = v - 1
		}
	}
	return nil
}

// checkFilters refuses filters that name an object which never was [R invoices by
// customer, prices by product, refunds by charge; the others by analogy].
func (r *request) checkFilters(typ string) error {
	filtered := false
	for p := range r.params.All {
		switch p.Key() {
		case "limit", "starting_after", "ending_before", "expand", "created", "type", "status", "active":
		default:
			filtered = true
		}
	}
	if !filtered {
		return nil
	}
	var fault error
	engine.References(r.Call, shapeOf(typ), r.params, func(path, id string, to []string) bool {
		if id == accountID(r.Call) || strings.IndexByte(path, '[') >= 0 {
			return true // [R invoice_payments by payment[payment_intent], 2025-10] the list is empty
		}
		for _, object := range to {
			k := kept[object]
			if s := specOf[object]; k == nil || s != nil && s.unknown(r) != nil {
				return true
			}
			if d, _ := k.GetAny(r.Call, id); d.Exists() {
				return true
			}
		}
		fault = missing(nounOf(to[0]), id, path)
		return false
	})
	return fault
}

// list answers with a page of a collection. noun is what an unknown cursor is
// called.
func (r *request) list(k *sdk.Collection, q sdk.ListQuery, noun, url string) error {
	if err := r.checkFilters(k.Type); err != nil {
		return err
	}
	page, err := k.Find(r.Call, q)
	if err != nil {
		param := "starting_after"
		if q.Before != "" {
			param = "ending_before"
		}
		return invalid("resource_missing", param, "No such "+noun+": '"+q.After+q.Before+"'")
	}
	edit := sdk.Edit{Tag: "object"}
	if usedVersion.date < v20221115 || r.namesDiffer(k.Type) || !r.expandRows(k.Type, &edit.Expand) {
		docs, more := page.Docs(r.Call)
		return r.answerList(docs, more, url)
	}
	if now := r.Unix(); edit.Expand[0] != "" || compound[k.Type] || anyDead(k.Type, now, usedVersion.date) {
		edit.Rules = deadMembers(now, usedVersion.date)
	}
	r.Write(`{"object":"list","data":[`)
	var more bool
	if edit.Expand[0] == "" && edit.Rules == "" {
		more, err = page.Emit(r.Call)
	} else {
		more, err = page.EmitEdited(r.Call, edit)
	}
	r.Write(`],"has_more":` + strconv.FormatBool(more) + `,"url":`)
	r.WriteString(url)
	r.Write(`}`)
	return err
}

// answerList answers with documents that are in memory.
func (r *request) answerList(docs []sdk.Doc, more bool, url string) error {
	d := r.listOf(docs, more)
	d.SetString("url", url)
	return r.answer(d)
}

// listOf is a list that does not say yet where it is.
func (r *request) listOf(docs []sdk.Doc, more bool) sdk.Doc {
	d := r.NewObject()
	d.SetString("object", "list")
	data := d.SetArray("data")
	for _, row := range docs {
		data.AddDoc(row)
	}
	d.SetBool("has_more", more)
	return d
}
