package assembly_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
)

// TestCloseDrains ends a server while requests are half sent: whichever way they came,
// they are answered, and new connections are not taken.
func TestCloseDrains(t *testing.T) {
	t.Parallel()
	s := MustServer(t, func(c *assembly.Config) { c.ProxyByName = true })
	session := MustSession(t, s, func(r *host.NewSession) { r.Ports, r.Name = true, "drained" })
	proxy, err := s.Proxy(t.Context(), session.SessionID)
	if err != nil {
		t.Fatal(err)
	}
	vendor, port, path := mustURL(t, s.VendorURL()), mustURL(t, session.Mirrors[0].URL), mustURL(t, session.Mirrors[0].PathURL)
	connections := map[string]net.Conn{"path": mustDial(t, vendor.Host), "port": mustDial(t, port.Host), "proxy": mustTunnel(t, vendor.Host, "drained", "api.hello.example", proxy.CA)}
	prefixes := map[string]string{"path": path.Path}
	const form = "text=half"
	for way, c := range connections {
		fmt.Fprintf(c, "POST %s/greetings HTTP/1.1\r\nHost: api.hello.example\r\nAuthorization: Bearer hk_test_abcd\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", prefixes[way], len(form))
		// Once it asks for the body the request is under way.
		if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != http.StatusContinue {
			t.Fatalf("%s: %v %v", way, resp, err)
		}
	}
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		closed <- s.Close(ctx)
	}()
	for {
		c, err := net.Dial("tcp", vendor.Host)
		if err != nil {
			break
		}
		c.Close()
	}
	for way, c := range connections {
		fmt.Fprint(c, form)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode >= 400 {
			t.Errorf("%s: %v %v", way, resp, err)
		}
	}
	if err := <-closed; err != nil {
		t.Error(err)
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

func mustDial(t *testing.T, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// mustTunnel goes through the proxy to a vendor's host, by HTTP/1.1.
func mustTunnel(t *testing.T, proxy, user, name, ca string) net.Conn {
	t.Helper()
	c := mustDial(t, proxy)
	req := &http.Request{Method: "CONNECT", URL: &url.URL{Opaque: name + ":443"}, Host: name + ":443", Header: http.Header{}}
	req.Header.Set("Proxy-Authorization", "Basic "+basic(user))
	if err := req.Write(c); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(c), req); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("CONNECT: %v %v", resp, err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(ca))
	return tls.Client(c, &tls.Config{RootCAs: roots, ServerName: name})
}

func basic(user string) string {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, "x")
	return r.Header.Get("Authorization")[len("Basic "):]
}
