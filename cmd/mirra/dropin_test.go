package main

import (
	"bytes"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

func TestNoProxy(t *testing.T) {
	t.Parallel()
	d := &dropIn{info: &host.ProxyInfo{URL: "http://ses_a:x@127.0.0.1:4401", Domains: []string{"stripe.com", "twilio.com"}}}
	const own = "localhost,127.0.0.1,::1,.localhost"
	for given, want := range map[string]string{
		"": own, "*": own, "db.internal, .corp": own + ",db.internal,.corp", "localhost": own,
		"api.stripe.com,.stripe.com,stripe.com:443,*.Stripe.com": own, "com": own, ".com,notstripe.com": own + ",notstripe.com", "10.0.0.0/8": own + ",10.0.0.0/8",
	} {
		if got := d.noProxy(given, given); got != want {
			t.Errorf("%q becomes %q, want %q", given, got, want)
		}
	}
}

// TestKeyStore has Java's own tool read the trust store.
func TestKeyStore(t *testing.T) {
	t.Parallel()
	ca, err := hosttest.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	other, err := hosttest.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	store := keyStore(joinPEM(bytes.TrimSpace(ca.PEM), other.PEM, []byte("no certificate\n")))
	block, _ := pem.Decode(other.PEM)
	if !bytes.Contains(store, block.Bytes) {
		t.Error("the second certificate is not there")
	}
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		return // TestDropIn has Java use it
	}
	file := filepath.Join(t.TempDir(), "store.jks")
	if err := os.WriteFile(file, store, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(keytool, "-list", "-keystore", file, "-storepass", keyStorePassword).CombinedOutput()
	if err != nil || strings.Count(string(out), "trustedCertEntry") != 2 {
		t.Errorf("%v\n%s", err, out)
	}
}
