package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/cmd/yamljson"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/cache"
	"github.com/mirrahq/mirra/registry/install"
	"github.com/mirrahq/mirra/registry/lock"
)

// plan is the session that up is to start, and why.
type plan struct {
	request   *host.NewSession
	names     []string                 // of request.Mirrors
	why       map[string]string        // by mirror, for people
	missing   []string                 // vendors without a mirror, for people
	reasons   []string                 // --explain
	asked     string                   // the first flag that only makes sense for a new session
	manifests map[string]*abi.Manifest // of request.Mirrors
	nothing   error                    // why there is nothing to start; a session may live all the same
}

// installer returns the project's.
func (c *Config) installer() *install.Installer {
	return &install.Installer{Sources: c.sources(), Cache: cache.New(assembly.PluginCache(c.Dirs.Cache)), LockPath: filepath.Join(c.ProjectRoot, lock.Name)}
}

func (p *plan) explain(format string, args ...any) {
	p.reasons = append(p.reasons, fmt.Sprintf(format, args...))
}

// plan works out what to start: --mirrors, else mirra.yaml, else what the
// project is seen to use, else what its lock pins.
func (a *app) plan(ctx context.Context, f *upFlags) (*plan, error) {
	p := &plan{why: map[string]string{}, request: &host.NewSession{Ports: true, Project: a.cfg.ProjectRoot}}
	in := a.cfg.installer()
	refs, err := a.chooseMirrors(ctx, p, in, f.mirrors)
	if err != nil {
		return nil, err
	}
	if err := a.narrow(ctx, p, in, refs); err != nil {
		return nil, err
	}
	manifests := map[string]*abi.Manifest{}
	for _, ref := range refs {
		found, err := a.resolve(ctx, in, ref)
		if err != nil {
			return nil, err
		}
		p.names = append(p.names, string(found.Name))
		manifests[string(found.Name)] = found.Manifest
		p.request.Mirrors = append(p.request.Mirrors, host.MirrorRequest{Ref: found.String(), Digest: string(found.Digest)})
		p.explain("%s is %s from %s", ref, found, found.Source)
	}
	if err := a.fillSettings(p, f); err != nil {
		return nil, err
	}
	if err := a.fillSeeds(p, f, manifests); err != nil {
		return nil, err
	}
	if err := a.fillForwards(p, f); err != nil {
		return nil, err
	}
	p.request.Secrets, p.manifests = a.findSecrets(manifests), manifests
	return p, nil
}

// resolve finds the build that a reference means in this project, and puts its
// file where the server finds it.
func (a *app) resolve(ctx context.Context, in *install.Installer, ref registry.Ref) (install.Plugin, error) {
	if ref.Path != "" && !filepath.IsAbs(ref.Path) {
		ref.Path = filepath.Join(a.cfg.WorkingDir, ref.Path)
	}
	found, err := in.Resolve(ctx, ref)
	if err == nil && !in.Cache.Has(found.Digest) {
		_, err = in.Open(ctx, found)
	}
	return found, err
}

func (a *app) chooseMirrors(ctx context.Context, p *plan, in *install.Installer, flag []string) ([]registry.Ref, error) {
	texts, from := flag, "--mirrors"
	if len(texts) == 0 {
		texts, from = a.cfg.File.Mirrors, "mirra.yaml"
	}
	if len(texts) > 0 {
		p.explain("%s names %s", from, strings.Join(texts, ", "))
		return parseRefs(texts)
	}
	refs, err := a.detectMirrors(ctx, p, in)
	if err != nil || len(refs) > 0 {
		return refs, err
	}
	pinned, err := in.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range pinned {
		p.explain("mirra.lock pins %s", e.Entry)
		refs = append(refs, registry.Ref{Name: e.Name})
	}
	if len(refs) > 0 {
		return refs, nil
	}
	hint := "name them: --mirrors NAME; mirra plugin list --available shows which there are"
	if known := a.knownNames(ctx, in); known != "" {
		hint = "name them: --mirrors " + known
	}
	for _, line := range p.missing {
		hint += "; " + line
	}
	if a.knownNames(ctx, in) == "" {
		p.nothing = &host.Error{Kind: host.KindNotFound, Code: "mirra.plugin.none", Message: "there are no plugins: this binary was built without them",
			Hint: "build them in: make build; or name one: mirra up --mirrors ./my.wasm; or folders of them: MIRRA_PLUGIN_PATH"}
		return nil, nil
	}
	p.nothing = &usageError{text: "no vendor that has a mirror was found in " + a.cfg.ProjectRoot, hint: hint}
	return nil, nil
}

