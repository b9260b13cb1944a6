package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/mirrahq/mirra/host"
)

// proxied measures what calling a vendor by its own name costs over calling its
// mirror: on a kept connection, and the first one to a host.
func proxied(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	all, err := s.sessions(ctx, 1, func(n *host.NewSession) { n.Ports = true })
	if err != nil {
		return err
	}
	id := all[0].SessionID
	info, err := s.Proxy(ctx, id)
	if err != nil {
		return err
	}
	made, err := s.call(ctx, "POST", prefix(all[0])+"/v1/customers", "name=Jenny")
	if err != nil {
		return err
	}
	target := fmt.Sprintf("/v1/customers/%s", made["id"])
	at, err := url.Parse(info.URL)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(info.CA)) {
		return errors.New("the proxy has no certificate")
	}
	through := func(h2 bool) *http.Client {
		t := &http.Transport{Proxy: http.ProxyURL(at), TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: h2}
		b.later(t.CloseIdleConnections)
		return &http.Client{Transport: t}
	}
	// What the protocol itself costs, with Go on both sides and nothing behind it.
	_, bare, err := b.bareProcess(ctx, s.home, make([]byte, 1200)) // as long as a customer
	if err != nil {
		return err
	}
	var h2 http.Protocols
	h2.SetUnencryptedHTTP2(true)
	plain := &http.Transport{Protocols: &h2}
	b.later(plain.CloseIdleConnections)
	clients := []struct {
		name, url string
		client    *http.Client
		times     []time.Duration
	}{
		{"direct", "http://" + s.vendor + prefix(all[0]) + target, direct, nil},
		{"GET through the proxy, HTTP/1.1", "https://api.stripe.com" + target, through(false), nil},
		{"GET through the proxy, HTTP/2", "https://api.stripe.com" + target, through(true), nil},
		{"bare handler, HTTP/1.1", "http://" + bare + "/", direct, nil},
		{"bare handler, HTTP/2", "http://" + bare + "/", &http.Client{Transport: plain}, nil},
	}
	// In turn, so that all meet the same noise.
	for end := time.Now().Add(2 * b.seconds); time.Now().Before(end); {
		for i := range clients {
			c := &clients[i]
			took, err := timed(ctx, c.client, c.url, http.StatusOK)
			if err != nil {
				return err
			}
			c.times = append(c.times, took)
		}
	}
	base := half(clients[0].times)
	for _, c := range clients[1:3] {
		p50 := half(c.times)
		row(c.name+", p50", p50.Round(time.Microsecond).String(), "direct "+base.Round(time.Microsecond).String(), (p50 - base).Round(time.Microsecond).String(), "at most 60µs more")
	}
	one, two := half(clients[3].times), half(clients[4].times)
	row("a bare handler over HTTP/2, p50", two.Round(time.Microsecond).String(), "HTTP/1.1 "+one.Round(time.Microsecond).String(), (two - one).Round(time.Microsecond).String(), "")
	var first []time.Duration
	for n := range 200 {
		// A host that is not served costs the same certificate.
		took, err := timed(ctx, through(false), fmt.Sprintf("https://h%d.stripe.com/", n), http.StatusBadGateway)
		if err != nil {
			return err
		}
		first = append(first, took)
	}
	row("first connection to a host, p50", half(first).Round(time.Microsecond).String(), "", "", "at most 8ms")
	return nil
}

// timed sends a GET and reads the answer.
func timed(ctx context.Context, c *http.Client, url string, want int) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth("sk_test_123456789", "")
	began := time.Now()
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	took := time.Since(began)
	if resp.StatusCode != want {
		return 0, fmt.Errorf("GET %s: %s, want %d", url, resp.Status, want)
	}
	return took, nil
}

func half(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
