package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mirrahq/mirra/host"
)

// trimmer makes texts fit into a prompt.
type trimmer struct{ mask *strings.Replacer }

// shortestSecret keeps words such as "test" from being masked for being in a variable.
const shortestSecret = 8

func newTrimmer(secrets []string) trimmer {
	var pairs []string
	for _, s := range secrets {
		if len(s) >= shortestSecret {
			pairs = append(pairs, s, "[masked]")
		}
	}
	return trimmer{strings.NewReplacer(pairs...)}
}

// clean masks before anything is cut, so that no half of a secret is left.
func (t trimmer) clean(s string) string {
	return t.mask.Replace(strings.ToValidUTF8(s, "�"))
}

// beginning keeps the first n bytes of a text.
func (t trimmer) beginning(s string, n int) string {
	return cutEnd(strings.TrimSpace(t.clean(s)), n)
}

// end keeps the last n bytes of a text.
func (t trimmer) end(s string, n int) string {
	s = strings.TrimSpace(t.clean(s))
	if len(s) <= n {
		return s
	}
	at := len(s) - n
	for at < len(s) && !utf8.RuneStart(s[at]) {
		at++
	}
	return fmt.Sprintf("[%d bytes cut]…", at) + s[at:]
}

// cutEnd keeps the first n bytes of a text and says how many followed. The mark comes on
// top of n.
func cutEnd(s string, n int) string {
	if len(s) <= n {
		return s
	}
	at := boundary(s, n)
	return s[:at] + fmt.Sprintf("…[%d bytes cut]", len(s)-at)
}

