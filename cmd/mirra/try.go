package main

import (
	"context"
	"encoding/base64"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// tryIt returns a curl command that gets something of a mirror.
func (a *app) tryIt(ctx context.Context, m *host.MirrorInfo) string {
	path, auth := "/", ""
	if man := a.manifestOf(ctx, m.Digest); man != nil {
		path = tryPath(man)
		auth = tryCredential(man)
	}
	return strings.TrimSpace("curl " + m.URL + path + " " + auth)
}

// manifestOf returns the manifest of a build that this command can read.
func (a *app) manifestOf(ctx context.Context, digest string) *abi.Manifest {
	for _, s := range a.cfg.sources() {
		builds, err := s.List(ctx)
		if err != nil && len(builds) == 0 {
			continue
		}
		for _, b := range builds {
			if string(b.Digest) == digest {
				return b.Manifest
			}
		}
	}
	return nil
}

// tryPath returns the path that lists something and that most others lie below:
// what a newcomer knows of the API. Of several it is the shortest.
func tryPath(m *abi.Manifest) string {
	best, most := "", 0
	for _, op := range m.Operations {
		if op.Method != "GET" || op.Level < abi.LevelModelled || strings.Contains(op.Path, "{") || op.Host != "" && op.Host != m.Hosts[0].ID {
			continue
		}
		below := 0
		for _, other := range m.Operations {
			if strings.HasPrefix(other.Path, op.Path+"/") {
				below++
			}
		}
		if best == "" || below > most || below == most && len(op.Path) < len(best) {
			best, most = op.Path, below
		}
	}
	if best == "" {
		return "/"
	}
	return best
}

// tryCredential returns curl's arguments for a test credential of the vendor's
// form.
func tryCredential(m *abi.Manifest) string {
	h := sampleHeader(m)
	if h[0] == "" {
		return ""
	}
	return "-H '" + h[0] + ": " + h[1] + "'"
}

// sampleHeader returns a header with a test credential of the vendor's form,
// nothing if it cannot be made up.
func sampleHeader(m *abi.Manifest) [2]string {
	for _, c := range m.Credentials {
		text := sample(c.Pattern)
		if c.Live || text == "" {
			continue
		}
		switch c.Scheme {
		case "bearer":
			return [2]string{"Authorization", "Bearer " + text}
		case "basic-user":
			return [2]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(text+":"))}
		case "header":
			return [2]string{c.Header, text}
		}
	}
	return [2]string{}
}

// sample returns a short text that a pattern matches, "" if it cannot tell.
func sample(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	if !writeSample(&b, re.Simplify()) || strings.ContainsAny(b.String(), "'\n\x00") {
		return ""
	}
	return b.String()
}

func writeSample(b *strings.Builder, re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpQuest, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
		return true
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
		return true
	case syntax.OpCharClass:
		b.WriteRune(niceRune(b.Len(), re.Rune))
		return true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
		return true
	case syntax.OpPlus, syntax.OpCapture, syntax.OpAlternate:
		return writeSample(b, re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !writeSample(b, sub) {
				return false
			}
		}
		return true
	}
	return false
}

// niceRune picks a digit counting up, a letter, or whatever there is.
func niceRune(at int, ranges []rune) rune {
	in := func(r rune) bool {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= r && r <= ranges[i+1] {
				return true
			}
		}
		return false
	}
	for _, r := range slices.Concat([]rune{rune('0' + at%10)}, []rune("as1A")) {
		if in(r) {
			return r
		}
	}
	if len(ranges) > 0 {
		return ranges[0]
	}
	return 'x'
}
