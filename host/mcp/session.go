package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// sessionArg is the argument of most tools.
type sessionArg struct {
	Session string `json:"session,omitempty" jsonschema:"id or name of the session; left out, the one this client started last"`
}

type startArgs struct {
	Mirrors   []string            `json:"mirrors,omitempty" jsonschema:"what to mirror, such as stripe or stripe@2024-06; left out, what the project uses"`
	Seeds     map[string]raw      `json:"seeds,omitempty" jsonschema:"by mirror: a fixture's name, a list of names, or a state document {entity: [objects]}; catalog lists fixtures"`
	Name      string              `json:"name,omitempty" jsonschema:"a name for the session"`
	Clock     string              `json:"clock,omitempty" jsonschema:"session time at the start, RFC 3339, such as 2026-01-31T12:00:00Z; left out, now"`
	Frozen    bool                `json:"frozen,omitempty" jsonschema:"start with a clock that stands still"`
	Limits    string              `json:"limits,omitempty" jsonschema:"rate limits: the vendor's live ones (default), its test ones, or off"`
	Forward   map[string][]string `json:"forward,omitempty" jsonschema:"by mirror: URLs on this machine that get every webhook, without registration"`
	Strict    bool                `json:"strict,omitempty" jsonschema:"refuse operations that are mirrored generically only"`
	NoEgress  bool                `json:"noEgress,omitempty" jsonschema:"refuse what the application sends through the proxy to hosts that no mirror claims"`
	SeedValue *int64              `json:"seedValue,omitempty" jsonschema:"makes ids and secrets repeatable"`
}

type startedMirror struct {
	Name    string            `json:"name"`
	Version string            `json:"version" jsonschema:"plugin line and build"`
	API     string            `json:"api" jsonschema:"version of the vendor's API it answers in by default"`
	URL     string            `json:"url" jsonschema:"base URL in the place of the vendor's"`
	URLs    map[string]string `json:"urls" jsonschema:"base URLs by the vendor's hosts, when it has several"`
}

type started struct {
	SessionID string            `json:"sessionId"`
	Mirrors   []startedMirror   `json:"mirrors"`
	Clock     time.Time         `json:"clock" jsonschema:"session time"`
	Env       map[string]string `json:"env" jsonschema:"variables for the application, webhook secrets included"`
	Run       string            `json:"run" jsonschema:"how to run a command so that its calls to the vendors' own hosts reach the mirrors"`
}

func sessionStart(s *Server) {
	add(s, tool{
		name: "session_start", title: "Start mirrors",
		description: "Start a session: mirrors of third-party APIs with a state, clock and webhooks of their own. Answers base URLs and environment variables for the application. It ends with session_end or with this client.",
		choices:     map[string][]any{"limits": {"vendor", "test", "off"}},
	}, func(ctx context.Context, c *call, in startArgs) (*started, error) {
		r, err := c.request(ctx, &in)
		if err != nil {
			return nil, err
		}
		info, err := c.CreateSession(ctx, r)
		if err != nil {
			return nil, err
		}
		c.client.keep(c.Control, info.SessionID)
		return describe(info), nil
	})
}

// request is the session that session_start asks for: the project's, with what the
// arguments say.
func (c *call) request(ctx context.Context, in *startArgs) (*host.NewSession, error) {
	r := &host.NewSession{Ports: true}
	if prepare := c.server.cfg.Prepare; prepare != nil {
		var err error
		if r, err = prepare(ctx, in.Mirrors); err != nil {
			return nil, err
		}
	} else {
		for _, ref := range in.Mirrors {
			r.Mirrors = append(r.Mirrors, host.MirrorRequest{Ref: ref})
		}
		if len(r.Mirrors) == 0 {
			return nil, invalid("mirrors: name at least one", "catalog lists those there are")
		}
	}
	r.Name, r.Persistent, r.TimeoutSeconds, r.Hold = in.Name, false, nil, true
	r.Frozen, r.Strict, r.NoEgress = in.Frozen, r.Strict || in.Strict, r.NoEgress || in.NoEgress
	if in.Limits != "" {
		r.Limits = in.Limits
	}
	if in.SeedValue != nil {
		r.SeedValue = in.SeedValue
	}
	if in.Clock != "" {
		at, err := instant("clock", in.Clock)
		if err != nil {
			return nil, err
		}
		r.Clock = &at
	}
	if len(in.Seeds) > 0 && r.Seeds == nil {
		r.Seeds = map[string]host.Seed{}
	}
	for name, text := range in.Seeds {
		var seed host.Seed
		if err := json.Unmarshal(text, &seed); err != nil {
			return nil, invalid(fmt.Sprintf("seeds: %s: %v", name, err), "")
		}
		r.Seeds[name] = seed
	}
	for name, urls := range in.Forward {
		i := slices.IndexFunc(r.Mirrors, func(m host.MirrorRequest) bool { n, _, _ := strings.Cut(m.Ref, "@"); return n == name })
		if i < 0 {
			return nil, invalid(fmt.Sprintf("forward: %q is not among the session's mirrors", name), "")
		}
		r.Mirrors[i].Forwards = urls
	}
	return r, nil
}

