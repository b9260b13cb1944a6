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
