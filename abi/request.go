package abi

import "fmt"

// Request is a decoded call frame. Its strings share the frame's memory, so
// they live as long as the buffer the frame was read into.
// Which fields are set depends on Kind; README.md has the table.
type Request struct {
	Kind Kind

	// KindHTTP
	Method    string
	Scheme    string
	Authority string
	Host      string // manifest id of the vendor's host
	BaseURL   string // no slash at the end
	Target    string // raw, as sent: nothing cleaned, nothing decoded
	Headers   Pairs  // credentials masked, see Credential
	Body      string // the raw inline body
	Blob      BlobRef
	HasBlob   bool
	Tape      Tape // query first, then the body
	Fault     ParseError
	HasFault  bool // the body or query could not be parsed

	Credential Credential
	Context    Context
	Forwards   []string // URLs that get every event without being registered

	// Other kinds
	Name          string   // timer key, event or fixture name
	Payload       string   // what timer_set or enqueue was given
	Delivery      Delivery // KindAttempt, KindOutcome
	Result        Result   // KindOutcome
	SchemaVersion uint32   // KindMigrate: what the database has
}

// BlobRef names bytes kept outside the frame.
type BlobRef struct {
	Handle uint32
	Size   uint64
}

// Context is who calls and when.
type Context struct {
	NowNS  int64 // session time, Unix nanoseconds
	PeerNS int64 // the application's time
	Flags  ContextFlags
	// Session and Mirror are the ids people see; a plugin may print them, never
	// key state by them.
	Session string
	Mirror  string
}

// ContextFlags say what is special about a call.
type ContextFlags uint32

const (
	// InFlightDuplicate: a request with the same account and idempotency key
	// came before this one and has not been answered yet.
	InFlightDuplicate ContextFlags = 1 << 0
	// LimitsOff: rate limits do not refuse in this session; headers are sent.
	LimitsOff ContextFlags = 1 << 1
	// LimitsTest: the vendor's test-mode limits, not its live ones.
	LimitsTest ContextFlags = 1 << 2
	// Strict: operations of level generic answer 501.
	Strict ContextFlags = 1 << 3
	// RefuseVersions: a request that names an API version the plugin does not
	// support gets the vendor's refusal instead of the line's version.
	RefuseVersions ContextFlags = 1 << 4
)

// CredentialStatus is what the host found out about a request's credential.
type CredentialStatus uint8

const (
	CredentialAbsent    CredentialStatus = 0
	CredentialAccepted  CredentialStatus = 1
	CredentialMalformed CredentialStatus = 2 // no pattern of the manifest fits
	CredentialLive      CredentialStatus = 3 // a live one, refused
)

// Credential is what a guest learns of the credential of a request. The text
// itself stays with the host: Handle stands for it in crypto calls.
type Credential struct {
	Status  CredentialStatus
	Handle  uint32
	Class   string // the manifest credential that fits, such as "secret"
	Account string // the account it names; the session's default one is ""
	Masked  string // as the manifest's mask shows it, for the vendor's error texts
}

// ParseError tells why a query or body has no tape.
type ParseError struct {
	Source Source
	Reason ParseReason
	Offset uint32 // byte in the query or body
	Text   string // for people
}

// ParseReason classifies a parse error.
type ParseReason uint8

const (
	ReasonSyntax    ParseReason = 1 // malformed form, JSON or multipart
	ReasonEncoding  ParseReason = 2 // content-encoding unknown or its data corrupt
	ReasonTooLarge  ParseReason = 3
	ReasonMediaType ParseReason = 4 // not form, JSON or multipart: only the raw body is there
	ReasonTooDeep   ParseReason = 5
)

// Delivery names one delivery and one try of it.
type Delivery struct {
	ID      uint64
	Attempt uint32 // 1 for the first
	Event   string
	Label   string
}

// Result is what became of an attempt.
type Result struct {
	Outcome Outcome
	Status  uint16 // HTTP status; 0 when no answer came
	Headers Pairs
	Body    string // at most MaxOutcomeBodyBytes
	Error   string // for people, when no answer came
}