func (a *app) knownNames(ctx context.Context, in *install.Installer) string {
	all, err := in.Available(ctx)
	if err != nil && len(all) == 0 {
		return ""
	}
	var names []string
	for _, b := range all {
		names = append(names, string(b.Name))
	}
	return strings.Join(slices.Compact(names), ",")
}

func parseRefs(texts []string) ([]registry.Ref, error) {
	var refs []registry.Ref
	for _, t := range texts {
		r, err := registry.ParseRef(strings.TrimSpace(t))
		if err != nil {
			return nil, &usageError{text: err.Error(), hint: hint(err)}
		}
		refs = append(refs, r)
	}
	return refs, nil
}

// fillSettings takes over what flags and files say of the session.
func (a *app) fillSettings(p *plan, f *upFlags) error {
	r, c := p.request, &a.cfg.File
	r.Name, r.Persistent, r.Limits, r.PeerClock, r.Strict = c.Name, c.Persistent, c.Limits, c.PeerClock, c.Strict
	r.NoEgress, r.PassThrough = f.noEgress, c.PassThrough
	r.VersionMismatch = c.VersionMismatch
	r.AllowLiveKeys, r.HideHeaders, r.WebhookHosts, r.Rewrite = c.AllowLiveKeys, c.MirraHeaders == "off", c.WebhookHosts, c.Rewrite
	r.Frozen = f.frozen
	if r.Persistent && r.Name == "" {
		return &usageError{text: "a persistent session needs a name", hint: "--persistent --name " + strings.ToLower(filepath.Base(a.cfg.ProjectRoot))}
	}
	if c.Timeout != "" {
		d, err := host.ParseDuration(c.Timeout)
		if err != nil {
			return &usageError{text: "timeout: " + err.Error()}
		}
		seconds := int(d / time.Second)
		r.TimeoutSeconds = &seconds
	}
	if f.seedValueGiven {
		r.SeedValue = &f.seedValue
	}
	if f.clock != "" {
		at, err := parseInstant(f.clock)
		if err != nil {
			return err
		}
		r.Clock = &at
	}
	for _, only := range []struct {
		given bool
		flag  string
	}{{f.seedValueGiven, "--seed-value"}, {len(f.seeds) > 0, "--seed"}, {len(f.seedFiles) > 0, "--seed-file"}, {f.clock != "", "--clock"}, {f.frozen, "--frozen"}, {len(f.forwards) > 0, "--forward"}, {f.noEgress, "--no-egress"}} {
		if only.given {
			p.asked = only.flag
			break
		}
	}
	return nil
}

// parseInstant reads a date or a time.
func parseInstant(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &usageError{text: fmt.Sprintf("%q is not an instant", s), hint: "write 2026-01-31 or 2026-01-31T12:00:00Z"}
}

// fillSeeds adds fixtures and state documents: flags beat mirra.yaml, files
// beat fixtures.
func (a *app) fillSeeds(p *plan, f *upFlags, manifests map[string]*abi.Manifest) error {
	seeds := map[string]host.Seed{}
	for name, s := range a.cfg.File.Seeds {
		if s.File == "" {
			seeds[name] = host.Seed{Fixtures: s.Fixtures}
			continue
		}
		doc, err := readSeedFile(filepath.Join(a.cfg.ProjectRoot, s.File))
		if err != nil {
			return err
		}
		seeds[name] = host.Seed{State: doc}
	}
	given := map[string]bool{}
	for _, text := range f.seeds {
		mirror, fixture, ok := strings.Cut(text, ":")
		if !ok && len(p.names) == 1 {
			mirror, fixture, ok = p.names[0], text, true
		}
		if !ok || fixture == "" {
			return &usageError{text: fmt.Sprintf("--seed %q: want mirror:fixture", text), hint: "mirrors: " + strings.Join(p.names, ", ")}
		}
		s := seeds[mirror]
		if !given[mirror] {
			s, given[mirror] = host.Seed{}, true
		}
		s.Fixtures = append(s.Fixtures, fixture)
		seeds[mirror] = s
	}
	for _, text := range f.seedFiles {
		if err := a.seedFromFile(seeds, text, manifests); err != nil {
			return err
		}
	}
	for name := range seeds {
		if !slices.Contains(p.names, name) {
			if f.partial {
				delete(seeds, name)
				continue
			}
			return &usageError{text: fmt.Sprintf("there is a seed for %q, which is not started", name), hint: "mirrors: " + strings.Join(p.names, ", ")}
		}
	}
	p.request.Seeds = seeds
	return nil
}

