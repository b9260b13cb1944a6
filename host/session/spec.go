package session

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// spec is what sessions need to know of a program, worked out once.
type spec struct {
	program       host.Program
	tidy          func() // see host.Tidier; nil if there is nothing to tidy
	manifest      *abi.Manifest
	version       string // "stripe@2024-06.1"
	schema        host.Schema
	credentials   []credentialRule
	errors        map[string]*abi.Error
	idempotent    map[string]bool // methods
	operations    map[string]string
	base64Secrets bool // generated secrets are base64 keys, as the named ones
	bodyBytes     int64
	blobBytes     int64
}

type credentialRule struct {
	abi.Credentials
	pattern *regexp.Regexp
}

// newSpec checks what the host relies on in a manifest; all faults are reported.
func newSpec(p host.Program) (*spec, error) {
	m := p.Manifest()
	s := &spec{program: p, manifest: m, schema: p.Schema(), errors: map[string]*abi.Error{}, idempotent: map[string]bool{}}
	s.version = fmt.Sprintf("%s@%s.%d", m.Name, m.Line, m.Build)
	if t, ok := p.(host.Tidier); ok {
		s.tidy = t.Tidy
	}
	var faults *multierror.Error
	for _, c := range m.Credentials {
		re, err := regexp.Compile(`^(?:` + c.Pattern + `)$`)
		if err != nil {
			faults = multierror.Append(faults, fmt.Errorf("credential %s: %w", c.Class, err))
			continue
		}
		s.credentials = append(s.credentials, credentialRule{c, re})
	}
	for i := range m.Errors {
		s.errors[m.Errors[i].Name] = &m.Errors[i]
	}
	s.operations = make(map[string]string, len(m.Operations))
	for _, op := range m.Operations {
		s.operations[op.ID] = op.ID
	}
	for _, method := range m.Idempotency.Methods {
		s.idempotent[method] = true
	}
	for _, secret := range m.Secrets {
		s.base64Secrets = s.base64Secrets || secret.Base64
	}
	s.bodyBytes = max(abi.MaxBodyBytes, min(m.Needs.BodyBytes, abi.MaxBlobBytes))
	s.blobBytes = max(abi.MaxBodyBytes, min(m.Needs.BlobBytes, abi.MaxBlobBytes))
	return s, faults.ErrorOrNil()
}

// credential is what the host knows of one credential text in a session.
type credential struct {
	info    abi.Credential
	visible string // what the trace shows
}

// find returns the credential text of a request and the rule of its scheme; the
// value of the header is cut around it.
func (s *spec) find(headers []abi.Pair) (text string, index int, scheme string) {
	for i, h := range headers {
		switch {
		case strings.EqualFold(h.Name, "authorization"):
			kind, rest, _ := strings.Cut(h.Value, " ")
			if strings.EqualFold(kind, "bearer") || strings.EqualFold(kind, "basic") {
				return strings.TrimSpace(rest), i, strings.ToLower(kind)
			}
			return h.Value, i, "other"
		default:
			for j := range s.credentials {
				if r := &s.credentials[j]; r.Scheme == "header" && strings.EqualFold(h.Name, r.Header) {
					return h.Value, i, "header"
				}
			}
		}
	}
	return "", -1, ""
}

// mask shows what the manifest allows of a credential that fits no pattern.
func mask(m abi.Mask, text string) string {
	if m.First+m.Last == 0 || len(text) <= m.Whole {
		if m.First+m.Last == 0 {
			return ""
		}
		return text
	}
	if m.First+m.Last >= len(text) {
		return strings.Repeat(m.Fill, len(text))
	}
	return text[:m.First] + strings.Repeat(m.Fill, len(text)-m.First-m.Last) + text[len(text)-m.Last:]
}

// operationName returns the manifest's copy of an operation's id, so that a
// trace holds no memory of the frame it came in.
func (s *spec) operationName(id string) string {
	if name, ok := s.operations[id]; ok {
		return name
	}
	return strings.Clone(id)
}

func (s *spec) errorNames() string {
	return strings.Join(slices.Sorted(maps.Keys(s.errors)), ", ")
}
