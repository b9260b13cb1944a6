package main

import "github.com/mirrahq/mirra/sdk"

var apiKeys = resend.Collect(&sdk.Collection{Type: "api_key", Entity: "api_keys", Fields: []string{"name", "permission", "last_used_at"}})

var keyTemplate = sdk.MustTemplate(`{"id":"","name":"","created_at":"","last_used_at":null,"permission":"full_access","domain_id":null}`)

var (
	insertToken = sdk.Define(`INSERT INTO tokens(token, id, permission, domain, deleted) VALUES(?1, ?2, ?3, ?4, 0)`)
	deleteToken = sdk.Define(`UPDATE tokens SET deleted = 1 WHERE id = ?1`)
)

func keyHandlers() {
	k := &kind{
		path: "api-keys", object: "list" /* [R] */, noun: "API key", param: "api_key_id", level: sdk.Exact, keep: apiKeys, template: keyTemplate,
		listed: "id name created_at last_used_at", usual: everything, set: setKey,
	}
	k.serve("list update")
	handle("api-keys/create", sdk.Exact, func(r *request) error {
		d, err := k.made(r)
		if err != nil {
			return err
		}
		token := r.Random(sdk.Objects, 8, sdk.Base62)
		domain := ""
		if d.Get("permission").String() == "sending_access" { // [S CreateApiKeyRequest.domain_id]
			domain = d.Get("domain_id").String()
		}
		insertToken.MustRun(r.Args().Text(token).Text(d.Get("id").String()).Text(d.Get("permission").String()).Text(domain))
		out := r.pick(d, "id") // [R: in this order]
		out.SetString("object", "list")
		out.SetString("token", "re_"+token+"_"+r.Random(sdk.Objects, 24, sdk.Base62))
		return r.JSON(out)
	})
	k.on("remove", func(r *request, d sdk.Doc) error {
		deleteToken.MustRun(r.Args().Text(d.Get("id").String()))
		return k.remove(r, d)
	})
	// Nobody grants anything to OAuth clients here.
	handle("oauth/list-grants", sdk.Modelled, func(r *request) error { return r.answerPage(nil, 0) })
	handle("oauth/revoke-grant", sdk.Modelled, func(r *request) error { return notFound("OAuth grant") })
}

func setKey(r *request, d sdk.Doc) error {
	if len(r.text("name")) > 50 { // believed
		return invalid("The `name` field must have at most 50 characters.")
	}
	if domain := r.text("domain_id"); domain != "" {
		if _, ok := domains.Get(r.Call, domain); !ok {
			return notFound("Domain")
		}
	}
	r.set(d, "name")
	if r.Method == "POST" {
		r.set(d, "permission", "domain_id")
	}
	return nil
}
