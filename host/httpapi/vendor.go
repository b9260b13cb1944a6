package httpapi

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// Vendor serves vendor traffic: it finds the session, mirror and vendor host a
// request is for and hands it over with its raw target. It never cleans paths.
// Its fields are set before use.
type Vendor struct {
	// Route finds the mirror for a session id suffix and mirror name, nil if
	// there is none.
	Route func(session, mirror string) Exchanger
	// Meta serves a target below /_mirra/ on a mirror's host; nil serves none.
	Meta func(w http.ResponseWriter, r *http.Request, session, mirror, target string)
	// Domains are names whose subdomains reach mirrors, beside localhost.
	Domains []string

	answers [6]atomic.Int64 // by class of status; 0 is a dropped connection
}

// Exchanger answers vendor traffic; host/session's Mirror is one.
type Exchanger interface {
	Serve(ctx context.Context, r *host.Request) *host.Response
	Manifest() *abi.Manifest
	MaxBody() int64
}

// headerHider is an Exchanger whose answers carry no headers of Mirra's own.
type headerHider interface{ HideHeaders() bool }

// place is where a request is to go.
type place struct {
	session, mirror, host string
	base, target          string
	// root is base without a vendor host, and how another host stands in it.
	root string
	way  way
}

// way is how a request found its mirror.
type way uint8

const (
	byPort way = iota // other hosts are named by a header: no URL leads there
	byHost            // the vendor's own names
	byPath            // the host's id may stand in front of the target
	byName            // the host's id is a label in front of the name
)

// hostURL is host.Request.HostURL.
func (p *place) hostURL(m *abi.Manifest, id string) string {
	if len(m.Hosts) > 0 && id == "" {
		id = m.Hosts[0].ID
	}
	if p.way == byHost && id == p.host {
		return p.base
	}
	if len(m.Hosts) == 0 || m.Hosts[0].ID == id {
		return p.root
	}
	switch p.way {
	case byHost:
		for _, h := range m.Hosts {
			if h.ID == id {
				scheme, _, _ := strings.Cut(p.base, "://")
				return urlOf(scheme, h.Name)
			}
		}
	case byPath:
		return p.root + "/" + id
	case byName:
		if name, ok := strings.CutPrefix(p.root, "https://"); ok {
			return "https://" + id + "--" + name // a certificate's wildcard covers one label
		}
		name, _ := strings.CutPrefix(p.root, "http://")
		return "http://" + id + "." + name
	}
	return ""
}

// takeHost moves the id of a vendor's host from the front of the target into
// host: /s/a7k2/twilio/verify/v2/… A path of the default host that begins with
// the same word wins.
func (p *place) takeHost(m *abi.Manifest) {
	word, rest := p.target[1:], ""
	if i := strings.IndexAny(word, "/?"); i >= 0 {
		word, rest = word[:i], word[i:]
	}
	for i := range m.Hosts {
		if m.Hosts[i].ID != word {
			continue
		}
		for j := range m.Operations {
			op := &m.Operations[j]
			if (op.Host == "" || op.Host == m.Hosts[0].ID) && strings.HasPrefix(op.Path[1:], word) && (len(op.Path) == len(word)+1 || op.Path[len(word)+1] == '/') {
				return
			}
		}
		p.host, p.base, p.target = word, p.base+"/"+word, rest
		if rest == "" || rest[0] == '?' {
			p.target = "/" + rest
		}
		return
	}
}

// ServeHTTP serves requests by host name and by path.
func (v *Vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, ok := locate(r, v.Domains)
	if !ok {
		notFound(w, r)
		return
	}
	v.serve(w, r, p)
}

// Port returns the handler of a port that belongs to one mirror.
func (v *Vendor) Port(session, mirror string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.RequestURI
		if rest, ok := strings.CutPrefix(target, "http://"); ok {
			_, target, _ = strings.Cut(rest, "/")
			target = "/" + target
		}
		v.serve(w, r, place{session: session, mirror: mirror, host: r.Header.Get("X-Mirra-Host"), base: "http://" + r.Host, root: "http://" + r.Host, target: target})
	})
}

// Host returns the handler of one of the vendor's hosts, for requests that name it
// themselves: by TLS, or by a whole URL as the target.
func (v *Vendor) Host(session, mirror string, hosts []abi.Host, i int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, target := schemeOf(r), r.RequestURI
		if r.URL.IsAbs() {
			scheme = r.URL.Scheme
			target = "/"
			if rest := strings.TrimPrefix(r.RequestURI[len(scheme):], "://"); strings.ContainsAny(rest, "/?") {
				target = rest[strings.IndexAny(rest, "/?"):]
			}
			if target[0] == '?' {
				target = "/" + target
			}
		}
		p := place{session: session, mirror: mirror, host: hosts[i].ID, base: urlOf(scheme, hosts[i].Name), root: urlOf(scheme, hosts[0].Name), target: target, way: byHost}
		if p.base == "" {
			p.base = urlOf(scheme, hostName(r.Host)) // one of a wildcard's
		}
		v.serve(w, r, p)
	})
}

// urlOf is the URL of a vendor's host, "" of a wildcard: it is of no host alone.
func urlOf(scheme, name string) string {
	if strings.HasPrefix(name, "*.") {
		return ""
	}
	return scheme + "://" + name
}

