package httpapi

import (
	"testing"

	"github.com/mirrahq/mirra/host"
)

func TestLeadTo(t *testing.T) {
	t.Parallel()
	for control, want := range map[string]string{
		"http://127.0.0.1:4400": "http://ses_a:x@127.0.0.1:4401 127.0.0.1:21000", "http://localhost:4400": "http://ses_a:x@127.0.0.1:4401 127.0.0.1:21000",
		"http://mirra.example.com:4400": "http://ses_a:x@mirra.example.com:4401 mirra.example.com:21000", "http://[fd00::1]:4400": "http://ses_a:x@[fd00::1]:4401 [fd00::1]:21000",
	} {
		p := &host.ProxyInfo{URL: "http://ses_a:x@127.0.0.1:4401", Door: "127.0.0.1:21000"}
		if leadTo(p, control); p.URL+" "+p.Door != want {
			t.Errorf("%s: %s %s, want %s", control, p.URL, p.Door, want)
		}
	}
}
