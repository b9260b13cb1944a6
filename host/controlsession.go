package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// NewSession asks for a session.
type NewSession struct {
	Mirrors        []MirrorRequest `json:"mirrors"`
	Seeds          map[string]Seed `json:"seeds,omitempty"` // by mirror
	Persistent     bool            `json:"persistent,omitempty"`
	Name           string          `json:"name,omitempty"`
	TimeoutSeconds *int            `json:"timeoutSeconds,omitempty"` // after the last request; 3600 when left out, 0 never
	// Ports opens a loopback port for each mirror, the same ones for the same
	// project whenever they are free.
	Ports   bool   `json:"ports,omitempty"`
	Project string `json:"project,omitempty"` // folder the session belongs to

	SeedValue *int64 `json:"seedValue,omitempty"`
	Limits    string `json:"limits,omitempty"` // vendor, test or off
	Strict    bool   `json:"strict,omitempty"`
	// NoEgress refuses what the application sends through the proxy to hosts that no
	// mirror claims.
	NoEgress bool `json:"noEgress,omitempty"`
	// PassThrough are hosts below vendors' domains that are passed on to the real vendor,
	// names or "*.example.com" for all below one; with NoEgress none are. What a mirror
	// of the session serves stays the mirror's, and cannot be named.
	PassThrough []string `json:"passThrough,omitempty"`
	// VersionMismatch says what a request gets that names an API version the
	// mirror does not support: warn (the line's version, and a warning) or error
	// (the vendor's refusal).
	VersionMismatch string `json:"versionMismatch,omitempty"`

	PeerClock string     `json:"peerClock,omitempty"` // wall or session
	Clock     *time.Time `json:"clock,omitempty"`     // session time at the start
	Frozen    bool       `json:"frozen,omitempty"`
	// Hold makes the session end soon after nobody follows its events with
	// hold any more: a foreground command keeps it.
	Hold bool `json:"hold,omitempty"`

	// Observe notes changes of state from the start, which Checks counts; else they are
	// noted once somebody follows the session's events.
	Observe bool `json:"observe,omitempty"`

	AllowLiveKeys bool              `json:"allowLiveKeys,omitempty"`
	HideHeaders   bool              `json:"hideHeaders,omitempty"` // no X-Mirra-Version
	WebhookHosts  []string          `json:"webhookHosts,omitempty"`
	Rewrite       map[string]string `json:"rewrite,omitempty"` // prefixes of registered URLs to where they are sent
	// Secrets are values of variables that manifests name, as the application
	// has them.
	Secrets map[string]KnownSecret `json:"secrets,omitempty"`
}

// KnownSecret is a signing secret the application has.
type KnownSecret struct {
	Value string `json:"value"`
	From  string `json:"from"` // ".env.local"
}

// MirrorRequest asks for one mirror. In JSON it may be a string, the Ref.
type MirrorRequest struct {
	Ref      string   `json:"ref"`              // "stripe", "stripe@2024-06"
	Digest   string   `json:"digest,omitempty"` // exactly this build
	Forwards []string `json:"forwards,omitempty"`
}

// UnmarshalJSON reads a string or an object.
func (m *MirrorRequest) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &m.Ref)
	}
	type plain MirrorRequest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(m))
}

// Seed is what a mirror starts with: fixtures by name, loaded in order, then a
// state document. In JSON it is a string, the document, or a list of strings
// with a document at its end.
type Seed struct {
	Fixtures []string
	State    json.RawMessage
}

// UnmarshalJSON reads a fixture's name, a state document, or a list of both.
func (s *Seed) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) > 0 && b[0] == '"':
		s.Fixtures = make([]string, 1)
		return json.Unmarshal(b, &s.Fixtures[0])
	case len(b) > 0 && b[0] == '[':
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		s.Fixtures = []string{}
		if n := len(list); n > 0 && list[n-1][0] == '{' {
			s.State, list = bytes.Clone(list[n-1]), list[:n-1]
		}
		for _, name := range list {
			var fixture string
			if err := json.Unmarshal(name, &fixture); err != nil {
				return errors.New("a list of seeds is names of fixtures, and a state document at its end")
			}
			s.Fixtures = append(s.Fixtures, fixture)
		}
		return nil
	case len(b) > 0 && b[0] == '{':
		s.State = bytes.Clone(b)
		return nil
	}
	return errors.New("a seed is a fixture's name, a state document, or a list of names with a document at its end")
}

// MarshalJSON writes what UnmarshalJSON reads.
func (s Seed) MarshalJSON() ([]byte, error) {
	if s.State == nil {
		return json.Marshal(s.Fixtures)
	}
	if len(s.Fixtures) == 0 {
		return s.State, nil
	}
	list := []any{}
	for _, name := range s.Fixtures {
		list = append(list, name)
	}
	return json.Marshal(append(list, s.State))
}

