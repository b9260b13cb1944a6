package main

import "github.com/mirrahq/mirra/sdk"

var (
	insertToken = sdk.Define(`INSERT INTO tokens(token, id, permission, domain, deleted) VALUES(?1, ?2, ?3, ?4, 0)`)
	deleteToken = sdk.Define(`UPDATE tokens SET deleted = 1 WHERE id = ?1`)
)

func keyHandlers() {
	k := &kind{
		path: "api-keys", object: "list" /* [R] */, noun: "API key", param: "api_key_id", level: sdk.Exact, keep: apiKeys, template: keyTemplate,
		listed: "id name created_at last_used_at", usual: everything, set: setKey, answer: answerKey,
	}
	k.serve("create list update")
	k.on("remove", func(r *request, d sdk.Doc) error {
		deleteToken.MustRun(r.Args().Text(d.Get("id").String()))
		return k.remove(r, d)
	})
	// Nobody grants anything to OAuth clients here.
	handle("oauth/list-grants", sdk.Modelled, func(r *request) error { return r.answerPage(nil, 0) })
	handle("oauth/revoke-grant", sdk.Modelled, func(r *request) error { return notFound("OAuth grant") })
}

// answerKey shows a key, this once [R: in this order].
func answerKey(r *request, d sdk.Doc) error {
	token, domain := r.Random(sdk.Objects, 8, sdk.Base62), ""
	if d.Get("permission").String() == "sending_access" { // [S CreateApiKeyRequest.domain_id]
		domain = d.Get("domain_id").String()
	}
	insertToken.MustRun(r.Args().Text(token).Text(d.Get("id").String()).Text(d.Get("permission").String()).Text(domain))
	return r.answer("id", d.Get("id"), "object", "list", "token", "re_"+token+"_"+r.Random(sdk.Objects, 24, sdk.Base62))
}

func setKey(r *request, d sdk.Doc) error {
	if len(r.text("name")) > 50 { // believed
		return invalid("The `name` field must have at most 50 characters.")
	}
	if err := r.known(domains, r.text("domain_id"), "Domain"); err != nil {
		return err
	}
	r.set(d, "name")
	if r.Method == "POST" {
		r.set(d, "permission", "domain_id")
	}
	return nil
}