// Outcome classifies a result.
type Outcome uint8

const (
	OutcomeAnswered Outcome = 0
	OutcomeRefused  Outcome = 1 // the target is not allowed; nothing was sent
	OutcomeConnect  Outcome = 2
	OutcomeTimeout  Outcome = 3
	OutcomeTLS      Outcome = 4
	OutcomeAborted  Outcome = 5 // the session was reset or ended meanwhile
	OutcomeProtocol Outcome = 6 // the answer was not HTTP
)

// DecodeRequest reads a call frame. Sections with unknown tags are skipped
// unless they are critical.
func DecodeRequest(frame string) (*Request, error) {
	r := new(Request)
	if err := r.Decode(frame); err != nil {
		return nil, err
	}
	return r, nil
}

// Decode is DecodeRequest into a Request of the caller's.
func (r *Request) Decode(frame string) error {
	*r = Request{}
	for frame != "" {
		s, rest, err := NextSection(frame)
		if err != nil {
			return fmt.Errorf("request frame: %w", err)
		}
		frame = rest
		if err := r.section(s); err != nil {
			return fmt.Errorf("request frame: %w", err)
		}
	}
	if r.Kind == 0 {
		return fmt.Errorf("request frame: no kind section")
	}
	return nil
}

func (r *Request) section(s Section) error {
	c := cursor{s: s.Data}
	switch s.Tag {
	case TagKind:
		r.Kind = Kind(c.u16())
	case TagMethod:
		r.Method = s.Data
	case TagScheme:
		r.Scheme = s.Data
	case TagAuthority:
		r.Authority = s.Data
	case TagHost:
		r.Host = s.Data
	case TagBaseURL:
		r.BaseURL = s.Data
	case TagTarget:
		r.Target = s.Data
	case TagHeaders:
		r.Headers = Pairs(s.Data)
	case TagBody:
		r.Body = s.Data
	case TagBodyBlob:
		r.Blob, r.HasBlob = BlobRef{c.u32(), c.u64()}, true
	case TagTape:
		r.Tape = Tape(s.Data)
	case TagParseError:
		r.Fault = ParseError{Source: Source(c.u8()), Reason: ParseReason(c.u8()), Offset: c.u32(), Text: c.str()}
		r.HasFault = true
	case TagContext:
		r.Context = Context{NowNS: int64(c.u64()), PeerNS: int64(c.u64()), Flags: ContextFlags(c.u32()), Session: c.str(), Mirror: c.str()}
	case TagCredential:
		r.Credential = Credential{Status: CredentialStatus(c.u8()), Handle: c.u32(), Class: c.str(), Account: c.str(), Masked: c.str()}
	case TagForward:
		r.Forwards = append(r.Forwards, s.Data)
	case TagName:
		r.Name = s.Data
	case TagPayload:
		r.Payload = s.Data
	case TagDelivery:
		r.Delivery = Delivery{ID: c.u64(), Attempt: c.u32(), Event: c.str(), Label: c.str()}
	case TagResult:
		r.Result = Result{Outcome: Outcome(c.u8()), Status: c.u16(), Error: c.str(), Body: c.str(), Headers: Pairs(c.rest())}
	case TagVersion:
		r.SchemaVersion = c.u32()
	default:
		return s.unknown()
	}
	return c.fault(s.Tag)
}

// Check walks what Decode takes on trust from the host: headers and tape.
// A reader that skips it never panics on a malformed one, it sees less of it.
func (r *Request) Check() error {
	for _, p := range []Pairs{r.Headers, r.Result.Headers} {
		if p == "" {
			continue
		}
		if err := p.check(); err != nil {
			return err
		}
	}
	return r.Tape.Check()
}

