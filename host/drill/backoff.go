package drill

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/backoff"
)

// Phase is one way in which a vendor refuses, and what the application did.
type Phase struct {
	Kind    string  `json:"kind"` // limited, retry-after, refused
	What    string  `json:"what"` // for people
	Calls   int     `json:"calls"`
	GapsMS  []int64 `json:"gapsMs"` // between them, by the wall's clock
	Verdict string  `json:"verdict"`
	Reason  string  `json:"reason"`
	advice  string
}

// phase is what is tried.
type phase struct {
	kind, what string
	rule       host.FaultRule
	window     time.Duration // it is watched so long at most
	judge      func(gaps []time.Duration, calls int, window time.Duration) (verdict, reason, advice string)
}

const (
	mostCalls  = 10 // behind so many calls nobody believes that it gives up
	retryAfter = time.Second
)

func phases(mirror string) []phase {
	all := []phase{
		{"limited", "429 each time, without Retry-After", host.FaultRule{Mirror: mirror, Method: "POST", Error: "rate-limit", RetryAfter: "none"}, 22 * time.Second, judgeGrowth},
		{"retry-after", "429 three times, with Retry-After: 1", host.FaultRule{Mirror: mirror, Method: "POST", Error: "rate-limit", RetryAfter: "1", Count: 3}, 14 * time.Second, judgeRetryAfter},
	}
	if mirror == "twilio" {
		all = append(all, phase{"refused", "400 each time: the recipient is none", host.FaultRule{Mirror: mirror, Method: "POST", Error: "invalid-recipient"}, 6 * time.Second, judgeRefused})
	}
	return all
}

func judgeGrowth(gaps []time.Duration, calls int, window time.Duration) (string, string, string) {
	const advice = "wait before each retry, twice as long as before, from half a second on, with some jitter"
	switch {
	case calls > mostCalls:
		return Fail, fmt.Sprintf("calls %d times within %s and does not give up", calls, window.Round(time.Second)), advice + "; and give up behind a few"
	case len(gaps) < backoff.LeastRetries:
		return Undecided, fmt.Sprintf("retries %s: too few to judge", times(len(gaps))), ""
	}
	if wrong := backoff.Judge(gaps, make([]time.Duration, len(gaps))); wrong != "" {
		return Fail, wrong, advice
	}
	first, last := gaps[0], gaps[len(gaps)-1]
	return Pass, fmt.Sprintf("backs off from %s to %s, and gives up behind %d calls", backoff.Short(first), backoff.Short(last), calls), ""
}

func judgeRetryAfter(gaps []time.Duration, _ int, _ time.Duration) (string, string, string) {
	if len(gaps) < 1 {
		return Undecided, "does not retry", ""
	}
	refused := gaps[:min(len(gaps), 3)] // the fourth call is not
	asked := []time.Duration{retryAfter, retryAfter, retryAfter}
	if wrong := backoff.Judge(refused, asked); wrong != "" {
		return Fail, wrong, "read Retry-After, and wait at least so many seconds"
	}
	return Pass, "waits as long as it is asked to", ""
}

func judgeRefused(gaps []time.Duration, calls int, _ time.Duration) (string, string, string) {
	switch {
	case calls == 0:
		return Undecided, "makes no call", ""
	case len(gaps) > 0:
		return Fail, fmt.Sprintf("retries %s what can never work", times(len(gaps))), "retry 429 and 5xx alone: other refusals stay what they are"
	}
	return Pass, "does not retry what can never work", ""
}

func times(n int) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Backoff judges how an application deals with a vendor that refuses: it starts a job that
// calls by itself, or asks an application that listens to send something.
func Backoff(ctx context.Context, s *Subject, mirror string) (*Report, error) {
	r := &Report{Drill: mirror + ".backoff"}
	c := &caller{s: s, mirror: mirror, number: "+15558675310", email: "delivered+jenny@resend.dev"} // Resend's own test address
	defer c.stop()
	for _, p := range phases(mirror) {
		s.say("%s", p.what)
		rule, err := s.Control.AddFault(ctx, s.Session.SessionID, &p.rule)
		if err != nil {
			return nil, err
		}
		at, err := c.calls(ctx, p.window)
		if e := s.Control.ClearFaults(ctx, s.Session.SessionID, rule.ID); err == nil {
			err = e
		}
		if err != nil {
			return nil, err
		}
		out := Phase{Kind: p.kind, What: p.what, Calls: len(at), GapsMS: []int64{}}
		var gaps []time.Duration
		for i := 1; i < len(at); i++ {
			gaps = append(gaps, at[i].Sub(at[i-1]))
			out.GapsMS = append(out.GapsMS, gaps[i-1].Milliseconds())
		}
		if len(at) == 0 {
			r.Phases = append(r.Phases, Phase{Kind: p.kind, What: p.what, GapsMS: []int64{}, Verdict: Undecided, Reason: "makes no call to " + mirror})
			break
		}
		out.Verdict, out.Reason, out.advice = p.judge(gaps, len(at), p.window)
		r.Phases = append(r.Phases, out)
	}
	r.judgePhases(mirror)
	return r, nil
}

func (r *Report) judgePhases(mirror string) {
	var wrong, advice []string
	for _, p := range r.Phases {
		if p.Verdict == Fail {
			wrong, advice = append(wrong, p.Reason), append(advice, p.advice)
		}
	}
	first := r.Phases[0]
	switch {
	case len(wrong) > 0:
		r.Verdict, r.Reason, r.Advice = Fail, strings.Join(wrong, "; "), strings.Join(unique(advice), "; ")
	case first.Calls == 0:
		r.Verdict, r.Reason = Undecided, "it makes no call to "+mirror+", neither by itself nor when it is asked to send something"
		r.Advice = "name the route that makes it send: --url /path; or start what calls by itself"
	case first.Verdict == Undecided:
		r.Verdict, r.Reason = Undecided, first.Reason
	default:
		r.Verdict, r.Reason = Pass, first.Reason
	}
}