func (v *Vendor) serve(w http.ResponseWriter, r *http.Request, p place) {
	if !strings.HasPrefix(p.target, "/") {
		notFound(w, r) // OPTIONS *, CONNECT
		return
	}
	x := v.Route(p.session, p.mirror)
	if x == nil {
		noSuchMirror(w, p)
		return
	}
	if p.way == byPath {
		p.takeHost(x.Manifest())
	}
	// On a vendor's own name there are the vendor's paths alone.
	if strings.HasPrefix(p.target, "/_mirra/") && v.Meta != nil && p.way != byHost {
		v.Meta(w, r, p.session, p.mirror, p.target)
		return
	}
	body := bodies.get()
	defer bodies.put(body)
	in := host.Request{Method: r.Method, Scheme: p.base[:strings.Index(p.base, "://")], Authority: r.Host, Host: p.host, BaseURL: p.base, Target: p.target}
	in.HostURL = func(id string) string { return p.hostURL(x.Manifest(), id) }
	in.Headers = appendHeaders(body.pairs[:0], r)
	body.pairs = in.Headers
	in.Body, in.BodyFault = body.read(r, x.MaxBody())
	out := x.Serve(r.Context(), &in)
	defer release(r, out)
	hide := false
	if h, ok := x.(headerHider); ok {
		hide = h.HideHeaders()
	}
	v.write(w, r, out, hide)
}

// release gives a response's memory back, where it was made unless that would be
// waited for: an answer over HTTP/2 ends when its handler returns.
func release(r *http.Request, out *host.Response) {
	if r.ProtoMajor > 1 {
		go out.Release()
		return
	}
	out.Release()
}

// appendHeaders lists a request's headers. Their order on the wire is lost in
// net/http; they are sorted, so that equal requests make equal frames.
func appendHeaders(dst []abi.Pair, r *http.Request) []abi.Pair {
	dst = append(dst, abi.Pair{Name: "Host", Value: r.Host})
	for name, values := range r.Header {
		for _, value := range values {
			dst = append(dst, abi.Pair{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(dst[1:], func(a, b abi.Pair) int { return strings.Compare(a.Name, b.Name) })
	return dst
}

// write sends a response in the vendor's spelling.
func (v *Vendor) write(w http.ResponseWriter, r *http.Request, out *host.Response, hide bool) {
	if out.Drop {
		v.answers[0].Add(1)
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	v.answers[min(max(out.Status/100, 0), 5)].Add(1)
	h := w.Header()
	values := copyHeaders(h, out)
	if !hide && out.Version != "" {
		values[0] = out.Version
		h["X-Mirra-Version"] = values[:1:1]
	}
	for _, t := range out.Trailers {
		h.Add("Trailer", strings.Clone(t.Name))
	}
	switch {
	case out.Script != "":
		streamScript(w, r, out)
	case out.Blob != nil:
		w.Header().Set("Content-Length", itoa(out.BlobLen))
		w.WriteHeader(out.Status)
		_, _ = io.Copy(w, io.NewSectionReader(out.Blob, out.BlobFrom, out.BlobLen)) // the client went away
	default:
		if out.Status != http.StatusNoContent && out.Status != http.StatusNotModified {
			h["Content-Length"] = []string{itoa(int64(len(out.Body)))}
		}
		w.WriteHeader(out.Status)
		if r.Method != http.MethodHead {
			_, _ = w.Write(out.Body) // the client went away
		}
		if r.ProtoMajor == 1 {
			// What the mirror does behind an answer is not to delay it: see release.
			_ = http.NewResponseController(w).Flush() // likewise
		}
	}
	for _, t := range out.Trailers {
		h.Set(strings.Clone(t.Name), strings.Clone(t.Value))
	}
}

// copyHeaders sets a response's headers. net/http sends them after the handler
// has returned, when the response's memory may be another's already, so that
// they are copied, all into one piece. It returns room for one more value.
func copyHeaders(h http.Header, out *host.Response) (values []string) {
	size := 0
	for _, p := range out.Headers {
		size += len(p.Name) + len(p.Value)
	}
	var text strings.Builder
	text.Grow(size)
	for _, p := range out.Headers {
		text.WriteString(p.Name)
		text.WriteString(p.Value)
	}
	rest := text.String()
	values = make([]string, len(out.Headers)+1)
	for i, p := range out.Headers {
		name, value := wireName(rest[:len(p.Name)]), rest[len(p.Name):len(p.Name)+len(p.Value)]
		rest = rest[len(p.Name)+len(p.Value):]
		values[i+1] = value
		if old := h[name]; old != nil {
			h[name] = append(old, value)
			continue
		}
		h[name] = values[i+1 : i+2 : i+2]
	}
	return values
}

// wireName keeps the vendor's spelling but for the names that net/http itself
// looks at.
func wireName(name string) string {
	switch len(name) {
	case len("Date"), len("Content-Type"), len("Content-Length"), len("Connection"):
		for _, known := range [...]string{"Date", "Content-Type", "Connection", "Content-Length"} {
			if strings.EqualFold(name, known) {
				return known
			}
		}
	}
	return name
}

// streamScript sends a body in chunks, each after its delay of wall time.
func streamScript(w http.ResponseWriter, r *http.Request, out *host.Response) {
	w.WriteHeader(out.Status)
	flush := http.NewResponseController(w)
	for delay, chunk := range out.Script.All {
		if delay > 0 {
			t := time.NewTimer(time.Duration(delay))
			select {
			case <-t.C:
			case <-r.Context().Done():
				t.Stop()
				return
			}
		}
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
		if err := flush.Flush(); err != nil {
			return
		}
	}
}

// Counters returns how many answers of each class of status were sent.
func (v *Vendor) Counters() map[string]float64 {
	m := map[string]float64{}
	for i := range v.answers {
		class := "dropped"
		if i > 0 {
			class = strconv.Itoa(i) + "xx"
		}
		m[`mirra_vendor_answers_total{class="`+class+`"}`] = float64(v.answers[i].Load())
	}
	return m
}
