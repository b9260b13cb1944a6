package host

import (
	"context"
	"encoding/json"
	"time"
)

// Control is everything a client can do with a server: CLI, MCP, scenarios and
// dashboard use nothing else. host/assembly implements it in the server's
// process, host/httpapi's Client over HTTP. All methods may be called
// concurrently; faults of the caller's are *Error. A session is named by its
// id, the suffix of its id, or its name; one that is not there is an Error of
// KindNotFound.
type Control interface {
	Sessions
	States
	Snapshots
	Clocks
	FaultRules
	Traces
	Webhooks
	Mirrors
	Proxies
	Checks
	Runs
}

// Sessions starts and ends sessions.
type Sessions interface {
	// CreateSession starts a session. It reports all that is wrong with the
	// request, and then nothing is left behind.
	CreateSession(ctx context.Context, r *NewSession) (*SessionInfo, error)
	// PutSession returns the session with the name, made from r if there is
	// none.
	PutSession(ctx context.Context, name string, r *NewSession) (s *SessionInfo, created bool, err error)
	// Sessions lists a page of what lives, oldest first.
	Sessions(ctx context.Context, q SessionQuery) (*SessionPage, error)
	// Session returns one, with its stats.
	Session(ctx context.Context, id string) (*SessionInfo, error)
	// EndSession ends a session; purge deletes at once what a persistent one
	// would keep for a week.
	EndSession(ctx context.Context, id string, purge bool) error
}

// States looks at and changes what mirrors hold.
type States interface {
	// State returns a mirror's objects by entity, of one entity unless "".
	State(ctx context.Context, id, mirror, entity string) (State, error)
	// ResetSession empties the mirrors named, all for none.
	ResetSession(ctx context.Context, id string, mirrors ...string) error
	// Simulate causes a vendor event with all that follows.
	Simulate(ctx context.Context, id string, r *Simulation) error
}

// Snapshots keeps and copies the state of a session.
type Snapshots interface {
	Snapshot(ctx context.Context, id, name string) (*SnapshotInfo, error)
	// Snapshots lists them, oldest first.
	Snapshots(ctx context.Context, id string) ([]SnapshotInfo, error)
	// Restore makes a snapshot the session's state.
	Restore(ctx context.Context, id, name string) error
	// Fork starts a session in the state of another; its deliveries are held.
	Fork(ctx context.Context, id, name string) (*SessionInfo, error)
}

// Clocks moves a session's time.
type Clocks interface {
	// MoveClock does what c asks for and returns once everything that fell due
	// has happened.
	MoveClock(ctx context.Context, id string, c *ClockMove) (*ClockMoved, error)
}

// FaultRules makes requests and webhooks go wrong.
type FaultRules interface {
	// AddFault puts a rule behind those there are and returns it with its id.
	AddFault(ctx context.Context, id string, r *FaultRule) (*FaultRule, error)
	Faults(ctx context.Context, id string) ([]FaultRule, error)
	// ClearFaults removes one rule, all for "".
	ClearFaults(ctx context.Context, id, rule string) error
}

// Traces shows what happened.
type Traces interface {
	// Trace returns a page of entries, oldest first.
	Trace(ctx context.Context, id string, q TraceQuery) (*TracePage, error)
	// Events calls yield for the entries behind number after and for each that
	// comes, until yield returns false, ctx ends or the session does. hold keeps
	// the session alive meanwhile; one made with NewSession.Hold ends when
	// nobody holds it any more.
	Events(ctx context.Context, id string, after uint64, hold bool, yield func(TraceEntry) bool) error
}

// Webhooks shows and steers deliveries.
type Webhooks interface {
	// WebhookAttempts returns a page of attempts with what was sent and
	// answered, oldest first.
	WebhookAttempts(ctx context.Context, id string, q TraceQuery) (*TracePage, error)
	// RetryWebhook sends the delivery of an attempt again, signed anew. The
	// attempt is the Seq of its entry, 0 the latest of all.
	RetryWebhook(ctx context.Context, id string, attempt uint64) error
	// HoldWebhooks keeps deliveries queued, or lets them go, a fork's included.
	HoldWebhooks(ctx context.Context, id string, hold bool) error
	// ForwardWebhooks makes URLs get every event of a mirror, in place of those
	// that did.
	ForwardWebhooks(ctx context.Context, id, mirror string, urls []string) error
}

// Mirrors shows what sessions can be made of.
type Mirrors interface {
	// Mirrors lists the builds that the server knows, by name, newest first.
	Mirrors(ctx context.Context) ([]CatalogEntry, error)
}

// State is objects by entity, as the vendor prints them.
type State map[string][]json.RawMessage

// Simulation asks for a vendor event.
type Simulation struct {
	Mirror string            `json:"mirror,omitempty"` // may be left out when one mirror knows the event
	Event  string            `json:"event"`
	Args   map[string]string `json:"args,omitempty"`
}