// seedFromFile reads mirror:file, or a file with documents by mirror as
// `mirra state --json` prints it.
func (a *app) seedFromFile(seeds map[string]host.Seed, text string, manifests map[string]*abi.Manifest) error {
	mirror, path, ok := strings.Cut(text, ":")
	if ok && manifests[mirror] != nil {
		doc, err := readSeedFile(a.inWorkingDir(path))
		seeds[mirror] = host.Seed{State: doc}
		return err
	}
	doc, err := readSeedFile(a.inWorkingDir(text))
	if err != nil {
		return err
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(doc, &keys); err != nil {
		return &usageError{text: fmt.Sprintf("--seed-file %s: want an object", text)}
	}
	byMirror := len(keys) > 0
	for name := range keys {
		byMirror = byMirror && manifests[name] != nil
	}
	if byMirror {
		for name, d := range keys {
			seeds[name] = host.Seed{State: d}
		}
		return nil
	}
	if len(manifests) == 1 {
		for name := range manifests {
			seeds[name] = host.Seed{State: doc}
		}
		return nil
	}
	return &usageError{text: fmt.Sprintf("--seed-file %s: which mirror is it for?", text), hint: "write mirror:" + text}
}

func (a *app) inWorkingDir(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.cfg.WorkingDir, path)
}

// readSeedFile reads a state document: JSON, or YAML by the file's name.
func readSeedFile(path string) (json.RawMessage, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &usageError{text: fmt.Sprintf("seed file: %v", err)}
	}
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".yaml" || ext == ".yml" {
		if b, err = yamljson.Convert(b); err != nil {
			return nil, &usageError{text: fmt.Sprintf("seed file %s: %v", path, err), hint: "mirra state --json prints the format; YAML may say the same"}
		}
	}
	var v json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			line := 1 + strings.Count(string(b[:e.Offset]), "\n")
			return nil, &usageError{text: fmt.Sprintf("seed file %s:%d: %v", path, line, err)}
		}
		return nil, &usageError{text: fmt.Sprintf("seed file %s: %v", path, err)}
	}
	if len(v) == 0 || v[0] != '{' {
		return nil, &usageError{text: fmt.Sprintf("seed file %s: want an object of entities", path), hint: "mirra state --json prints the format"}
	}
	return v, nil
}

// fillForwards adds where webhooks go without registration.
func (a *app) fillForwards(p *plan, f *upFlags) error {
	targets := map[string][]string{}
	for name, urls := range a.cfg.File.Forward {
		targets[name] = urls
	}
	given := map[string]bool{}
	for _, text := range f.forwards {
		name, url, ok := strings.Cut(text, "=")
		if !ok || strings.Contains(name, "/") {
			if len(p.names) != 1 {
				return &usageError{text: fmt.Sprintf("--forward %q: want mirror=URL", text), hint: "mirrors: " + strings.Join(p.names, ", ")}
			}
			name, url = p.names[0], text
		}
		if !given[name] {
			targets[name], given[name] = nil, true
		}
		targets[name] = append(targets[name], url)
	}
	for name, urls := range targets {
		i := slices.Index(p.names, name)
		if i < 0 && f.partial {
			continue
		}
		if i < 0 {
			return &usageError{text: fmt.Sprintf("webhooks of %q are to be forwarded, which is not started", name), hint: "mirrors: " + strings.Join(p.names, ", ")}
		}
		p.request.Mirrors[i].Forwards = urls
	}
	return nil
}
