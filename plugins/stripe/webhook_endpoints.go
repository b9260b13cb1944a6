package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// endpointTemplate [R, POST /v1/webhook_endpoints at 2023-10-16]; the answer to
// create has the secret between metadata and status, no other one has it.
var endpointTemplate = sdk.MustTemplate(`{"id":"","object":"webhook_endpoint","api_version":null,"application":null,"created":0,"description":null,"enabled_events":[],"livemode":false,"metadata":{},"status":"enabled","url":""}`)

func webhookEndpointHandlers() {
	handle("PostWebhookEndpoints", sdk.Exact, createEndpoint)
	handle("GetWebhookEndpoints", sdk.Exact, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		return r.list(endpoints, q, "webhook_endpoint", "/v1/webhook_endpoints")
	})
	handle("GetWebhookEndpointsWebhookEndpoint", sdk.Exact, func(r *request) error {
		d, err := r.pathEndpoint()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostWebhookEndpointsWebhookEndpoint", sdk.Exact, updateEndpoint)
	handle("DeleteWebhookEndpointsWebhookEndpoint", sdk.Exact, func(r *request) error {
		d, err := r.pathEndpoint()
		if err != nil {
			return err
		}
		tombstone := r.NewObject()
		tombstone.SetString("id", d.Get("id").String())
		tombstone.SetString("object", "webhook_endpoint")
		tombstone.SetBool("deleted", true)
		endpoints.Delete(r.Call, d.Get("id").String(), tombstone)
		forgetTargets(r.Call)
		return r.JSON(tombstone)
	})
}

func (r *request) pathEndpoint() (sdk.Doc, error) {
	id := r.Value("webhook_endpoint")
	d, ok := endpoints.Get(r.Call, id)
	if !ok {
		// Believed: the parameter's name as in the path.
		return d, notFound("webhook endpoint", id, "webhook_endpoint")
	}
	return d, nil
}

func createEndpoint(r *request) error {
	d := endpointTemplate.New(r.Arena)
	id := longID(r.Call, "we_1")
	d.SetString("id", id)
	d.SetStringOrNull("api_version", r.text("api_version"))
	d.SetInt("created", r.Unix())
	if err := r.setEndpoint(d); err != nil {
		return err
	}
	secret := r.NewSecret("whsec_", 32)
	if r.is("connect") {
		setMark(r.Call, id, markConnect, "true")
		d.SetString("application", applicationID(r.Call)) // [D docs.stripe.com/api/webhook_endpoints/object, 2026-11]
	}
	setMark(r.Call, id, markSecret, strconv.FormatUint(uint64(secret), 10))
	if err := endpoints.Insert(r.Call, d); err != nil {
		return err
	}
	forgetTargets(r.Call)
	d.InsertJSON("metadata", "secret", `""`)
	d.SetSecret("secret", secret)
	return r.answer(d)
}

func (r *request) setEndpoint(d sdk.Doc) error {
	r.setText(d, "description")
	if r.given("url") {
		url := r.text("url")
		if err := checkURL(url); err != nil {
			return err
		}
		d.SetString("url", url)
	}
	if given := r.params.Get("enabled_events"); given.Exists() {
		list := d.SetArray("enabled_events")
		for e := range given.All {
			list.AddString(e.String())
		}
	}
	r.setMetadata(d)
	return nil
}

// checkURL refuses what Stripe could not call. Addresses on this machine are
// not refused, other than at the vendor ("URL must be publicly accessible"):
// that is where the application under test is.
func checkURL(url string) error {
	switch {
	case len(url) > 5000:
		return invalid("url_invalid", "url", "Invalid URL: too long")
	case !strings.HasPrefix(url, "http://") && !strings.HasPrefix(url, "https://"):
		return invalid("url_invalid", "url", "Invalid URL: An explicit scheme (such as https) must be provided.") // [3, users' reports]
	}
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	if host == "" || strings.ContainsAny(url, " <>\"") {
		return invalid("url_invalid", "url", "Not a valid URL") // [3, users' reports]
	}
	return nil
}

func updateEndpoint(r *request) error {
	d, err := r.pathEndpoint()
	if err != nil {
		return err
	}
	if err := r.setEndpoint(d); err != nil {
		return err
	}
	if v := r.params.Get("disabled"); v.Exists() {
		d.SetString("status", "enabled")
		if isTrue(v) {
			d.SetString("status", "disabled")
		}
	}
	endpoints.Update(r.Call, d)
	forgetTargets(r.Call)
	return r.answer(d)
}

// secretOf is the secret an endpoint's deliveries are signed with. Endpoints
// that were seeded have none of their own and share the application's.
func secretOf(c *sdk.Call, id string) sdk.Secret {
	if n, err := strconv.ParseUint(markOf(c, id, markSecret), 10, 32); err == nil {
		return sdk.Secret(n)
	}
	return c.Secret("webhook")
}