// boundary is the last place up to n at which s can be cut without breaking a character.
func boundary(s string, n int) int {
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

// line is what is sent of a trace entry. How long it took is not: it would make the same run
// two questions.
type line struct {
	Seq       uint64 `json:"seq"`
	Type      string `json:"type"`
	At        string `json:"at"`
	Mirror    string `json:"mirror,omitempty"`
	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`
	Status    int    `json:"status,omitempty"`
	Operation string `json:"operation,omitempty"`
	Limited   string `json:"limited,omitempty"`
	Warning   string `json:"warning,omitempty"`
	Fault     string `json:"fault,omitempty"`
	Event     string `json:"event,omitempty"`
	Delivery  uint64 `json:"delivery,omitempty"`
	Attempt   uint32 `json:"attempt,omitempty"`
	Outcome   string `json:"outcome,omitempty"`
	Entity    string `json:"entity,omitempty"`
	EntityID  string `json:"entityId,omitempty"`
	Action    string `json:"action,omitempty"`
	Headers   string `json:"requestHeaders,omitempty"`
	Request   string `json:"request,omitempty"`
	Response  string `json:"response,omitempty"`
	Before    string `json:"before,omitempty"`
	After     string `json:"after,omitempty"`
}

// bodyBytes is how much of each body an entry has, at each level of detail.
var bodyBytes = [...]int{0, 512, 4 << 10}

// fieldBytes bounds all other fields. Escaped, an entry without bodies still has less
// than half of what a trace may have.
const fieldBytes = 256

func (t trimmer) line(e *host.TraceEntry, level int) string {
	field := func(s string) string { return cutEnd(t.clean(s), fieldBytes) }
	body := func(b []byte) string {
		if !utf8.Valid(b) {
			return fmt.Sprintf("[%d bytes that are no text]", len(b))
		}
		return cutEnd(t.clean(string(b)), bodyBytes[level])
	}
	l := line{
		Seq: e.Seq, Type: field(e.Type), At: e.At.UTC().Format("2006-01-02T15:04:05.000Z"), Mirror: field(e.Mirror), Method: field(e.Method), Path: field(e.Path),
		Status: e.Status, Operation: field(e.Operation), Limited: field(e.Limited), Warning: field(e.Warning),
		Fault: field(e.Fault), Event: field(e.Event), Delivery: e.Delivery, Attempt: e.Attempt, Outcome: field(e.Outcome),
		Entity: field(e.Entity), EntityID: field(e.EntityID), Action: field(e.Action), Before: body(e.Before), After: body(e.After),
	}
	if m := e.Request; m != nil {
		if m.Target != "" {
			l.Path = field(m.Target)
		}
		l.Request = body(m.Body)
		var headers []string
		for _, h := range m.Headers {
			headers = append(headers, h[0]+": "+h[1])
		}
		l.Headers = body([]byte(strings.ToValidUTF8(strings.Join(headers, "; "), "�")))
	}
	if m := e.Response; m != nil {
		l.Response = body(m.Body)
	}
	return encode(l)
}

func encode(l line) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // it would make markup twice as long
	// Of strings and numbers, this cannot fail.
	_ = e.Encode(l)
	return strings.TrimSuffix(b.String(), "\n")
}

// failed tells whether something went wrong between the application and a vendor.
func failed(e *host.TraceEntry) bool {
	exchange := e.Type == host.EventTraffic || e.Type == host.EventWebhook
	return exchange && (e.Status == 0 || e.Status >= 400) || e.Fault != "" || e.Limited != ""
}

// trace keeps the newest entries and those that failed, a line of JSON each, and fills the
// room with bodies, of those that failed first.
func (t trimmer) trace(entries []host.TraceEntry) part {
	lines := make([]string, len(entries)) // "" is left out
	size := 0
	var failures, others []int // newest first
	for i := range slices.Backward(entries) {
		if failed(&entries[i]) {
			failures = append(failures, i)
		} else {
			others = append(others, i)
		}
	}
	// take keeps what fits into room, and returns those from the first that did not.
	take := func(from []int, room int) []int {
		for n, i := range from {
			if lines[i] != "" {
				continue
			}
			l := t.line(&entries[i], 0)
			if size+len(l)+1 > room {
				return from[n:]
			}
			lines[i] = l
			size += len(l) + 1
		}
		return nil
	}
	detail := func(level int) {
		for _, i := range slices.Concat(failures, others) {
			if lines[i] == "" {
				continue
			}
			if l := t.line(&entries[i], level); size+len(l)-len(lines[i]) <= traceBytes {
				size += len(l) - len(lines[i])
				lines[i] = l
			}
		}
	}
	// Half of the room is for bodies, and failures may not push out all that happened
	// around them, above all not the newest entry.
	const bare = traceBytes / 2
	if len(failures) > 0 && failures[0] == len(entries)-1 {
		take(failures[:1], bare)
	} else if len(others) > 0 {
		take(others[:1], bare)
	}
	restOfFailures := take(failures, bare/2)
	restOfOthers := take(others, bare)
	restOfFailures = take(restOfFailures, bare)
	detail(1)
	take(restOfFailures, traceBytes)
	take(restOfOthers, traceBytes)
	detail(2)
	kept := slices.DeleteFunc(lines, func(l string) bool { return l == "" })
	p := part{name: "trace", note: fmt.Sprintf("all %d entries of the trace", len(entries)), text: strings.Join(kept, "\n")}
	if left := len(entries) - len(kept); left > 0 {
		p.note = fmt.Sprintf("%d of %d entries of the trace; %d older ones are left out, those that did not fail first", len(kept), len(entries), left)
	}
	return p
}

// objectBytes is how much is sent of one object.
const objectBytes = 2 << 10

// countsBytes is how much the counts of objects may take of a state.
const countsBytes = 6 << 10

// kind is the objects of one entity of a mirror.
type kind struct {
	mirror, entity string
	sent, total    int
}

// state counts what mirrors hold, then shows what the trace says was changed, then what
// else there is of entities that changed, then the rest.
func (t trimmer) state(mirrors map[string]host.State, trace []host.TraceEntry) part {
	changed := map[[2]string]map[string]bool{} // ids by mirror and entity
	for i := range trace {
		if e := &trace[i]; e.Type == host.EventState {
			k := [2]string{e.Mirror, e.Entity}
			if changed[k] == nil {
				changed[k] = map[string]bool{}
			}
			changed[k][e.EntityID] = true
		}
	}
	type object struct {
		kind *kind
		raw  json.RawMessage
	}
	var kinds []*kind
	var ranks [3][]object
	for _, mirror := range slices.Sorted(maps.Keys(mirrors)) {
		for _, entity := range slices.Sorted(maps.Keys(mirrors[mirror])) {
			objects := mirrors[mirror][entity]
			k := &kind{mirror: t.beginning(mirror, fieldBytes), entity: t.beginning(entity, fieldBytes), total: len(objects)}
			kinds = append(kinds, k)
			ids, some := changed[[2]string{mirror, entity}]
			for _, o := range objects {
				rank := 2
				if some {
					rank = 1
					if names(o, ids) {
						rank = 0
					}
				}
				ranks[rank] = append(ranks[rank], object{k, o})
			}
		}
	}
	var objects strings.Builder
	left := 0
	for _, o := range slices.Concat(ranks[0], ranks[1], ranks[2]) {
		var compact bytes.Buffer
		text := string(o.raw)
		if json.Compact(&compact, o.raw) == nil {
			text = compact.String()
		}
		l := fmt.Sprintf("%s %s %s\n", o.kind.mirror, o.kind.entity, cutEnd(t.clean(text), objectBytes))
		if left > 0 || objects.Len()+len(l) > stateBytes-countsBytes {
			left++
			continue
		}
		objects.WriteString(l)
		o.kind.sent++
	}
	var counts strings.Builder
	for _, k := range kinds {
		fmt.Fprintf(&counts, "%s has %d %s", k.mirror, k.total, k.entity)
		if k.sent < k.total {
			fmt.Fprintf(&counts, ", %d shown", k.sent)
		}
		counts.WriteString("\n")
	}
	p := part{name: "state", note: "what the mirrors hold after the run", text: strings.TrimSpace(cutEnd(counts.String(), countsBytes-64) + "\n" + objects.String())}
	if left > 0 {
		p.note += fmt.Sprintf("; %d objects are left out, those that did not change first", left)
	}
	return p
}

// names tells whether one of an object's own members is one of the ids. Which member
// holds its id differs by vendor.
func names(object json.RawMessage, ids map[string]bool) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return false
	}
	for _, m := range members {
		var id string
		if json.Unmarshal(m, &id) == nil && ids[id] {
			return true
		}
	}
	return false
}
