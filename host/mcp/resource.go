package mcp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mirrahq/mirra/host"
)

// resource is what can be read under addresses of one form, with one word in them.
type resource struct {
	template                 string // "mirra://sessions/{session}/trace"
	name, title, description string
	read                     func(ctx context.Context, c host.Control, word string) (any, error)
}

// A name may hold an @, which {+...} lets through as it is (RFC 6570, section 3.2.3).
var resources = []resource{
	{"mirra://sessions/{session}/trace", "trace", "Trace of a session", "The newest 100 entries of what happened in a session, without bodies; the tool trace shows those.", readTrace},
	{"mirra://mirrors/{+mirror}/coverage", "coverage", "Coverage of a mirror", "All operations of a mirror with their level: exact, modelled, generic or none.", readCoverage},
	{"mirra://mirrors/{+mirror}/facts", "facts", "Facts of a vendor", "What a mirror declares of its vendor: API versions, hosts, forms of credentials, webhook secrets and events, idempotency, errors that fault rules take.", readFacts},
}

func (s *Server) addResources() {
	for _, r := range resources {
		before, after, _ := strings.Cut(r.template, r.template[strings.Index(r.template, "{"):strings.Index(r.template, "}")+1])
		s.server.AddResourceTemplate(&sdk.ResourceTemplate{URITemplate: r.template, Name: r.name, Title: r.title, Description: r.description, MIMEType: "application/json"},
			func(ctx context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
				uri := req.Params.URI
				word, err := url.PathUnescape(strings.TrimSuffix(strings.TrimPrefix(uri, before), after))
				if err != nil {
					return nil, sdk.ResourceNotFoundError(uri)
				}
				control, err := s.cfg.Control(ctx)
				if err != nil {
					return nil, s.explain(uri, err)
				}
				v, err := r.read(ctx, control, word)
				if e, ok := errors.AsType[*host.Error](err); ok && e.Kind == host.KindNotFound {
					return nil, sdk.ResourceNotFoundError(uri)
				}
				if err != nil {
					return nil, s.explain(uri, err)
				}
				text, err := marshal(v)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", uri, err)
				}
				return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: uri, MIMEType: "application/json", Text: text}}}, nil
			})
	}
}

func readTrace(ctx context.Context, c host.Control, session string) (any, error) {
	return page(ctx, c.Trace, session, host.TraceQuery{}, pageArgs{Last: 100})
}

func mirrorNamed(ctx context.Context, c host.Control, mirror string) (*host.CatalogEntry, error) {
	all, err := c.Mirrors(ctx)
	if err != nil {
		return nil, err
	}
	return findMirror(all, mirror)
}

func readCoverage(ctx context.Context, c host.Control, mirror string) (any, error) {
	e, err := mirrorNamed(ctx, c, mirror)
	if err != nil {
		return nil, err
	}
	b := brief(e)
	for _, op := range e.Operations {
		b.Operations = append(b.Operations, operation(op))
	}
	return b, nil
}

// vendorFacts is what of a catalogue's entry is the vendor's.
type vendorFacts struct {
	Mirror string   `json:"mirror"`
	Vendor string   `json:"vendor"`
	Hosts  []string `json:"hosts"`
	Events []string `json:"events"`
	host.CatalogFacts
}

func readFacts(ctx context.Context, c host.Control, mirror string) (any, error) {
	e, err := mirrorNamed(ctx, c, mirror)
	if err != nil {
		return nil, err
	}
	return vendorFacts{e.Name + "@" + e.Version, e.Vendor, e.Hosts, e.Events, e.Facts}, nil
}
