package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	formPattern   = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	actionPattern = regexp.MustCompile(`action="([^"]*)"`)
	inputPattern  = regexp.MustCompile(`<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"`)
	buttonPattern = regexp.MustCompile(`<button[^>]*name="([^"]*)"[^>]*value="(complete)"`)
)

// completeForm finds the form of a challenge page whose button completes it.
func completeForm(t *testing.T, resp *http.Response) (action string, fields url.Values) {
	t.Helper()
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("the page is %s: %s", resp.Header.Get("Content-Type"), page)
	}
	for _, form := range formPattern.FindAllStringSubmatch(string(page), -1) {
		button := buttonPattern.FindStringSubmatch(form[2])
		if button == nil {
			continue
		}
		fields = url.Values{button[1]: {button[2]}}
		for _, input := range inputPattern.FindAllStringSubmatch(form[2], -1) {
			fields.Add(input[1], input[2])
		}
		if a := actionPattern.FindStringSubmatch(form[1]); a != nil {
			action = a[1]
		}
		return action, fields // no action: the page's own address
	}
	t.Fatalf("no form to complete in\n%s", page)
	return "", nil
}

// TestPageAddress asks for a challenge by each way to the mirror: its page is
// reached by the same one.
func TestPageAddress(t *testing.T) {
	p := up(t)
	var listed struct {
		Mirrors []struct{ URL, PathURL, HostURL string }
	}
	if err := json.Unmarshal([]byte(p.mirra("status", "--json")), &listed); err != nil || len(listed.Mirrors) != 1 {
		t.Fatalf("status lists %+v (%v)", listed, err)
	}
	m := listed.Mirrors[0]
	path, name := mustURL(t, m.PathURL), mustURL(t, m.HostURL)
	for _, way := range []struct{ base, host, page string }{
		{m.PathURL, "", m.PathURL + "/hooks/redirect/"},
		{m.PathURL, "mirra:4401", "http://mirra:4401" + path.Path + "/hooks/redirect/"},
		{"http://" + path.Host, name.Host, "http://hooks." + name.Host + "/redirect/"},
		{m.URL, "", m.PathURL + "/hooks/redirect/"},
	} {
		form := "amount=2000&currency=usd&confirm=true&payment_method=pm_card_threeDSecureRequired&return_url=https://example.com/back"
		req, err := http.NewRequest("POST", way.base+"/v1/payment_intents", strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer sk_test_123456789")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Host = way.host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var intent struct {
			NextAction struct {
				Redirect struct{ URL string } `json:"redirect_to_url"`
			} `json:"next_action"`
		}
		err = json.NewDecoder(resp.Body).Decode(&intent)
		resp.Body.Close()
		page := intent.NextAction.Redirect.URL
		if err != nil || !strings.HasPrefix(page, way.page) {
			t.Errorf("by %s as %q: the page is at %q, want it below %s (%v)", way.base, way.host, page, way.page, err)
			continue
		}
		// The name need not resolve here: the page is asked for where it is.
		at := mustURL(t, page)
		req, err = http.NewRequest("GET", "http://"+path.Host+at.RequestURI(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = at.Host
		resp, err = http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		completeForm(t, resp)
	}
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
