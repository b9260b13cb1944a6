package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mirrahq/mirra/host"
)

// conn is a connection of a client, behind the CONNECT if there was one.
type conn struct {
	net.Conn
	r      *bufio.Reader
	client client
	host   string // that it asked to be connected to, "" on a door
	port   int    // likewise, 0 on a door
	sni    string // that its TLS is for

	begins bool   // TLS does
	last   []byte // that was read while it does, an alert's at most
}

// connKey is the context key of a request's *conn.
type connKey struct{}

// newConn wraps a connection of which r may have read something.
func newConn(c net.Conn, r *bufio.Reader, from client) *conn {
	if r == nil {
		r = bufio.NewReaderSize(c, 1024)
	}
	return &conn{Conn: c, r: r, client: from}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.begins {
		c.last = append(c.last, p[:n]...)
		c.last = c.last[max(0, len(c.last)-alertBytes):]
	}
	return n, err
}

// CloseWrite says that there is no more to come.
func (c *conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// handedOver is the listener of connections that came another way.
type handedOver struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newHandedOver() *handedOver {
	return &handedOver{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *handedOver) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *handedOver) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener; there is none.
func (*handedOver) Addr() net.Addr { return &net.UnixAddr{Name: "handed over", Net: "unix"} }

// Ports of vendors' APIs.
const (
	portHTTP  = 80
	portHTTPS = 443
)

// relayPorts are those of mail relays that speak TLS from the first byte: RFC 8314
// section 3.3, and what vendors offer where networks block it
// [resend.com/docs/send-with-smtp, 2026-11].
var relayPorts = []int{465, 2465}

// connect serves a CONNECT.
func (p *Proxy) connect(w http.ResponseWriter, r *http.Request, from client) {
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2
		refuse(w, http.StatusBadRequest, &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.protocol", Message: "CONNECT needs HTTP/1.1"})
		return
	}
	c := newConn(raw, buffered.Reader, from)
	if !p.enter() {
		_ = c.Close() // the proxy has ended
		return
	}
	defer p.loops.Done()
	name, port, err := parseTarget(r.RequestURI)
	if err != nil {
		refuseTunnel(c, http.StatusBadRequest, err)
		return
	}
	s := p.cfg.Find(from.name)
	claimed := p.claimed(s, name)
	if s == nil && (claimed || from.known || p.cfg.Shared) {
		refuseTunnel(c, http.StatusProxyAuthRequired, from.unknown())
		return
	}
	target := net.JoinHostPort(name, strconv.Itoa(port))
	switch {
	case claimed && port != portHTTPS && port != portHTTP && (s.Relays[name] == nil || !slices.Contains(relayPorts, port)):
		p.tried.add(s.ID, target, true)
		refuseTunnel(c, http.StatusBadGateway, &host.Error{Kind: host.KindNotFound, Code: "mirra.proxy.port", Message: fmt.Sprintf("%s is not mirrored, and never called for real: mirrors answer on ports 443 and 80, mail relays on 465 and 2465", target)})
	case claimed:
		c.host, c.port = name, port
		if _, err := io.WriteString(c, established); err == nil {
			p.handOver(c)
		} else {
			_ = c.Close() // the client went away
		}
	case s != nil && s.NoEgress:
		p.tried.add(s.ID, target, true)
		refuseTunnel(c, http.StatusForbidden, noEgress(s, target))
	default:
		if s != nil {
			p.tried.add(s.ID, target, false)
		}
		p.relay(c, target, s)
	}
}

const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// speakPatience is how long a client may take until it says something.
const speakPatience = 2 * time.Minute

// handshakePatience is how long TLS may take to begin.
const handshakePatience = 10 * time.Second

// recordHandshake is the first byte of TLS, RFC 8446 section 5.1.
const recordHandshake = 22

// handOver lets web answer a connection's requests, in TLS or without.
func (p *Proxy) handOver(c *conn) {
	if !p.track(c) {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(speakPatience)) // else the next read fails too
	out, err := p.begin(c)
	p.untrack(c)
	if err != nil {
		_ = c.Close() // it never said a word, or not the right ones
		return
	}
	if relay := p.relayOf(c, out); relay != nil {
		relay(out)
		return
	}
	select {
	case p.inner.conns <- out:
	case <-p.inner.done:
		_ = c.Close() // the proxy has ended
	}
}

// relayOf returns the mail relay that a connection is for, nil if it is for none. A
// door hears of no port: there mail programs are those that negotiate no protocol
// within TLS, which HTTP clients do.
func (p *Proxy) relayOf(c *conn, out net.Conn) func(net.Conn) {
	t, ok := out.(*tls.Conn)
	if !ok || c.port == 0 && t.ConnectionState().NegotiatedProtocol != "" || c.port != 0 && !slices.Contains(relayPorts, c.port) {
		return nil
	}
	s := p.cfg.Find(c.client.name)
	if s == nil {
		return nil
	}
	return s.Relays[c.sni]
}

// begin waits for a client to say something, and shakes hands if that is TLS.
func (p *Proxy) begin(c *conn) (net.Conn, error) {
	first, err := c.r.Peek(1)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadDeadline(time.Time{}) // likewise
	if first[0] != recordHandshake {
		return c, nil
	}
	if s := p.cfg.Find(c.client.name); s != nil && len(s.PassThrough) > 0 && !p.cfg.Shared {
		// On a door nobody has said a name yet.
		_ = c.SetReadDeadline(time.Now().Add(handshakePatience)) // likewise
		name := sniff(c)
		_ = c.SetReadDeadline(time.Time{}) // likewise
		if s.passes(name) && p.Claims(name) {
			target := net.JoinHostPort(name, strconv.Itoa(portHTTPS))
			p.tried.add(s.ID, target, false)
			p.pass(c, target, s)
			return nil, errPassed
		}
	}
	c.begins = true
	t := tls.Server(c, p.web.TLSConfig)
	ctx, cancel := context.WithTimeout(p.ctx, handshakePatience)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		// Such as a client that pins its vendor's certificate.
		p.cfg.Log.Info("TLS handshake", "host", c.sni, "error", err)
		if s := p.cfg.Find(c.client.name); s != nil && c.sni != "" {
			if alert := c.certificateAlert(err); alert != "" {
				p.tried.addAlert(s.ID, c.sni, alert)
			} else {
				p.tried.add(s.ID, fmt.Sprintf("%s (no TLS: %v)", c.sni, err), true)
			}
		}
		return nil, err
	}
	c.begins = false
	return t, nil
}

