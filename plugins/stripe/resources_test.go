package main

import (
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
