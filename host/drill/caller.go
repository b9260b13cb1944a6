package drill

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
)

// caller makes an application call its vendor, and watches when it does.
type caller struct {
	s      *Subject
	mirror string
	app    App
	number string // of asks
	email  string
	// made tells whether a call was what it is to be; nil takes any.
	made  func(ctx context.Context) bool
	job   bool // it calls by itself when it is started
	asked *ask // what made it call, of one that listens
	// others are what it was asked before and may have made it call too, later.
	others []*ask
}

// ask is a request to the application.
type ask struct {
	url         string // or the path, "/notify"
	contentType string
	number      string // whom it is to be sent to: "+15558675310"
	email       string // or "jenny@example.com"
}

// How long is waited for what.
const (
	callsSoon  = 3 * time.Second // an application that calls by itself does so within
	answerSoon = 1500 * time.Millisecond
	busyFor    = 6 * time.Second // with what it was asked, before it is asked something else
	firstPause = 7 * time.Second // before a first retry
	leastPause = 3 * time.Second // before another
	onItsWay   = 200 * time.Millisecond
)

// calls makes the application call once and returns when its calls came, until it is
// quiet, or for a window.
func (c *caller) calls(ctx context.Context, window time.Duration) ([]time.Time, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := c.caused(ctx)
	if err != nil {
		return nil, err
	}
	// On a machine that is busy, what it was asked before may come true meanwhile. It is
	// asked each alone, by an application that was started anew.
	for tries := append([]*ask{c.asked}, c.others...); len(c.others) > 0 && len(tries) > 0; tries = tries[1:] {
		c.asked = tries[0]
		if w, err = c.caused(ctx); err != nil {
			return nil, err
		}
		if at, _ := w.state(); len(at) > 0 {
			c.others = nil
		}
	}
	var done <-chan struct{}
	if c.job {
		done = c.app.Done()
	}
	return w.quiet(ctx, window, done), nil
}

// caused makes the application call and returns what is seen of it. Of an application that
// runs still nothing is: its last calls are not those that are asked for.
func (c *caller) caused(ctx context.Context) (*watch, error) {
	if c.asked != nil || c.job {
		c.stop()
	}
	w, err := c.s.watch(ctx, c.mirror)
	if err == nil {
		err = c.cause(ctx, w)
	}
	return w, err
}

// cause starts the application or asks it. It returns once it has called, or nothing
// made it.
func (c *caller) cause(ctx context.Context, w *watch) error {
	switch {
	case c.asked != nil:
		// What it still waits for is over when it is started anew.
		if err := c.start(); err != nil {
			return err
		}
		base, err := c.app.Listen(ctx)
		if err != nil || base == "" {
			return err
		}
		c.s.base = base
		c.send(ctx, c.asked)
		w.firstUntil(ctx, callsSoon, nil, always) // it may call behind its answer
		return nil
	case c.app != nil && !c.job:
		return nil // it was asked in vain before
	}
	if err := c.start(); err != nil {
		return err
	}
	app := c.app
	listening := make(chan struct{})
	var base string
	var refused error
	hearing, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer close(listening)
		base, refused = app.Listen(hearing)
	}()
	if w.firstUntil(ctx, 0, listening, always) {
		c.job = true
		return nil
	}
	<-listening
	if refused != nil {
		return refused
	}
	// What it does at its start comes first.
	if base == "" || w.firstUntil(ctx, answerSoon, nil, always) {
		c.job = true
		return nil
	}
	c.s.base = base
	return c.search(ctx, w)
}

// search asks the application for one thing after another until it calls.
func (c *caller) search(ctx context.Context, w *watch) error {
	paths := c.s.URLs
	if len(paths) == 0 {
		paths = c.s.look(c.mirror).sends
	}
	var before []*ask
	for _, p := range paths {
		for _, a := range []*ask{{p, typeJSON, c.number, c.email}, {p, typeForm, c.number, c.email}} {
			answered := c.send(ctx, a)
			if w.first(ctx, busyFor, answered) && (c.made == nil || c.made(ctx)) {
				c.asked, c.others = a, before
				c.s.say("POST %s makes it call %s", pathOf(a.url), c.mirror)
				return nil
			}
			if answered.missing() {
				break
			}
			before = append(before, a)
		}
	}
	return nil
}

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// body is what applications are asked to send to somebody, under the names that people
// give such fields.
func (a *ask) body() string {
	fields := map[string]string{"name": "Jenny Rosen", "subject": "Hello", "amount": "2000", "id": "1"}
	for _, name := range []string{"to", "phone", "phoneNumber", "phone_number", "number", "recipient", "mobile", "tel", "customer"} {
		fields[name] = a.number
	}
	for _, name := range []string{"body", "message", "text", "content", "msg"} {
		fields[name] = "Hello"
	}
	for _, name := range []string{"email", "mail", "address"} {
		fields[name] = a.email
	}
	if a.contentType == typeJSON {
		b, _ := json.Marshal(fields) // of strings
		return string(b)
	}
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	return values.Encode()
}

// answer is what an application says to an ask, once done is closed.
type answer struct {
	done   chan struct{}
	status int // 0 for none
}

// missing tells whether the application has answered that there is no such route.
func (a *answer) missing() bool {
	select {
	case <-a.done:
		return a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed
	default:
		return false
	}
}

// send asks the application.
func (c *caller) send(ctx context.Context, a *ask) *answer {
	out := &answer{done: make(chan struct{})}
	go func() {
		defer close(out.done)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.s.at(a.url), strings.NewReader(a.body()))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", a.contentType)
		client := *asking
		client.Timeout = 0 // it may answer when its calls are over
		if resp, err := client.Do(req); err == nil {
			out.status = resp.StatusCode
			resp.Body.Close()
		}
	}()
	return out
}

// start starts the application anew.
func (c *caller) start() (err error) {
	c.stop()
	c.app, err = c.s.Start()
	return err
}

func (c *caller) stop() {
	if c.app != nil {
		c.app.Stop()
		c.app = nil
	}
}

func always() bool { return true }

// watch notes when an application calls.
type watch struct {
	mu   sync.Mutex
	at   []time.Time
	more chan struct{} // closed when there is another
}

// watch begins with the next call.
func (s *Subject) watch(ctx context.Context, mirror string) (*watch, error) {
	after, err := s.newest(ctx)
	if err != nil {
		return nil, err
	}
	w := &watch{more: make(chan struct{})}
	began := time.Now()
	go func() {
		err := s.Control.Events(ctx, s.Session.SessionID, after, false, func(e host.TraceEntry) bool {
			if e.Type == host.EventTraffic && e.Mirror == mirror && e.Method == http.MethodPost && !e.Wall.Before(began) {
				w.mu.Lock()
				w.at = append(w.at, e.Wall)
				close(w.more)
				w.more = make(chan struct{})
				w.mu.Unlock()
			}
			return true
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			s.say("the session's events ended: %v", err)
		}
	}()
	return w, nil
}

func (w *watch) state() (at []time.Time, more <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]time.Time{}, w.at...), w.more
}

// first waits for a call: until the answer is there and a moment later, or for limit.
func (w *watch) first(ctx context.Context, limit time.Duration, to *answer) bool {
	return w.firstUntil(ctx, limit, to.done, func() bool { return !to.missing() })
}

// firstUntil waits for a call: until over is closed, and a moment later if there is to be
// one, or for limit, 0 for no limit; nil is never closed.
func (w *watch) firstUntil(ctx context.Context, limit time.Duration, over <-chan struct{}, moment func() bool) bool {
	var late <-chan time.Time
	if limit > 0 {
		t := time.NewTimer(limit)
		defer t.Stop()
		late = t.C
	}
	for {
		at, more := w.state()
		if len(at) > 0 {
			return true
		}
		select {
		case <-more:
		case <-over:
			if !moment() {
				return false
			}
			// The event of a call comes a little behind its answer.
			over = nil
			t := time.NewTimer(onItsWay)
			defer t.Stop()
			late = t.C
		case <-late:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// quiet returns the calls once no other is to be expected: the application has ended, it
// is silent for longer than it waited before, or the window is over.
func (w *watch) quiet(ctx context.Context, window time.Duration, done <-chan struct{}) []time.Time {
	end := time.NewTimer(window)
	defer end.Stop()
	for {
		at, more := w.state()
		if len(at) > mostCalls {
			return at
		}
		pause := firstPause
		if n := len(at); n > 1 {
			pause = max(leastPause, at[n-1].Sub(at[n-2])*5/2)
		}
		if len(at) == 0 {
			pause = callsSoon
		}
		t := time.NewTimer(pause)
		select {
		case <-more:
			t.Stop()
			continue
		case <-t.C:
		case <-end.C:
		case <-ctx.Done():
		case <-done:
			// What is on its way comes a little behind.
			t.Reset(onItsWay)
			select {
			case <-t.C:
			case <-ctx.Done():
			}
		}
		t.Stop()
		at, _ = w.state()
		return at
	}
}
