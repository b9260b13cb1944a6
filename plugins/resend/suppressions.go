package main

import "github.com/mirrahq/mirra/sdk"

func suppressionHandlers() {
	k := &kind{
		path: "suppressions", object: "suppression", noun: "Suppression", param: "suppression", level: sdk.Exact, keep: suppressions, template: suppressionTemplate,
		shown: "object id email origin source_id created_at", listed: "id email origin source_id created_at", filter: "origin", named: "email",
		complete: func(_ *sdk.Call, _ string, d sdk.Doc) { d.SetString("email", lower(d.Get("email").String())) },
	}
	k.serve("list get remove")
	// add puts addresses on the list, and answers with each as made says.
	add := func(r *request, each func(id string)) error {
		if err := r.check(); err != nil {
			return err
		}
		for _, e := range append(r.params.Get("email").Texts(), r.params.Get("emails").Texts()...) {
			a, ok := sdk.ParseAddress(e)
			if !ok {
				return invalid("Invalid `email` field. The email address needs to follow the `email@example.com` format.") // the text is believed
			}
			each(addSuppression(r.Call, a, "manual", ""))
		}
		return nil
	}
	handle("suppressions/add", sdk.Exact, func(r *request) error {
		one := ""
		if err := add(r, func(id string) { one = id }); err != nil {
			return err
		}
		return r.answer("object", "suppression", "id", one)
	})
	handle("suppressions/batch-add", sdk.Modelled, func(r *request) error {
		data := r.NewArray()
		if err := add(r, func(id string) { data.AddObject().Put("object", "suppression", "id", id) }); err != nil {
			return err
		}
		return r.answer("data", data)
	})
	handle("suppressions/batch-remove", sdk.Modelled, func(r *request) error {
		data := r.NewArray()
		for _, field := range [...]string{"emails", "ids"} {
			for e := range r.params.Get(field).All {
				if d, err := k.find(r, e.String()); err == nil { // others are passed over (believed)
					id := d.Get("id").String()
					suppressions.Delete(r.Call, id, r.NewObject())
					data.AddObject().Put("object", "suppression", "id", id, "deleted", true)
				}
			}
		}
		return r.answer("data", data)
	})
}

// addSuppression puts an address on the list, on which it stands once.
func addSuppression(c *sdk.Call, email, origin, source string) string {
	if d, ok := suppressions.First(c, "email", email); ok {
		return d.Get("id").String()
	}
	d := create(c, suppressionTemplate)
	d.Put("email", email, "origin", origin)
	d.SetStringOrNull("source_id", source)
	suppressions.MustInsert(c, d)
	return d.Get("id").String()
}