// Append encodes the request behind b.
func (r *Request) Append(b []byte) []byte {
	b = AppendUint16Section(b, TagKind, uint16(r.Kind))
	text := func(tag Tag, s string) {
		if s != "" {
			b = AppendSection(b, tag, s)
		}
	}
	text(TagMethod, r.Method)
	text(TagScheme, r.Scheme)
	text(TagAuthority, r.Authority)
	text(TagHost, r.Host)
	text(TagBaseURL, r.BaseURL)
	text(TagTarget, r.Target)
	text(TagHeaders, string(r.Headers))
	text(TagBody, r.Body)
	var mark int
	if r.HasBlob {
		b = AppendBodyBlob(b, r.Blob)
	}
	text(TagTape, string(r.Tape))
	if r.HasFault {
		b = r.AppendFault(b)
	}
	b = r.Context.Append(b)
	if r.Kind == KindHTTP {
		b = r.Credential.append(b)
	}
	for _, url := range r.Forwards {
		b = AppendSection(b, TagForward, url)
	}
	text(TagName, r.Name)
	text(TagPayload, r.Payload)
	if r.Kind == KindAttempt || r.Kind == KindOutcome {
		b, mark = BeginSection(b, TagDelivery)
		b = append32(append64(b, r.Delivery.ID), r.Delivery.Attempt)
		b = EndSection(AppendString(AppendString(b, r.Delivery.Event), r.Delivery.Label), mark)
	}
	if r.Kind == KindOutcome {
		b, mark = BeginSection(b, TagResult)
		b = append(b, byte(r.Result.Outcome), byte(r.Result.Status), byte(r.Result.Status>>8))
		b = AppendString(AppendString(b, r.Result.Error), r.Result.Body)
		b = EndSection(append(b, r.Result.Headers...), mark)
	}
	if r.Kind == KindMigrate {
		b = AppendUint32Section(b, TagVersion, r.SchemaVersion)
	}
	return b
}

// Append encodes the context section behind b.
func (x *Context) Append(b []byte) []byte {
	b, mark := BeginSection(b, TagContext)
	b = append32(append64(append64(b, uint64(x.NowNS)), uint64(x.PeerNS)), uint32(x.Flags))
	return EndSection(AppendString(AppendString(b, x.Session), x.Mirror), mark)
}

func (k *Credential) append(b []byte) []byte {
	b, mark := BeginSection(b, TagCredential)
	b = append32(append(b, byte(k.Status)), k.Handle)
	return EndSection(AppendString(AppendString(AppendString(b, k.Class), k.Account), k.Masked), mark)
}

func append32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

func append64(b []byte, v uint64) []byte { return append32(append32(b, uint32(v)), uint32(v>>32)) }

// AppendHTTP encodes the fields of an http request that stand before its body.
// headers are given apart, so that a host need not encode them twice.
func (r *Request) AppendHTTP(b []byte, headers []Pair) []byte {
	b = AppendSection(b, TagMethod, r.Method)
	b = AppendSection(b, TagScheme, r.Scheme)
	b = AppendSection(b, TagAuthority, r.Authority)
	if r.Host != "" {
		b = AppendSection(b, TagHost, r.Host)
	}
	b = AppendSection(b, TagBaseURL, r.BaseURL)
	b = AppendSection(b, TagTarget, r.Target)
	b = AppendPairs(b, TagHeaders, headers)
	for _, url := range r.Forwards {
		b = AppendSection(b, TagForward, url)
	}
	return r.Credential.append(b)
}

// AppendFault encodes the parse error.
func (r *Request) AppendFault(b []byte) []byte {
	b, mark := BeginSection(b, TagParseError)
	b = append(b, byte(r.Fault.Source), byte(r.Fault.Reason))
	return EndSection(AppendString(append32(b, r.Fault.Offset), r.Fault.Text), mark)
}

// AppendBodyBlob appends a body that lies in a blob.
func AppendBodyBlob(b []byte, ref BlobRef) []byte {
	b, mark := BeginSection(b, TagBodyBlob)
	return EndSection(append64(append32(b, ref.Handle), ref.Size), mark)
}

// StampContext writes the two times into the context section that starts
// section, so that a frame can be built before the clock is read.
func StampContext(section []byte, nowNS, peerNS int64) {
	_ = append64(append64(section[sectionHeaderBytes:sectionHeaderBytes], uint64(nowNS)), uint64(peerNS))
}
