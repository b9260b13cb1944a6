// Package webhook sends deliveries to the application. It decides on the
// address actually dialled whether a target is allowed, follows no redirects,
// and never talks to Mirra's own control port.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// Config says where deliveries may go.
type Config struct {
	// Hosts are names or addresses allowed beside loopback.
	Hosts []string
	// Private allows private networks: Mirra runs in a container next to the
	// application.
	Private bool
	// Rewrite maps prefixes of registered URLs to where they are really sent;
	// the signature covers the registered one.
	Rewrite map[string]string
}

// Sender implements host.Sender over HTTP.
type Sender struct {
	cfg     Config
	client  *http.Client
	control atomic.Pointer[map[string]bool]
}

var _ host.Sender = (*Sender)(nil)

// errRefused marks a target that is not allowed.
type errRefused struct{ reason string }

func (e *errRefused) Error() string { return e.reason }

// New returns a sender.
func New(cfg Config) *Sender {
	s := &Sender{cfg: cfg}
	dialer := &net.Dialer{Timeout: 10 * time.Second, ControlContext: s.check}
	s.client = &http.Client{
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     30 * time.Second,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Forbid makes addresses, host:port, unreachable for deliveries: Mirra's own
// control listener.
func (s *Sender) Forbid(addresses ...string) {
	m := map[string]bool{}
	for _, a := range addresses {
		if _, port, err := net.SplitHostPort(a); err == nil {
			m[port] = true
		}
	}
	s.control.Store(&m)
}

// hostKey carries the name that is being dialled to check.
type hostKey struct{}

// check looks at the address that a connection is about to be made to, so that
// a name which resolves elsewhere the second time gains nothing.
func (s *Sender) check(ctx context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return &errRefused{"the address " + address + " cannot be read"}
	}
	ip := ap.Addr().Unmap()
	if m := s.control.Load(); m != nil && (*m)[fmt.Sprint(ap.Port())] && (ip.IsLoopback() || isOwn(ip)) {
		return &errRefused{"the target is Mirra's own control port"}
	}
	name, _ := ctx.Value(hostKey{}).(string)
	for _, h := range s.cfg.Hosts {
		if strings.EqualFold(h, name) || h == ip.String() {
			return nil
		}
	}
	if ip.IsLoopback() || s.cfg.Private && ip.IsPrivate() {
		return nil
	}
	return &errRefused{fmt.Sprintf("%s (%s) is not on this machine; add it to webhook-hosts in mirra.yaml, or forward to a local URL", name, ip)}
}

// isOwn tells whether an address is one of this machine's.
func isOwn(ip netip.Addr) bool {
	if ip.IsUnspecified() {
		return true
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return true // better to refuse than to reach the control port
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == ip {
				return true
			}
		}
	}
	return false
}

// rewrite maps a registered URL to where it is sent.
func (s *Sender) rewrite(target string) string {
	for from, to := range s.cfg.Rewrite {
		if rest, ok := strings.CutPrefix(target, from); ok && (rest == "" || strings.ContainsAny(rest[:1], "/?#")) {
			return to + rest
		}
	}
	return target
}

// Send sends one try.
func (s *Sender) Send(ctx context.Context, o *host.Outgoing) abi.Result {
	target := s.rewrite(o.URL)
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return abi.Result{Outcome: abi.OutcomeRefused, Error: fmt.Sprintf("%q is not an http or https URL", o.URL)}
	}
	timeout := o.Timeout
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, hostKey{}, u.Hostname()), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, o.Method, target, bytes.NewReader(o.Body))
	if err != nil {
		return abi.Result{Outcome: abi.OutcomeRefused, Error: err.Error()}
	}
	for _, h := range o.Headers {
		if strings.EqualFold(h.Name, "host") {
			req.Host = h.Value
			continue
		}
		req.Header[h.Name] = append(req.Header[h.Name], h.Value)
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		req.Header["User-Agent"] = nil // net/http's own would give Mirra away
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return failed(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, abi.MaxOutcomeBodyBytes))
	if err != nil {
		return failed(ctx, err)
	}
	var pairs []abi.Pair
	for name, values := range resp.Header {
		for _, v := range values {
			pairs = append(pairs, abi.Pair{Name: name, Value: v})
		}
	}
	return abi.Result{Outcome: abi.OutcomeAnswered, Status: uint16(resp.StatusCode), Headers: abi.MakePairs(pairs), Body: string(body)}
}

// failed says why no answer came.
func failed(ctx context.Context, err error) abi.Result {
	r := abi.Result{Outcome: abi.OutcomeConnect, Error: err.Error()}
	if e, ok := errors.AsType[*url.Error](err); ok {
		r.Error = e.Err.Error()
	}
	if e, ok := errors.AsType[*errRefused](err); ok {
		return abi.Result{Outcome: abi.OutcomeRefused, Error: e.reason}
	}
	var timeout net.Error
	var unknownAuthority *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		r.Outcome = abi.OutcomeTimeout
	case errors.Is(ctx.Err(), context.Canceled):
		r.Outcome = abi.OutcomeAborted
	case errors.As(err, &unknownAuthority), errors.As(err, &record):
		r.Outcome = abi.OutcomeTLS
	case strings.Contains(r.Error, "malformed HTTP"), errors.Is(err, io.EOF):
		r.Outcome = abi.OutcomeProtocol
	}
	return r
}