// SnapshotInfo describes a snapshot.
type SnapshotInfo struct {
	Name    string    `json:"name"`
	Taken   time.Time `json:"taken"`
	At      time.Time `json:"at"` // session time
	Mirrors []string  `json:"mirrors"`
}

// ClockMove says how to move a session's clock: one of the fields.
type ClockMove struct {
	Advance Duration   `json:"advance,omitempty"`
	Set     *time.Time `json:"set,omitempty"`
	Freeze  bool       `json:"freeze,omitempty"`
	Resume  bool       `json:"resume,omitempty"`
}

// ClockInfo is how a session's clock stands.
type ClockInfo struct {
	Now      time.Time `json:"now"`
	OffsetMS int64     `json:"offsetMs"`
	Frozen   bool      `json:"frozen"`
	Peer     string    `json:"peer"` // whose time the application's clock shows: wall or session
}

// ClockMoved is what happened while a clock was moved.
type ClockMoved struct {
	Clock      ClockInfo `json:"clock"`
	Timers     int       `json:"timers"`
	Deliveries int       `json:"deliveries"` // attempts
	Failed     int       `json:"failed"`     // attempts without a 2xx
	FailedFast []string  `json:"failedFast,omitempty"`
}

// FaultRule makes matching requests or deliveries go wrong. Empty fields match
// all.
type FaultRule struct {
	ID          string  `json:"id,omitempty"`
	Mirror      string  `json:"mirror,omitempty"`
	Method      string  `json:"method,omitempty"`
	Path        string  `json:"path,omitempty"` // glob: * within a segment, ** at the end for all below
	Operation   string  `json:"operation,omitempty"`
	Event       string  `json:"event,omitempty"`       // webhooks
	Nth         int     `json:"nth,omitempty"`         // only the nth match, from 1
	Probability float64 `json:"probability,omitempty"` // 0 is always
	Count       int     `json:"count,omitempty"`       // at most so many times; 0 is no bound

	LatencyMS int    `json:"latencyMs,omitempty"`
	Error     string `json:"error,omitempty"`   // a name of the manifest's errors
	Drop      string `json:"drop,omitempty"`    // before or after the handler ran
	Webhook   string `json:"webhook,omitempty"` // drop, duplicate, delay, reorder, forge, alter, unsign, stale
	DelayMS   int64  `json:"delayMs,omitempty"` // of webhook "delay", session time
	// RetryAfter is the header of Error's answer in place of the vendor's: seconds, or
	// "none".
	RetryAfter string `json:"retryAfter,omitempty"`
}

// CatalogEntry describes a mirror that sessions can have.
type CatalogEntry struct {
	Name       string             `json:"name"`
	Vendor     string             `json:"vendor"`
	Version    string             `json:"version"` // "2024-06.1"
	Digest     string             `json:"digest"`
	API        string             `json:"api"`
	Source     string             `json:"source"`
	Summary    string             `json:"summary"`
	Hosts      []string           `json:"hosts"`
	Levels     map[string]int     `json:"levels"` // how many operations have which
	Operations []CatalogOperation `json:"operations"`
	Fixtures   []CatalogFixture   `json:"fixtures"`
	Simulates  []string           `json:"simulates"`
	Entities   []string           `json:"entities"`
	// Aliases are other words for entities, by Entities' names.
	Aliases map[string][]string `json:"aliases"`
	Events  []string            `json:"events"` // that webhooks are sent for
	Facts   CatalogFacts        `json:"facts"`
}

// CatalogFacts is what else a mirror declares of its vendor.
type CatalogFacts struct {
	HostNames     map[string]string    `json:"hostNames"` // by the ids that MirrorInfo.URLs has
	Versions      []string             `json:"versions"`  // of the API that it answers in, the default first
	VersionHeader string               `json:"versionHeader,omitempty"`
	Credentials   []CatalogCredentials `json:"credentials"`
	Secrets       []CatalogSecret      `json:"secrets"` // that sign webhooks
	Idempotency   CatalogIdempotency   `json:"idempotency"`
	Errors        []string             `json:"errors"` // names that fault rules take
}

// CatalogCredentials is a class of credential that a vendor issues.
type CatalogCredentials struct {
	Class   string `json:"class"`
	Scheme  string `json:"scheme"` // bearer, basic-user, basic-password, header
	Header  string `json:"header,omitempty"`
	Pattern string `json:"pattern"` // RE2, of the whole
	Live    bool   `json:"live"`    // refused unless a session allows live keys
}

// CatalogSecret is a signing secret that vendor and application share.
type CatalogSecret struct {
	Name    string   `json:"name"`
	Env     []string `json:"env"` // variables it is read from, in order
	Summary string   `json:"summary,omitempty"`
}

// CatalogIdempotency says what makes a request idempotent; no header, nothing does.
type CatalogIdempotency struct {
	Header  string   `json:"header,omitempty"`
	Methods []string `json:"methods"`
}

// CatalogOperation is one operation of a mirror.
type CatalogOperation struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Level  string `json:"level"`
}

// CatalogFixture is a named seed of a mirror.
type CatalogFixture struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
}
