package e2e

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var (
	formPattern  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	inputPattern = regexp.MustCompile(`<(?:input|button)[^>]*name="([^"]*)"[^>]*value="([^"]*)"`)
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
		if !strings.Contains(strings.ToLower(form[2]), "complete") {
			continue
		}
		fields = url.Values{}
		for _, input := range inputPattern.FindAllStringSubmatch(form[2], -1) {
			if _, there := fields[input[1]]; !there {
				fields.Set(input[1], input[2])
			}
		}
		return form[1], fields
	}
	t.Fatalf("no form to complete in\n%s", page)
	return "", nil
}