// certificateAlert returns why a client ended a handshake in which it was shown a
// certificate: the alert of RFC 8446, section 6.2, as crypto/tls calls it; "" for any
// other fault.
func (c *conn) certificateAlert(err error) string {
	text := ""
	switch e, ok := errors.AsType[*net.OpError](err); {
	case ok && e.Op == "remote error":
		text = e.Err.Error()
	case ok && e.Op == "local error" && len(c.last) == alertBytes && c.last[0] == recordAlert && c.last[5] == alertFatal:
		// OpenSSL encrypts nothing yet when it refuses a certificate, and crypto/tls takes
		// that for a bad record.
		text = tls.AlertError(c.last[6]).Error()
	case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET):
		return "the connection was ended"
	}
	text = strings.TrimPrefix(text, "tls: ")
	if !strings.Contains(text, "certificate") { // all of them say it, and no other does but those of servers
		return ""
	}
	return text
}

// An alert that is not encrypted: its type, version and length, RFC 8446 section 5.1,
// its level and description.
const (
	recordAlert = 21
	alertFatal  = 2
	alertBytes  = 7
)

// relay connects a client of a CONNECT with an unclaimed host and touches nothing. s may
// be nil.
func (p *Proxy) relay(c *conn, target string, s *Session) {
	up, err := p.dial(target, s)
	if err != nil {
		refuseTunnel(c, statusOf(err), err)
		return
	}
	if _, err := io.WriteString(c, established); err != nil {
		_, _ = c.Close(), up.Close() // the client went away
		return
	}
	p.join(c, up, target, s)
}