// SessionInfo is a session as clients see it.
type SessionInfo struct {
	SessionID  string       `json:"sessionId"`
	Name       string       `json:"name,omitempty"`
	Status     string       `json:"status"` // provisioning, ready, failed
	Persistent bool         `json:"persistent"`
	Project    string       `json:"project,omitempty"`
	CreatedAt  time.Time    `json:"createdAt"`
	ExpiresAt  *time.Time   `json:"expiresAt"` // null: it does not by itself
	Clock      ClockInfo    `json:"clock"`
	Limits     string       `json:"limits"`
	SeedValue  *int64       `json:"seedValue,omitempty"`
	HeldHooks  bool         `json:"webhooksHeld"`
	Mirrors    []MirrorInfo `json:"mirrors"`
	Stats      *Stats       `json:"stats,omitempty"`
}

// Mirror returns the session's mirror of that name, nil if there is none.
func (s *SessionInfo) Mirror(name string) *MirrorInfo {
	for i := range s.Mirrors {
		if s.Mirrors[i].Name == name {
			return &s.Mirrors[i]
		}
	}
	return nil
}

// MirrorInfo is a mirror of a session and how it is reached.
type MirrorInfo struct {
	Name    string            `json:"name"`
	Vendor  string            `json:"vendor"`
	Version string            `json:"version"` // "stripe@2024-06.1"
	Digest  string            `json:"digest"`
	API     string            `json:"api"`
	URL     string            `json:"url"`     // by its own port if it has one, else by path
	URLs    map[string]string `json:"urls"`    // by id of the vendor's hosts
	PathURL string            `json:"pathUrl"` // by path on the shared port
	HostURL string            `json:"hostUrl"` // by host name on the shared port
	Env     map[string]string `json:"env"`     // what the application's environment needs
	Secrets []SecretInfo      `json:"secrets"`
	Forward []string          `json:"forwards,omitempty"`
}

// SecretInfo says where a signing secret comes from. Its text is in Env.
type SecretInfo struct {
	Name string `json:"name"`
	Env  string `json:"env,omitempty"`
	From string `json:"from"` // "STRIPE_WEBHOOK_SECRET from .env.local", or "derived"
}

// SessionQuery selects sessions; zero fields select all.
type SessionQuery struct {
	Project, Name string
	Cursor        string
	Limit         int
}

// SessionPage is a page of sessions.
type SessionPage struct {
	Sessions   []SessionInfo `json:"sessions"`
	NextCursor string        `json:"nextCursor,omitempty"`
}

// Stats is what a session did so far.
type Stats struct {
	Requests    int            `json:"requests"`
	Errors      int            `json:"errors"` // 5xx
	RateLimited int            `json:"rateLimited"`
	LimitedBy   map[string]int `json:"limitedBy,omitempty"` // by limit
	Generic     map[string]int `json:"generic,omitempty"`   // by operation
	NotMirrored map[string]int `json:"notMirrored,omitempty"`
	Warnings    map[string]int `json:"warnings,omitempty"` // of plugins, by mirror and text
	Webhooks    int            `json:"webhooks"`           // attempts
	FirstAt     *time.Time     `json:"firstAt,omitempty"`
}

// Since returns what was done since an earlier state of the counts, which may be nil.
func (t *Stats) Since(earlier *Stats) *Stats {
	if t == nil || earlier == nil {
		return t
	}
	d := *t
	d.Requests -= earlier.Requests
	d.Errors -= earlier.Errors
	d.RateLimited -= earlier.RateLimited
	d.Webhooks -= earlier.Webhooks
	for _, m := range []struct {
		now    *map[string]int
		before map[string]int
	}{
		{&d.LimitedBy, earlier.LimitedBy}, {&d.Warnings, earlier.Warnings}, {&d.Generic, earlier.Generic}, {&d.NotMirrored, earlier.NotMirrored},
	} {
		more := map[string]int{}
		for name, n := range *m.now {
			if n > m.before[name] {
				more[name] = n - m.before[name]
			}
		}
		*m.now = more
	}
	return &d
}

// Duration is a time.Duration that is written as text, "31d", "1h30m": days and
// weeks too.
type Duration time.Duration

// ParseDuration reads what time.ParseDuration does, and days and weeks: "31d",
// "2w", "1d12h".
func ParseDuration(s string) (time.Duration, error) {
	rest, total := s, time.Duration(0)
	for rest != "" {
		n := strings.IndexAny(rest, "dw")
		if n < 0 {
			d, err := time.ParseDuration(rest)
			if err != nil {
				return 0, fmt.Errorf("%q is not a duration such as 90s, 12h or 31d", s)
			}
			return total + d, nil
		}
		v, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration such as 90s, 12h or 31d", s)
		}
		unit := 24 * time.Hour
		if rest[n] == 'w' {
			unit *= 7
		}
		if v*float64(unit) > 1<<62 || v*float64(unit) < -(1<<62) {
			return 0, fmt.Errorf("%q is too long", s)
		}
		total += time.Duration(v * float64(unit))
		rest = rest[n+1:]
	}
	if s == "" {
		return 0, errors.New("a duration is empty")
	}
	return total, nil
}

// UnmarshalJSON reads a string.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errors.New(`a duration is a string such as "31d"`)
	}
	v, err := ParseDuration(s)
	*d = Duration(v)
	return err
}

// MarshalJSON writes a string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }
