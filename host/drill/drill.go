// Package drill finds out whether an application deals rightly with what its vendors do,
// without a scenario and without its help: it finds the application's routes, causes
// what the vendor would cause, and judges what the application does by what it answers
// and by what it calls.
package drill

import (
	"context"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// Verdicts, as of a scenario.
const (
	Pass      = "pass"
	Fail      = "fail"
	Undecided = "undecided"
)

// App is the application, once it was started.
type App interface {
	// Listen returns the URL that it listens on, "http://127.0.0.1:3000", once it does; ""
	// when it has ended instead.
	Listen(ctx context.Context) (string, error)
	// Done is closed when it has ended.
	Done() <-chan struct{}
	// Stop ends it.
	Stop()
}

// Subject is an application, with the session that it calls.
type Subject struct {
	Control host.Control
	Session *host.SessionInfo
	Start   func() (App, error)
	Sources fs.FS    // of the application
	URLs    []string // of its routes, or their paths, if the user names them; of this machine
	Events  []string // that it is known to take, tried first
	// Effects judges by whether a webhook makes the application call its vendors, and not
	// by what it answers: there are handlers that always answer 200.
	Effects bool
	// Say tells what is done, for people who wait; nil for nobody.
	Say func(format string, args ...any)

	base   string           // URL of the application
	looked map[string]found // by vendor
	seen   uint64           // the newest entry of the trace that was looked at
}

// Report is what a drill found.
type Report struct {
	Drill   string `json:"drill"` // "stripe.signature"
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"` // in one sentence
	// Advice is what to change, "" for nothing.
	Advice string  `json:"advice,omitempty"`
	Routes []Route `json:"routes,omitempty"` // of a drill of webhooks
	Phases []Phase `json:"phases,omitempty"` // of a drill of calls
	Mails  []Mail  `json:"mails,omitempty"`  // of a drill of mail
}

// Route is a webhook route of the application, and what was tried there.
type Route struct {
	URL     string  `json:"url"`
	Verdict string  `json:"verdict"` // "" where it is not the vendor's
	Reason  string  `json:"reason"`
	Probes  []Probe `json:"probes"`
}

// Probe is one webhook that was sent.
type Probe struct {
	Kind    string `json:"kind"` // genuine, forge, alter, unsign, stale
	What    string `json:"what"` // for people
	Event   string `json:"event"`
	Status  int    `json:"status"`            // that the application answered, 0 for none
	Outcome string `json:"outcome,omitempty"` // why there is none
	Attempt uint64 `json:"attempt"`           // in the session's trace
	Calls   int    `json:"calls,omitempty"`   // to vendors that it made; with Subject.Effects
	OK      bool   `json:"ok"`                // it is as it should be

	effects bool // it is judged by its calls
}

// accepted tells whether the application took the webhook for genuine.
func (p *Probe) accepted() bool {
	if p.effects {
		return p.Calls > 0
	}
	return p.Status >= 200 && p.Status < 300
}

// answer says what the application did.
func (p *Probe) answer() string {
	if p.effects {
		return fmt.Sprintf("%d and %d calls to vendors", p.Status, p.Calls)
	}
	if p.Status == 0 {
		return "no answer (" + p.Outcome + ")"
	}
	return fmt.Sprint(p.Status)
}

func (s *Subject) say(format string, args ...any) {
	if s.Say != nil {
		s.Say(format, args...)
	}
}

// at returns a route's URL: routes may be paths of the application.
func (s *Subject) at(route string) string {
	if strings.HasPrefix(route, "/") {
		return s.base + route
	}
	return route
}

// look is what the sources say of a vendor.
func (s *Subject) look(vendor string) found {
	if _, ok := s.looked[vendor]; !ok {
		if s.looked == nil {
			s.looked = map[string]found{}
		}
		s.looked[vendor] = look(s.Sources, vendor)
	}
	return s.looked[vendor]
}

// deliverWithin is how long an application may take to answer a webhook.
const deliverWithin = 12 * time.Second

// deliver causes an event and returns what became of its webhook at a URL.
func (s *Subject) deliver(ctx context.Context, mirror, event, url string, args map[string]string) (host.TraceEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, deliverWithin)
	defer cancel()
	after, err := s.newest(ctx)
	if err != nil {
		return host.TraceEntry{}, err
	}
	if err := s.Control.Simulate(ctx, s.Session.SessionID, &host.Simulation{Mirror: mirror, Event: event, Args: args}); err != nil {
		return host.TraceEntry{}, err
	}
	var found host.TraceEntry
	err = s.Control.Events(ctx, s.Session.SessionID, after, false, func(e host.TraceEntry) bool {
		// Another try is of a webhook that was refused before.
		if e.Type == host.EventWebhook && e.Mirror == mirror && e.Event == event && e.Path == url && e.Attempt == 1 {
			found = e
			return false
		}
		return true
	})
	if found.Seq == 0 && err == nil {
		err = ctx.Err()
	}
	if found.Seq == 0 {
		return found, fmt.Errorf("no webhook of %s came to an end within %s: %w", event, deliverWithin, err)
	}
	return found, nil
}

// effects counts the calls to vendors behind an entry, once none has come for a while.
func (s *Subject) effects(ctx context.Context, after uint64) (int, error) {
	calls := 0
	quiet, cancel := context.WithTimeout(ctx, effectsWithin)
	defer cancel()
	rest := time.AfterFunc(effectsQuiet, cancel)
	defer rest.Stop()
	err := s.Control.Events(quiet, s.Session.SessionID, after, false, func(e host.TraceEntry) bool {
		if e.Type == host.EventTraffic {
			calls++
			rest.Reset(effectsQuiet)
		}
		return true
	})
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if quiet.Err() != nil {
		err = nil
	}
	return calls, err
}

// What a webhook makes an application call comes so soon behind it, one call behind the
// other.
const (
	effectsQuiet  = 500 * time.Millisecond
	effectsWithin = 5 * time.Second
)

// Running is an application that runs already and is left so.
func Running(base string) App { return running(base) }

type running string

func (r running) Listen(context.Context) (string, error) { return string(r), nil }
func (running) Done() <-chan struct{}                    { return nil }
func (running) Stop()                                    {}

// newest returns the number of the session's newest entry.
func (s *Subject) newest(ctx context.Context) (uint64, error) {
	for {
		page, err := s.Control.Trace(ctx, s.Session.SessionID, host.TraceQuery{Cursor: strconv.FormatUint(s.seen, 10)})
		if err != nil {
			return 0, err
		}
		if n := len(page.Entries); n > 0 {
			s.seen = page.Entries[n-1].Seq
		}
		if page.NextCursor == "" {
			return s.seen, nil
		}
	}
}

// arguments are what simulations need beside their name.
var arguments = map[string]map[string]string{
	"message.received": {"from": "+15558675310", "to": "+15555550123", "body": "Hello"},
}
