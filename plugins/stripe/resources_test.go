package main

import (
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// TestLevels holds that every operation of the description is routed with a
// level, and that the engine serves none whose effect is more than keeping,
// showing, changing or deleting what was sent.
func TestLevels(t *testing.T) {
	levels := map[string]sdk.Level{}
	for _, op := range stripe.Manifest.Operations {
		levels[op.Method+" "+op.Path] = op.Level
	}
	count := map[sdk.Level]int{}
	for i := range tables.Operations {
		op := &tables.Operations[i]
		level, ok := levels[op.Pattern]
		if !ok {
			t.Errorf("%s is not routed", op.Pattern)
			continue
		}
		count[level]++
		if level == sdk.Generic && (op.Verb == resource.Special || op.Verb == resource.Search || byHandOnly(op.Pattern)) {
			t.Errorf("%s has a meaning of its own and is generic", op.Pattern)
		}
	}
	t.Logf("%d operations: %d exact, %d modelled, %d generic, %d not there", len(tables.Operations), count[sdk.Exact], count[sdk.Modelled], count[sdk.Generic], count[sdk.None])
}

// TestGeneric: a kind that the engine keeps, from its creation to its deletion.
func TestGeneric(t *testing.T) {
	m := start(t)
	made := m.Form("POST", "/v1/radar/value_lists", "alias=bad", "name=Bad ones", "item_type=email", "metadata[a]=b").Want(200)
	id := made.Get("id")
	for path, want := range map[string]string{"object": "radar.value_list", "alias": "bad", "name": "Bad ones", "metadata.a": "b", "livemode": "false", "created": "1719835200"} {
		if got := made.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if got := m.Form("POST", "/v1/radar/value_lists/"+id, "name=Worse").Want(200).Get("name"); got != "Worse" {
		t.Errorf("name %s", got)
	}
	if r := m.Form("GET", "/v1/radar/value_lists").Want(200); r.JSON().Len("data") != 1 || r.Get("data.0.name") != "Worse" || r.Get("url") != "/v1/radar/value_lists" {
		t.Errorf("listed %s", r.Body)
	}
	match(t, m.Form("DELETE", "/v1/radar/value_lists/"+id).Want(200).Body, `{"id":"`+id+`","object":"radar.value_list","deleted":true}`)
	apiError{404, "", "resource_missing", "", "id", "No such radar.value_list: '" + "rsl_none" + "'"}.check(t, m.Form("GET", "/v1/radar/value_lists/rsl_none"))
	apiError{400, "", "parameter_missing", "", "name", "Missing required param: name."}.check(t, m.Form("POST", "/v1/radar/value_lists", "alias=bad"))
	apiError{400, "", "parameter_unknown", "", "nam", "Received unknown parameter: nam. Did you mean name?"}.check(t, m.Form("POST", "/v1/radar/value_lists", "alias=bad", "nam=x"))
}

// TestGenericMembers: what the description alone does not tell of new objects,
// and filters that are objects.
func TestGenericMembers(t *testing.T) {
	m := start(t)
	feature := m.Form("POST", "/v1/entitlements/features", "name=Rockets", "lookup_key=rockets").Want(200)
	want(t, feature, map[string]string{"active": "true"})
	product := m.Form("POST", "/v1/products", "name=Gold").Want(200).Get("id")
	want(t, m.Form("POST", "/v1/products/"+product+"/features", "entitlement_feature="+feature.Get("id")).Want(200), map[string]string{
		"entitlement_feature.id": feature.Get("id"), "entitlement_feature.name": "Rockets"})
	apiError{400, "", "resource_missing", "", "entitlement_feature", "No such entitlements.feature: 'feat_none'"}.check(t, m.Form("POST", "/v1/products/"+product+"/features", "entitlement_feature=feat_none"))
	want(t, m.Form("POST", "/v1/payment_method_configurations", "name=Rides").Want(200), map[string]string{"active": "true"})
	// Another component of the description of 2024 than of later ones.
	want(t, m.Form("POST", "/v1/terminal/locations", "display_name=HQ", "address[line1]=1 Main St", "address[city]=Berlin", "address[country]=DE").Want(200), map[string]string{"address.city": "Berlin"})

	mine := m.Form("POST", "/v1/apps/secrets", "name=a", "payload=hush", "scope[type]=account").Want(200).Get("id")
	m.Form("POST", "/v1/apps/secrets", "name=b", "payload=hush", "scope[type]=user", "scope[user]=usr_1").Want(200)
	want(t, m.Form("GET", "/v1/apps/secrets", "scope[type]=account").Want(200), map[string]string{"data.0.id": mine, "data.1.id": ""})
}

// TestRenamed: what had another name in an earlier version has it there, sent and
// answered.
func TestRenamed(t *testing.T) {
	m := start(t)
	meter := m.Form("POST", "/v1/billing/meters", "display_name=Searches", "event_name=search", "default_aggregation[formula]=sum").Want(200).Get("id")
	for version, name := range map[string]string{"2024-06-20": "usage_threshold_config", "2024-09-30.acacia": "usage_threshold"} {
		in := "Stripe-Version: " + version
		alert := m.Form("POST", "/v1/billing/alerts", "title=Usage", "alert_type=usage_threshold", name+"[gte]=100", name+"[meter]="+meter, name+"[recurrence]=one_time", in).Want(200)
		want(t, alert, map[string]string{name + ".gte": "100"})
		want(t, m.Form("GET", "/v1/billing/alerts/"+alert.Get("id"), in).Want(200), map[string]string{name + ".gte": "100"})
		want(t, m.Form("GET", "/v1/billing/alerts", in).Want(200), map[string]string{"data.0." + name + ".gte": "100"})
	}
}

// TestUpload: the file of a form is no parameter of its own.
func TestUpload(t *testing.T) {
	m := start(t)
	form := strings.Join([]string{
		"--cut", `Content-Disposition: form-data; name="purpose"`, "", "dispute_evidence",
		"--cut", `Content-Disposition: form-data; name="file"; filename="receipt.png"`, "Content-Type: image/png", "", "\x89PNG", "--cut--", ""}, "\r\n")
	file := m.RequestHost("files", "POST", "/v1/files", form, "Content-Type: multipart/form-data; boundary=cut", "Idempotency-Key: of-an-upload").Want(200)
	if file.Header("Idempotency-Key")+file.Header("Original-Request") != "" { // [R]
		t.Errorf("an upload took a key: %v", file.Headers)
	}
	want(t, file, map[string]string{"object": "file", "filename": "receipt.png", "type": "png", "size": "4", "purpose": "dispute_evidence"})
	link := m.Form("POST", "/v1/file_links", "file="+file.Get("id")).Want(200)
	want(t, link, map[string]string{"object": "file_link", "file": file.Get("id")})
}
