package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/mirrahq/mirra/host"
)

const connections = 8

// throughput measures vendor traffic over HTTP against peers and a bare
// handler, in turn, so that a machine that drifts drifts for all.
func throughput(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	var mock, emulate *peer
	if b.peers {
		if mock, err = b.stripeMock(ctx); err != nil {
			return err
		}
		if emulate, err = b.emulate(ctx); err != nil {
			return err
		}
	}
	sink, err := b.sink()
	if err != nil {
		return err
	}
	if err := b.posts(ctx, s, sink, mock, emulate); err != nil {
		return err
	}
	if err := b.gets(ctx, s, mock); err != nil {
		return err
	}
	return b.lists(ctx, s)
}

// posts measures POST /v1/customers with trace, event, idempotency key and one
// webhook endpoint; deliveries are queued meanwhile and drained afterwards.
func (b *bench) posts(ctx context.Context, s *server, sink *sink, mock, emulate *peer) error {
	peerRate := func(p *peer) (float64, error) {
		if p == nil {
			return 0, nil
		}
		r, err := load(ctx, p.address, connections, b.seconds, func(c, n int) []byte { return post(p.address, "/v1/customers", c, n, time.Now().UnixNano()) })
		return r.perSecond, err
	}
	mockRate, err := peerRate(mock)
	if err != nil {
		return err
	}
	emulateRate, err := peerRate(emulate)
	if err != nil {
		return err
	}
	for _, count := range []int{64, 1} {
		infos, err := s.sessions(ctx, count, nil)
		if err != nil {
			return err
		}
		for _, info := range infos {
			if err := s.HoldWebhooks(ctx, info.SessionID, true); err != nil {
				return err
			}
			if _, err := s.call(ctx, "POST", prefix(info)+"/v1/webhook_endpoints", "url="+sink.url+"&enabled_events[]=*"); err != nil {
				return err
			}
		}
		run := time.Now().UnixNano()
		r, err := load(ctx, s.vendor, connections, b.seconds, func(c, n int) []byte {
			return post(s.vendor, prefix(infos[(c+n*connections)%count])+"/v1/customers", c, n, run)
		})
		if err != nil {
			return err
		}
		if r.failed > 0 {
			return fmt.Errorf("%d of the requests failed: %s", r.failed, r.first)
		}
		what, want := "POST customer, 64 sessions", "1.00"
		if count == 1 {
			what, want = "POST customer, one session", "0.50"
		}
		measured := fmt.Sprintf("%.0f/s", r.perSecond)
		if mock != nil {
			row(what, measured, fmt.Sprintf("stripe-mock %.0f/s", mockRate), ratioOf(r.perSecond, mockRate), want)
			row(what, measured, fmt.Sprintf("emulate %.0f/s", emulateRate), ratioOf(r.perSecond, emulateRate), "2.00")
		} else {
			row(what, measured, "", "", "")
		}
		if err := b.handlerTime(ctx, s, infos, "PostCustomers", "create, p50 inside the host, loaded", 150*time.Microsecond); err != nil {
			return err
		}
		if err := b.drain(ctx, s, sink, infos); err != nil {
			return err
		}
		for _, info := range infos {
			if err := s.EndSession(ctx, info.SessionID, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain lets the queued deliveries go and prints how fast they went.
func (b *bench) drain(ctx context.Context, s *server, sink *sink, infos []*host.SessionInfo) error {
	before := sink.count.Load()
	started := time.Now()
	for _, info := range infos {
		if err := s.HoldWebhooks(ctx, info.SessionID, false); err != nil {
			return err
		}
	}
	limit := time.Now().Add(b.seconds)
	for time.Now().Before(limit) && ctx.Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
	sent := sink.count.Load() - before
	row("webhooks drained", fmt.Sprintf("%.0f/s", float64(sent)/time.Since(started).Seconds()), "", "", "")
	return nil
}

// handlerTime prints the median time inside the host, by the trace.
func (b *bench) handlerTime(ctx context.Context, s *server, infos []*host.SessionInfo, operation, what string, want time.Duration) error {
	var all []time.Duration
	for _, info := range infos {
		page, err := s.Trace(ctx, info.SessionID, host.TraceQuery{Limit: 1000})
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if e.Operation == operation {
				all = append(all, time.Duration(e.DurationMS*float64(time.Millisecond)))
			}
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("no %s in the trace", operation)
	}
	slices.Sort(all)
	p50 := all[len(all)/2]
	row(what, p50.Round(time.Microsecond).String(), "", "", "at most "+want.String()+" with one client")
	return nil
}

func (b *bench) gets(ctx context.Context, s *server, mock *peer) error {
	infos, err := s.sessions(ctx, 64, nil)
	if err != nil {
		return err
	}
	var paths []string
	for _, info := range infos {
		customer, err := s.call(ctx, "POST", prefix(info)+"/v1/customers", customerForm)
		if err != nil {
			return err
		}
		paths = append(paths, prefix(info)+"/v1/customers/"+fmt.Sprint(customer["id"]))
	}
	r, err := load(ctx, s.vendor, connections, b.seconds, func(c, n int) []byte { return get(s.vendor, paths[(c+n*connections)%len(paths)]) })
	if err != nil {
		return err
	}
	if mock != nil {
		m, err := load(ctx, mock.address, connections, b.seconds, func(int, int) []byte { return get(mock.address, "/v1/customers/cus_1") })
		if err != nil {
			return err
		}
		row("GET customer", fmt.Sprintf("%.0f/s", r.perSecond), fmt.Sprintf("stripe-mock %.0f/s", m.perSecond), ratioOf(r.perSecond, m.perSecond), "1.00")
	} else {
		row("GET customer", fmt.Sprintf("%.0f/s", r.perSecond), "", "", "")
	}
	// Alone, because the time inside the host is to be the handler's, not the
	// queue's.
	for what, op := range map[string]string{"create": "PostCustomers", "read": "GetCustomersCustomer"} {
		alone, err := s.sessions(ctx, 1, nil)
		if err != nil {
			return err
		}
		customer, err := s.call(ctx, "POST", prefix(alone[0])+"/v1/customers", customerForm)
		if err != nil {
			return err
		}
		_, err = load(ctx, s.vendor, 1, b.seconds/4, func(c, n int) []byte {
			if op == "PostCustomers" {
				return post(s.vendor, prefix(alone[0])+"/v1/customers", c, n, 1)
			}
			return get(s.vendor, prefix(alone[0])+"/v1/customers/"+fmt.Sprint(customer["id"]))
		})
		if err != nil {
			return err
		}
		want := 150 * time.Microsecond
		if op != "PostCustomers" {
			want = 80 * time.Microsecond
		}
		if err := b.handlerTime(ctx, s, alone, op, what+", p50 inside the host, one client", want); err != nil {
			return err
		}
	}
	return nil
}

// lists measures a page of 100 of 10,000 against a bare handler that writes the
// same bytes.
func (b *bench) lists(ctx context.Context, s *server) error {
	infos, err := s.sessions(ctx, 1, nil)
	if err != nil {
		return err
	}
	const objects = 10_000
	done, err := fill(ctx, s.vendor, objects, func(c, n int) []byte {
		return post(s.vendor, prefix(infos[0])+"/v1/customers", c, n, 2)
	})
	if err != nil || done < objects {
		return fmt.Errorf("%d of %d customers created: %w", done, objects, err)
	}
	path := prefix(infos[0]) + "/v1/customers?limit=100"
	resp, err := direct.Do(mustRequest(ctx, "http://"+s.vendor+path))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return err
	}
	bare, err := b.bare(body)
	if err != nil {
		return err
	}
	r, err := load(ctx, s.vendor, connections, b.seconds, func(int, int) []byte { return get(s.vendor, path) })
	if err != nil {
		return err
	}
	reference, err := load(ctx, bare, connections, b.seconds, func(int, int) []byte { return get(bare, "/") })
	if err != nil {
		return err
	}
	row(fmt.Sprintf("list 100 of 10,000 (%d KB)", len(body)>>10), fmt.Sprintf("%.0f/s", r.perSecond), fmt.Sprintf("bare handler %.0f/s", reference.perSecond), ratioOf(r.perSecond, reference.perSecond), "0.50")
	return nil
}

func mustRequest(ctx context.Context, target string) *http.Request {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		panic(err) // the target is made of what the server said
	}
	req.Header.Set("Authorization", "Bearer sk_test_123456789")
	return req
}

// fill makes a number of requests over the usual connections.
func fill(ctx context.Context, address string, total int, make request) (int, error) {
	done := 0
	for done < total && ctx.Err() == nil {
		n := 0
		r, err := load(ctx, address, 1, 200*time.Millisecond, func(_, k int) []byte { n = k + 1; return make(done, k) })
		if err != nil {
			return done, err
		}
		if r.failed > 0 {
			return done, fmt.Errorf("%s", r.first)
		}
		done += n
	}
	return done, ctx.Err()
}

// bare serves the same bytes from a plain handler.
func (b *bench) bare(body []byte) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	srv := bareServer(body)
	go func() { _ = srv.Serve(l) }() // ends with Close
	b.later(func() { _ = srv.Close() })
	return l.Addr().String(), nil
}

func bareServer(body []byte) *http.Server {
	var both http.Protocols
	both.SetHTTP1(true)
	both.SetUnencryptedHTTP2(true)
	return &http.Server{ReadHeaderTimeout: time.Second, Protocols: &both, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) // the client went away
	})}
}