// pass connects a client of a door with a claimed host that is passed on.
func (p *Proxy) pass(c *conn, target string, s *Session) {
	up, err := p.dial(target, s)
	if err != nil {
		// The client sees a connection that ends: TLS has no words for it.
		p.cfg.Log.Warn("pass through", "host", target, "error", err)
		p.tried.add(s.ID, target+" ("+err.Message+")", true)
		_ = c.Close()
		return
	}
	p.join(c, up, target, s)
}

// dial connects to an unclaimed host, through the session's proxy if there is one.
func (p *Proxy) dial(target string, s *Session) (net.Conn, *host.Error) {
	up, err := p.dialUpstream(target, s)
	if err == nil {
		return up, nil
	}
	if e, ok := errors.AsType[*host.Error](err); ok {
		return nil, e
	}
	return nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.proxy.unreachable", Message: fmt.Sprintf("connect to %s: %v", target, err)}
}

// join passes bytes both ways until both have said all.
func (p *Proxy) join(c *conn, up net.Conn, target string, s *Session) {
	if !p.track(c) {
		_ = up.Close()
		return
	}
	defer p.untrack(c)
	var both sync.WaitGroup
	both.Go(func() {
		if name := sniff(c); p.claimed(s, name) {
			// It was connected to by address. The vendor hears nothing of it.
			p.triedClaimed(c, target, name)
			_, _ = c.Close(), up.Close() // ends the other direction
			return
		}
		Pass(up, c)
	})
	both.Go(func() { Pass(c.Conn, up) })
	both.Wait()
	_, _ = c.Close(), up.Close() // both have said all
}

// triedClaimed notes a connection to an unclaimed host that is for a claimed one.
func (p *Proxy) triedClaimed(c *conn, target, name string) {
	p.cfg.Log.Warn("a connection by address was for a claimed name; it was closed", "address", target, "name", name)
	if s := p.cfg.Find(c.client.name); s != nil {
		p.tried.add(s.ID, name+" by "+target, true)
	}
}

// maxRecord is a record of TLS: its header and 2^14 bytes, RFC 8446 section 5.1.
const maxRecord = 5 + 1<<14

var (
	errSniffed = errors.New("sniffed")
	errPassed  = errors.New("passed through")
)

// sniff returns the server name of the TLS that a client begins, "" if it begins
// none, and leaves what it read to be read again.
func sniff(c *conn) (name string) {
	first, err := c.r.Peek(1)
	if err != nil || first[0] != recordHandshake {
		return ""
	}
	c.r = bufio.NewReaderSize(c.r, maxRecord)
	head, err := c.r.Peek(5)
	if err != nil {
		return ""
	}
	hello, err := c.r.Peek(min(5+int(head[3])<<8+int(head[4]), maxRecord))
	if err != nil {
		return ""
	}
	_ = tls.Server(&sniffed{Reader: bytes.NewReader(hello)}, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		name = strings.ToLower(strings.TrimSuffix(h.ServerName, "."))
		return nil, errSniffed
	}}).Handshake() // never succeeds
	return name
}

// sniffed is a connection that says what a client said, and hears nothing.
type sniffed struct {
	net.Conn
	io.Reader
}

func (s *sniffed) Read(p []byte) (int, error)     { return s.Reader.Read(p) }
func (*sniffed) Write(p []byte) (int, error)      { return len(p), nil }
func (*sniffed) Close() error                     { return nil }
func (*sniffed) SetDeadline(time.Time) error      { return nil }
func (*sniffed) SetWriteDeadline(time.Time) error { return nil }

// Pass copies one direction of a tunnel and ends it. If that is not possible, both
// end.
func Pass(to net.Conn, from io.Reader) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err == nil && ok && half.CloseWrite() == nil {
		return
	}
	_ = to.Close() // likewise the other direction, which reads from it
	if c, ok := from.(net.Conn); ok {
		_ = c.Close()
	}
}

// publicOnly is net.Dialer.ControlContext of a proxy that others use: it decides
// on the address actually dialled.
func publicOnly(_ context.Context, _, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if ip := a.Addr().Unmap(); !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return &host.Error{Kind: host.KindForbidden, Code: "mirra.proxy.private", Message: fmt.Sprintf("%s is no public address, and this proxy is shared", ip)}
	}
	return nil
}
