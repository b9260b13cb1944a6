package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// Client is host.Control of a server in another process.
type Client struct {
	base, token string
	http        *http.Client
}

var _ host.Control = (*Client)(nil)

// NewClient returns the client of the control API at base, "http://127.0.0.1:4400".
func NewClient(base, token string) *Client {
	// Not the default transport: a proxy of the environment has no business
	// between a command and its own server.
	t := &http.Transport{DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second}
	return &Client{strings.TrimSuffix(base, "/"), token, &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// URL returns where the server is.
func (c *Client) URL() string { return c.base }

// Token returns what the server knows this client by.
func (c *Client) Token() string { return c.token }

// maxAnswer bounds what is read of an answer: an export of a full mirror.
const maxAnswer = 256 << 20

// do sends a request and reads the answer into out, if given.
func (c *Client) do(ctx context.Context, method, path string, in, out any) (status int, err error) {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if out == nil {
		return resp.StatusCode, nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return resp.StatusCode, fmt.Errorf("read answer of %s %s: %w", method, path, err)
	}
	return resp.StatusCode, nil
}

// send returns an answer below 400; others are errors.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.server.unreachable", Message: "the server at " + c.base + " does not answer", Hint: "mirra doctor looks what is wrong", Err: errors.Unwrap(err)}
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, readError(resp)
}

func readError(resp *http.Response) error {
	var b errorBody
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil || b.Error.Code == "" {
		return &host.Error{Kind: host.KindInternal, Code: "mirra.server.foreign", Message: fmt.Sprintf("the server answers %s: %.200q", resp.Status, text), Hint: "is another program on this port? mirra doctor looks"}
	}
	e := &host.Error{Kind: host.KindInternal, Code: b.Error.Code, Message: b.Error.Message, Hint: b.Error.Hint}
	for kind, status := range statusOf {
		if status == resp.StatusCode {
			e.Kind = kind
		}
	}
	return e
}

func session(id string, rest ...string) string {
	p := "/v1/sessions/" + url.PathEscape(id)
	for _, r := range rest {
		p += "/" + url.PathEscape(r)
	}
	return p
}

// Health asks whether the server lives, and which version it is.
func (c *Client) Health(ctx context.Context) (*Health, error) {
	var h Health
	_, err := c.do(ctx, "GET", "/readyz", nil, &h)
	return &h, err
}

// Stop ends the server; its ephemeral sessions end with it.
func (c *Client) Stop(ctx context.Context) error {
	_, err := c.do(ctx, "POST", "/v1/server/stop", nil, nil)
	return err
}

// CreateSession implements host.Sessions.
func (c *Client) CreateSession(ctx context.Context, r *host.NewSession) (*host.SessionInfo, error) {
	var s host.SessionInfo
	_, err := c.do(ctx, "POST", "/v1/sessions", r, &s)
	return &s, err
}

// PutSession implements host.Sessions.
func (c *Client) PutSession(ctx context.Context, name string, r *host.NewSession) (*host.SessionInfo, bool, error) {
	var s host.SessionInfo
	status, err := c.do(ctx, "PUT", "/v1/sessions/by-name/"+url.PathEscape(name), r, &s)
	return &s, status == http.StatusCreated, err
}

// Sessions implements host.Sessions.
func (c *Client) Sessions(ctx context.Context, q host.SessionQuery) (*host.SessionPage, error) {
	v := values{}
	v.set("project", q.Project)
	v.set("name", q.Name)
	v.set("cursor", q.Cursor)
	v.number("limit", uint64(max(q.Limit, 0)))
	var p host.SessionPage
	_, err := c.do(ctx, "GET", "/v1/sessions"+v.query(), nil, &p)
	return &p, err
}

// Session implements host.Sessions.
func (c *Client) Session(ctx context.Context, id string) (*host.SessionInfo, error) {
	var s host.SessionInfo
	_, err := c.do(ctx, "GET", session(id), nil, &s)
	return &s, err
}

// EndSession implements host.Sessions.
func (c *Client) EndSession(ctx context.Context, id string, purge bool) error {
	v := values{}
	v.flag("purge", purge)
	_, err := c.do(ctx, "DELETE", session(id)+v.query(), nil, nil)
	return err
}

// State implements host.States.
func (c *Client) State(ctx context.Context, id, mirror, entity string) (host.State, error) {
	v := values{}
	v.set("entity", entity)
	var s host.State
	_, err := c.do(ctx, "GET", session(id, "state", mirror)+v.query(), nil, &s)
	return s, err
}

// ResetSession implements host.States.
func (c *Client) ResetSession(ctx context.Context, id string, mirrors ...string) error {
	_, err := c.do(ctx, "POST", session(id, "reset"), resetRequest{mirrors}, nil)
	return err
}

// Simulate implements host.States.
func (c *Client) Simulate(ctx context.Context, id string, r *host.Simulation) error {
	_, err := c.do(ctx, "POST", session(id, "simulate"), r, nil)
	return err
}

// Snapshot implements host.Snapshots.
func (c *Client) Snapshot(ctx context.Context, id, name string) (*host.SnapshotInfo, error) {
	var s host.SnapshotInfo
	_, err := c.do(ctx, "POST", session(id, "snapshot"), nameRequest{name}, &s)
	return &s, err
}

// Snapshots implements host.Snapshots.
func (c *Client) Snapshots(ctx context.Context, id string) ([]host.SnapshotInfo, error) {
	var l snapshotList
	_, err := c.do(ctx, "GET", session(id, "snapshots"), nil, &l)
	return l.Snapshots, err
}

// Restore implements host.Snapshots.
func (c *Client) Restore(ctx context.Context, id, name string) error {
	_, err := c.do(ctx, "POST", session(id, "restore"), nameRequest{name}, nil)
	return err
}

// Fork implements host.Snapshots.
func (c *Client) Fork(ctx context.Context, id, name string) (*host.SessionInfo, error) {
	var s host.SessionInfo
	_, err := c.do(ctx, "POST", session(id, "fork"), nameRequest{name}, &s)
	return &s, err
}

// MoveClock implements host.Clocks.
func (c *Client) MoveClock(ctx context.Context, id string, m *host.ClockMove) (*host.ClockMoved, error) {
	var out host.ClockMoved
	_, err := c.do(ctx, "POST", session(id, "clock"), m, &out)
	return &out, err
}

// AddFault implements host.FaultRules.
func (c *Client) AddFault(ctx context.Context, id string, r *host.FaultRule) (*host.FaultRule, error) {
	var out host.FaultRule
	_, err := c.do(ctx, "POST", session(id, "faults"), r, &out)
	return &out, err
}

// Faults implements host.FaultRules.
func (c *Client) Faults(ctx context.Context, id string) ([]host.FaultRule, error) {
	var l faultList
	_, err := c.do(ctx, "GET", session(id, "faults"), nil, &l)
	return l.Faults, err
}

// ClearFaults implements host.FaultRules.
func (c *Client) ClearFaults(ctx context.Context, id, rule string) error {
	path := session(id, "faults")
	if rule != "" {
		path = session(id, "faults", rule)
	}
	_, err := c.do(ctx, "DELETE", path, nil, nil)
	return err
}

// Trace implements host.Traces.
func (c *Client) Trace(ctx context.Context, id string, q host.TraceQuery) (*host.TracePage, error) {
	v := traceValues(q)
	for _, t := range q.Types {
		url.Values(v).Add("type", t)
	}
	v.flag("bodies", q.Bodies)
	var p host.TracePage
	_, err := c.do(ctx, "GET", session(id, "trace")+v.query(), nil, &p)
	return &p, err
}

// WebhookAttempts implements host.Webhooks.
func (c *Client) WebhookAttempts(ctx context.Context, id string, q host.TraceQuery) (*host.TracePage, error) {
	var p host.TracePage
	_, err := c.do(ctx, "GET", session(id, "webhooks")+traceValues(q).query(), nil, &p)
	return &p, err
}

func traceValues(q host.TraceQuery) values {
	v := values{}
	v.set("mirror", q.Mirror)
	v.set("method", q.Method)
	v.set("path", q.Path)
	v.set("operation", q.Operation)
	v.set("event", q.Event)
	v.set("status", q.Status)
	v.set("cursor", q.Cursor)
	v.number("limit", uint64(max(q.Limit, 0)))
	return v
}

// RetryWebhook implements host.Webhooks.
func (c *Client) RetryWebhook(ctx context.Context, id string, attempt uint64) error {
	name := latest
	if attempt > 0 {
		name = strconv.FormatUint(attempt, 10)
	}
	_, err := c.do(ctx, "POST", session(id, "webhooks", name, "retry"), nil, nil)
	return err
}

// HoldWebhooks implements host.Webhooks.
func (c *Client) HoldWebhooks(ctx context.Context, id string, hold bool) error {
	what := "release"
	if hold {
		what = "hold"
	}
	_, err := c.do(ctx, "POST", session(id, "webhooks", what), nil, nil)
	return err
}

// ForwardWebhooks implements host.Webhooks.
func (c *Client) ForwardWebhooks(ctx context.Context, id, mirror string, urls []string) error {
	_, err := c.do(ctx, "PUT", session(id, "webhooks", "forwards"), forwardRequest{mirror, urls}, nil)
	return err
}

// Mirrors implements host.Mirrors.
func (c *Client) Mirrors(ctx context.Context) ([]host.CatalogEntry, error) {
	var l mirrorList
	_, err := c.do(ctx, "GET", "/v1/mirrors", nil, &l)
	return l.Mirrors, err
}

// Proxy implements host.Proxies. Its addresses lead to the server's machine.
func (c *Client) Proxy(ctx context.Context, id string) (*host.ProxyInfo, error) {
	var p host.ProxyInfo
	_, err := c.do(ctx, "GET", session(id, "proxy"), nil, &p)
	leadTo(&p, c.base)
	return &p, err
}

// SetUpstream implements host.Proxies.
func (c *Client) SetUpstream(ctx context.Context, id string, to host.Upstream) error {
	_, err := c.do(ctx, "PUT", session(id, "proxy", "upstream"), to, nil)
	return err
}

// Events implements host.Traces. It goes on where it was when the connection
// breaks.
func (c *Client) Events(ctx context.Context, id string, after uint64, hold bool, yield func(host.TraceEntry) bool) error {
	for failures := 0; ; {
		v := values{}
		v.number("after", after)
		v.flag("hold", hold)
		v.flag("bodies", true)
		resp, err := c.send(ctx, "GET", session(id, "events")+v.query(), nil)
		if err != nil {
			return err
		}
		before := after
		whole, goOn := readEvents(resp.Body, func(e host.TraceEntry) bool {
			after = e.Seq
			return yield(e)
		})
		resp.Body.Close()
		if !goOn || whole || ctx.Err() != nil {
			return ctx.Err()
		}
		if failures++; after > before {
			failures = 0
		}
		if failures > 3 {
			return &host.Error{Kind: host.KindUnavailable, Code: "mirra.server.unreachable", Message: "the event stream breaks off again and again", Hint: "mirra doctor looks what is wrong"}
		}
	}
}

// maxEvent bounds one event: a document before and after a change.
const maxEvent = 64 << 20

// readEvents reads server-sent events. whole tells that the server ended the
// stream, goOn that yield wanted more.
func readEvents(body io.Reader, yield func(host.TraceEntry) bool) (whole, goOn bool) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e host.TraceEntry
		if json.Unmarshal([]byte(data), &e) == nil && !yield(e) {
			return false, false
		}
	}
	return lines.Err() == nil, true
}

// values builds a query of what is set.
type values url.Values

func (v values) set(name, value string) {
	if value != "" {
		url.Values(v).Set(name, value)
	}
}

func (v values) number(name string, n uint64) {
	if n > 0 {
		v.set(name, strconv.FormatUint(n, 10))
	}
}

func (v values) flag(name string, on bool) {
	if on {
		v.set(name, "true")
	}
}

func (v values) query() string {
	if len(v) == 0 {
		return ""
	}
	return "?" + url.Values(v).Encode()
}