func describe(s *host.SessionInfo) *started {
	out := &started{SessionID: s.SessionID, Mirrors: []startedMirror{}, Clock: s.Clock.Now, Env: map[string]string{"MIRRA_SESSION": s.SessionID}, Run: "mirra exec --session " + s.SessionID + " -- CMD"}
	for _, m := range s.Mirrors {
		urls := m.URLs
		if urls == nil {
			urls = map[string]string{}
		}
		out.Mirrors = append(out.Mirrors, startedMirror{m.Name, m.Version, m.API, m.URL, urls})
		out.Env["MIRRA_"+strings.ToUpper(strings.ReplaceAll(m.Name, "-", "_"))+"_URL"] = m.URL
		maps.Copy(out.Env, m.Env)
	}
	return out
}

// instant reads a time.
func instant(argument, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, invalid(fmt.Sprintf("%s: %q is not an instant", argument, text), "write it as 2026-01-31T12:00:00Z")
	}
	return at, nil
}

type stateArgs struct {
	sessionArg
	Mirror string `json:"mirror,omitempty" jsonschema:"left out, the session's only one"`
	Entity string `json:"entity,omitempty" jsonschema:"kind of object, such as customers; left out, the answer counts the objects of each"`
	ID     string `json:"id,omitempty" jsonschema:"only the object of this id"`
	Cursor string `json:"cursor,omitempty" jsonschema:"nextCursor of the answer before"`
	Limit  int    `json:"limit,omitempty" jsonschema:"objects at most, 20 if left out"`
}

type stateOut struct {
	Mirror     string         `json:"mirror"`
	Counts     map[string]int `json:"counts" jsonschema:"objects there are, by entity"`
	Objects    []raw          `json:"objects" jsonschema:"as the vendor prints them; one that is too long is a string that says so"`
	NextCursor string         `json:"nextCursor,omitempty" jsonschema:"there are more: ask again with it as cursor"`
}

func sessionState(s *Server) {
	add(s, tool{
		name: "session_state", title: "Look at state", reads: true,
		description: "Show the objects that a mirror holds. Start without entity to see how many there are of each kind.",
	}, func(ctx context.Context, c *call, in stateArgs) (*stateOut, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		limit, err := limitOf(in.Limit)
		if err != nil {
			return nil, err
		}
		from := 0
		if in.Cursor != "" {
			if from, err = strconv.Atoi(in.Cursor); err != nil || from < 0 {
				return nil, invalid(fmt.Sprintf("cursor %q is not one of this list", in.Cursor), "take nextCursor of the answer before")
			}
		}
		_, m, err := c.mirror(ctx, id, in.Mirror)
		if err != nil {
			return nil, err
		}
		state, err := c.State(ctx, id, m.Name, in.Entity)
		if err != nil {
			return nil, err
		}
		out := &stateOut{Mirror: m.Name, Counts: map[string]int{}, Objects: []raw{}}
		var all []raw
		for _, entity := range slices.Sorted(maps.Keys(state)) {
			out.Counts[entity] = len(state[entity])
			for _, doc := range state[entity] {
				if in.ID == "" && in.Entity != "" || in.ID != "" && identity(doc) == in.ID {
					all = append(all, doc)
				}
			}
		}
		if in.ID != "" && len(all) == 0 {
			return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.state.no_object", Message: fmt.Sprintf("%s holds no object %q", m.Name, in.ID), Hint: "session_state without id lists what there is"}
		}
		size := 0
		for i := from; i < len(all); i++ {
			doc, _ := clip(all[i], maxAnswer)
			if size += len(doc); len(out.Objects) > 0 && (len(out.Objects) == limit || size > maxAnswer) {
				out.NextCursor = strconv.Itoa(i)
				break
			}
			out.Objects = append(out.Objects, doc)
		}
		return out, nil
	})
}

// identity is an object's id, as most vendors call it.
func identity(doc raw) string {
	var o struct {
		ID  string `json:"id"`
		SID string `json:"sid"`
	}
	if json.Unmarshal(doc, &o) != nil {
		return ""
	}
	if o.ID == "" {
		return o.SID
	}
	return o.ID
}

type resetArgs struct {
	sessionArg
	Mirrors []string `json:"mirrors,omitempty" jsonschema:"only these; left out, all"`
}

// done is the answer of tools that only do something.
type done struct {
	SessionID string `json:"sessionId"`
	Done      string `json:"done"`
}

func sessionReset(s *Server) {
	add(s, tool{
		name: "session_reset", title: "Reset state", destroys: true,
		description: "Put mirrors back to what they were seeded with: objects, webhook endpoints, limits and idempotency keys made since are gone. Ids, URLs, credentials and the trace stay.",
	}, func(ctx context.Context, c *call, in resetArgs) (*done, error) {
		id, err := c.session(ctx, in.Session, false)
		if err != nil {
			return nil, err
		}
		return &done{id, "reset"}, c.ResetSession(ctx, id, in.Mirrors...)
	})
}

func sessionEnd(s *Server) {
	add(s, tool{
		name: "session_end", title: "End mirrors", destroys: true,
		description: "End a session; its state and trace are gone, unless it is a persistent one.",
	}, func(ctx context.Context, c *call, in sessionArg) (*done, error) {
		id, err := c.session(ctx, in.Session, false)
		if err != nil {
			return nil, err
		}
		info, err := c.Session(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := c.EndSession(ctx, info.SessionID, false); err != nil {
			return nil, err
		}
		c.client.forget(info.SessionID)
		return &done{info.SessionID, "ended"}, nil
	})
}
