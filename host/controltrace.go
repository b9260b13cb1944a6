package host

import (
	"encoding/json"
	"time"
	"unicode/utf8"
)

// Types of trace entries, which are the events of the control API too.
const (
	EventTraffic   = "traffic.request_completed"
	EventWebhook   = "webhook.dispatched"
	EventState     = "state.changed"
	EventLifecycle = "session.lifecycle"
	EventGraded    = "evaluation.criterion_graded"
)

// TraceEntry is one thing that happened in a session.
type TraceEntry struct {
	Seq        uint64    `json:"seq"`
	Type       string    `json:"type"`
	At         time.Time `json:"at"`   // session time
	Wall       time.Time `json:"wall"` // real time
	Mirror     string    `json:"mirror,omitempty"`
	Method     string    `json:"method,omitempty"`
	Path       string    `json:"path,omitempty"` // of webhooks: the URL
	Status     int       `json:"status,omitempty"`
	DurationMS float64   `json:"durationMs,omitempty"`
	Operation  string    `json:"operation,omitempty"`
	Level      string    `json:"level,omitempty"`
	Limited    string    `json:"limited,omitempty"` // the rate limit that refused
	Warning    string    `json:"warning,omitempty"` // of the plugin's, for people
	Fault      string    `json:"fault,omitempty"`   // what a fault rule or Mirra itself did
	Fuel       int64     `json:"fuel,omitempty"`

	// Webhooks
	Event     string `json:"event,omitempty"`
	Delivery  uint64 `json:"delivery,omitempty"`
	Attempt   uint32 `json:"attempt,omitempty"`
	Outcome   string `json:"outcome,omitempty"`
	Signature string `json:"signature,omitempty"`

	// Changed state
	Entity   string          `json:"entity,omitempty"`
	EntityID string          `json:"entityId,omitempty"`
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`

	Action string `json:"action,omitempty"` // of the session's life

	// Graded criteria; Outcome is theirs
	Criterion string `json:"criterion,omitempty"`
	Kind      string `json:"kind,omitempty"` // D or P
	Run       string `json:"run,omitempty"`  // id

	Request  *TraceMessage `json:"request,omitempty"`
	Response *TraceMessage `json:"response,omitempty"`
}

// TraceMessage is a request or an answer as it was.
type TraceMessage struct {
	Target  string      `json:"target,omitempty"`
	Status  int         `json:"status,omitempty"`
	Headers [][2]string `json:"headers"` // credentials masked
	Body    TraceBody   `json:"body,omitzero"`
}

// TraceBody is bytes. In JSON it is a string if they are text, else
// {"base64": "…"}.
type TraceBody []byte

// MarshalJSON writes text as a string.
func (b TraceBody) MarshalJSON() ([]byte, error) {
	if utf8.Valid(b) {
		return json.Marshal(string(b))
	}
	return json.Marshal(map[string][]byte{"base64": b})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (b *TraceBody) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err == nil {
		*b = []byte(s)
		return nil
	}
	var o struct {
		Base64 []byte `json:"base64"`
	}
	err := json.Unmarshal(data, &o)
	*b = o.Base64
	return err
}

// TraceQuery selects trace entries; zero fields select all.
type TraceQuery struct {
	Types     []string // of TraceEntry.Type
	Mirror    string
	Method    string
	Path      string // glob
	Operation string
	Event     string
	Status    string // "404", "4xx"
	Bodies    bool   // with Request, Response, Before and After
	Cursor    string // the Seq behind which the page begins; NextCursor of the page before
	Limit     int
}

// TracePage is a page of a trace.
type TracePage struct {
	Entries    []TraceEntry `json:"entries"`
	NextCursor string       `json:"nextCursor,omitempty"`
	Dropped    uint64       `json:"dropped"` // entries a full trace has lost
}
