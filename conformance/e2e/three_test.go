package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestThreeVendorsOneUp: whatever a project is written in, one `mirra up` finds its
// vendors by what it depends on, and their mirrors run in one session.
func TestThreeVendorsOneUp(t *testing.T) {
	t.Parallel()
	for file, text := range map[string]string{
		"package.json":     `{"dependencies":{"resend":"^6.38.0","stripe":"^16.12.0","twilio":"^6.3.1"}}`,
		"go.mod":           "module example.com/app\n\ngo 1.26\n\nrequire (\n\tgithub.com/resend/resend-go/v3 v3.1.1\n\tgithub.com/stripe/stripe-go/v79 v79.12.0\n\tgithub.com/twilio/twilio-go v1.31.1\n)\n",
		"requirements.txt": "resend==2.4.0\nstripe>=10\ntwilio~=9.4\n",
		"Gemfile":          "source 'https://rubygems.org'\ngem 'resend'\ngem 'stripe', '~> 12.0'\ngem 'twilio-ruby'\n",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			p, u := upWhere(t, file, text)
			urls := map[string]string{}
			for _, m := range u.Mirrors {
				urls[strings.ToLower(m.Vendor)] = m.URL
			}
			if len(urls) != 3 {
				t.Fatalf("up found %+v", u.Mirrors)
			}
			for _, r := range []struct{ vendor, path, kind, body, user, password, shows string }{
				{"stripe", "/v1/customers", "application/x-www-form-urlencoded", "email=ada%40acme.com", "sk_test_123456789", "", `"cus_`},
				{"twilio", "/2010-04-01/Accounts/" + twilioAccount + "/Messages.json", "application/x-www-form-urlencoded", url.Values{"From": {"+15555550123"}, "To": {"+15558675310"}, "Body": {"Hi"}}.Encode(), twilioAccount, "secret", `"SM`},
				{"resend", "/emails", "application/json", `{"from":"onboarding@resend.dev","to":"delivered@resend.dev","subject":"hi","text":"hi"}`, "", "re_123456789", `{"id":`},
			} {
				req, err := http.NewRequest("POST", urls[r.vendor]+r.path, strings.NewReader(r.body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", r.kind)
				if r.user != "" {
					req.SetBasicAuth(r.user, r.password)
				} else {
					req.Header.Set("Authorization", "Bearer "+r.password)
				}
				resp, err := direct.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode/100 != 2 || !strings.Contains(string(text), r.shows) {
					t.Errorf("%s answers %d %s (%v)", r.vendor, resp.StatusCode, text, err)
				}
			}
			// All in one trace.
			seen := map[string]bool{}
			for line := range strings.Lines(p.mirra("logs", "--json", "--method", "POST")) {
				var e struct{ Mirror string }
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatal(err)
				}
				seen[e.Mirror] = true
			}
			if fmt.Sprint(seen) != "map[resend:true stripe:true twilio:true]" {
				t.Errorf("the session's trace has %v", seen)
			}
		})
	}
}

// upWhere is `mirra up` in a project that is one file.
func upWhere(t *testing.T, file, text string) (*project, upped) {
	t.Helper()
	p := &project{t: t, folder: t.TempDir(), home: home}
	if err := os.WriteFile(filepath.Join(p.folder, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var u upped
	if err := json.Unmarshal([]byte(p.mirra("up", "--json")), &u); err != nil {
		t.Fatal(err)
	}
	p.id = u.SessionID
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	return p, u
}

// TestVendorIsDetected: a project that has the SDK of any language, or the vendor's
// variables, gets the mirror.
func TestVendorIsDetected(t *testing.T) {
	t.Parallel()
	for vendor, files := range map[string]map[string]string{
		"Resend": {
			"package.json":     `{"dependencies":{"resend":"^6.38.0"}}`,
			"go.mod":           "module example.com/app\n\ngo 1.26\n\nrequire github.com/resend/resend-go/v3 v3.1.1\n",
			"requirements.txt": "resend==2.4.0\n",
			"Gemfile":          "source 'https://rubygems.org'\ngem 'resend'\n",
			".env":             "RESEND_API_KEY=re_123456789\n",
		},
		"Twilio": {
			"package.json":     `{"dependencies":{"twilio":"^6.3.1"}}`,
			"go.mod":           "module example.com/app\n\ngo 1.26\n\nrequire github.com/twilio/twilio-go v1.31.0\n",
			"requirements.txt": "twilio==9.4.1\n",
			"Gemfile":          "source 'https://rubygems.org'\ngem 'twilio-ruby'\n",
			".env":             "TWILIO_ACCOUNT_SID=" + twilioAccount + "\n",
		},
	} {
		for file, text := range files {
			t.Run(vendor+" by "+file, func(t *testing.T) {
				t.Parallel()
				if _, u := upWhere(t, file, text); len(u.Mirrors) != 1 || u.Mirrors[0].Vendor != vendor {
					t.Errorf("up found %+v", u.Mirrors)
				}
			})
		}
	}
}

// direct reaches mirrors whatever proxy the environment names.
var direct = &http.Client{Transport: &http.Transport{}}
