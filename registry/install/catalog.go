package install

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/dir"
	"github.com/mirrahq/mirra/registry/file"
	"github.com/mirrahq/mirra/registry/lock"
)

// catalog finds builds for the length of one call, listing each source once.
type catalog struct {
	*Installer
	lists map[string]listing // by label
}

type listing struct {
	plugins []Plugin
	err     error
}

func newCatalog(in *Installer) *catalog { return &catalog{Installer: in, lists: map[string]listing{}} }

// wanted is what a reference resolved to, before its file was read.
type wanted struct {
	name    registry.Name
	version registry.Version
	digest  registry.Digest
	Source  string
	pinned  bool // asked for by digest
}

func (w wanted) String() string { return string(w.name) + "@" + w.version.String() }

func want(p Plugin) wanted { return wanted{p.Name, p.Version, p.Digest, p.Source, false} }

func wantPinned(e lock.Entry) wanted { return wanted{e.Name, e.Version, e.Digest, e.Source, true} }

// find resolves one reference: a folder may hold several plugins.
func (c *catalog) find(ctx context.Context, pins *lock.File, ref registry.Ref, update bool) ([]wanted, error) {
	if ref.Path != "" {
		return c.findPath(ctx, ref)
	}
	entry, pinned := pins.Entry(ref.Name)
	if pinned && !update && ref.Version.Has(entry.Version) {
		return []wanted{wantPinned(entry)}, nil
	}
	if pinned && (ref.Version == registry.Version{}) {
		// A vendor's API line is chosen by the application, not by age.
		ref.Version.Line = entry.Version.Line
	}
	if pinned {
		// What was installed by path stays with its path.
		if s := c.pathSource(entry.Source); s != nil {
			if p, ok := newest(c.list(ctx, s), ref); ok {
				return []wanted{want(p)}, nil
			}
		}
	}
	p, ok := newest(c.all(ctx), ref)
	if !ok {
		return nil, c.notFound(ctx, ref)
	}
	return []wanted{want(p)}, nil
}

func (c *catalog) findPath(ctx context.Context, ref registry.Ref) ([]wanted, error) {
	s, err := c.open(ref.Path)
	if err != nil {
		return nil, err
	}
	var out []wanted
	done := map[registry.Name]bool{}
	listed := c.list(ctx, s)
	for _, p := range listed {
		if !done[p.Name] {
			done[p.Name] = true
			best, _ := newest(listed, registry.Ref{Name: p.Name})
			out = append(out, want(best))
		}
	}
	// Someone who names files wants all of them.
	if err := c.lists[s.Label()].err; err != nil {
		return nil, &registry.Error{Code: registry.CodeInvalid, Message: "install " + ref.Path, Err: err}
	}
	if out == nil {
		return nil, &registry.Error{Code: registry.CodeNotFound, Message: "install " + ref.Path + ": no .wasm file in it or in the folders directly in it"}
	}
	return out, nil
}

func (c *catalog) list(ctx context.Context, s registry.Source) []Plugin {
	if known, ok := c.lists[s.Label()]; ok {
		return known.plugins
	}
	builds, err := s.List(ctx)
	if err != nil {
		c.Events.sourceProblem(s.Label(), err)
	}
	out := make([]Plugin, len(builds))
	for i, b := range builds {
		out[i] = Plugin{Build: b, Source: s.Label()}
	}
	c.lists[s.Label()] = listing{out, err}
	return out
}

// all returns what the sources list, in their order.
func (c *catalog) all(ctx context.Context) []Plugin {
	var out []Plugin
	for _, s := range c.Sources {
		out = append(out, c.list(ctx, s)...)
	}
	return out
}

// problems returns what kept all from being complete.
func (c *catalog) problems() *multierror.Error {
	var faults *multierror.Error
	for _, s := range c.Sources {
		if err := c.lists[s.Label()].err; err != nil {
			faults = multierror.Append(faults, fmt.Errorf("%s: %w", s.Label(), err))
		}
	}
	return faults
}

func newest(plugins []Plugin, ref registry.Ref) (best Plugin, ok bool) {
	for _, p := range plugins {
		if ref.Has(p.Build) && (!ok || p.Version.Compare(best.Version) > 0) {
			best, ok = p, true
		}
	}
	return best, ok
}

func (c *catalog) notFound(ctx context.Context, ref registry.Ref) error {
	var same, names []string
	for _, p := range c.all(ctx) {
		names = append(names, string(p.Name))
		if p.Name == ref.Name {
			same = append(same, p.String())
		}
	}
	hint := "no source lists any plugin; name a file: mirra plugin install ./my.wasm"
	switch {
	case same != nil:
		hint = "there is " + list(same)
	case names != nil:
		hint = "there is " + list(names)
	}
	return &registry.Error{
		Code: registry.CodeNotFound, Message: "no source has " + ref.String(), Hint: hint,
		Err: registry.Faults(c.problems()),
	}
}

func list(s []string) string {
	slices.Sort(s)
	return strings.Join(slices.Compact(s), ", ")
}

// obtain returns the wanted plugin once its file is in the cache and checked.
func (c *catalog) obtain(ctx context.Context, w wanted) (Plugin, error) {
	data, err := c.load(ctx, w)
	if err != nil {
		return Plugin{}, err
	}
	if err := c.Cache.Put(w.digest, data); err != nil {
		return Plugin{}, err
	}
	return c.check(w, data)
}

// load returns the file's bytes, from the cache or else from a source, after
// checking their digest.
func (c *catalog) load(ctx context.Context, w wanted) ([]byte, error) {
	data, err := c.Cache.Open(w.digest)
	if err == nil {
		err = w.digest.Verify(data) // also if this process did it before
	}
	switch e, _ := errors.AsType[*registry.Error](err); {
	case err == nil:
		c.Events.cached(w.String())
		return data, nil
	case e == nil:
		return nil, err // the cache cannot be read at all
	case e.Code == registry.CodeDamaged:
		c.Events.damaged(w.String(), err)
	}
	faults := multierror.Append(nil, err)
	for _, s := range c.origins(w.Source) {
		c.Events.fetchBegin(w.String(), s.Label())
		data, err := s.Fetch(ctx, w.digest)
		if err == nil {
			err = w.digest.Verify(data) // a source may be wrong, or lie
		}
		if err == nil {
			c.Events.fetchDone(w.String(), s.Label())
			return data, nil
		}
		faults = multierror.Append(faults, err)
	}
	hint := ""
	if w.pinned {
		hint = "to move to a build that is there: mirra plugin install " + string(w.name) + " --update"
	}
	return nil, &registry.Error{
		Code: registry.CodeNotFound, Message: fmt.Sprintf("%s with digest %s is not to be found", w, w.digest),
		Hint: hint, Err: registry.Faults(faults),
	}
}

// origins returns the source with the label first, then the others: a digest
// is as good from anywhere.
func (c *catalog) origins(label string) []registry.Source {
	var first, others []registry.Source
	if s := c.pathSource(label); s != nil {
		first = append(first, s)
	}
	for _, s := range c.Sources {
		if s.Label() == label {
			first = append(first, s)
		} else {
			others = append(others, s)
		}
	}
	return append(first, others...)
}

// check refuses a file that is not what it was listed as, or not sound.
func (c *catalog) check(w wanted, data []byte) (Plugin, error) {
	b, err := registry.Inspect(data)
	if err != nil {
		return Plugin{}, fmt.Errorf("%s: %w", w, err)
	}
	if !w.pinned && (b.Name != w.name || b.Version != w.version) {
		return Plugin{}, conflict("", "%s lists %s, but the file says it is %s", w.Source, w, b)
	}
	faults := multierror.Append(nil, registry.CheckManifest(b.Manifest), registry.CheckCapabilities(b.Capabilities))
	if err := registry.Faults(faults); err != nil {
		e := &registry.Error{Code: registry.CodeInvalid, Message: w.String() + " is not a sound plugin", Err: err}
		if only, ok := errors.AsType[*registry.Error](err); ok && len(faults.Errors) == 1 {
			e.Code, e.Hint = only.Code, only.Hint
		}
		return Plugin{}, e
	}
	return Plugin{Build: b, Source: w.Source}, nil
}

// Labels of sources by path are "file:" or "dir:" and the path from the lock's
// folder, with slashes, so that a lock means the same in every checkout.
const (
	fileLabel = "file:"
	dirLabel  = "dir:"
)

// open returns the source for a path as the user wrote it.
func (c *catalog) open(path string) (registry.Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &registry.Error{Code: registry.CodeNotFound, Message: "install " + path, Err: err}
	}
	place, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	root, err := filepath.Abs(filepath.Dir(c.LockPath))
	if err != nil {
		return nil, err
	}
	// On Windows there is no way from one drive to another.
	if rel, err := filepath.Rel(root, place); err == nil {
		place = rel
	}
	place = filepath.ToSlash(place)
	if info.IsDir() {
		return dir.New(dirLabel+place, path), nil
	}
	return file.New(fileLabel+place, path), nil
}

// pathSource returns the source a label of the lock stands for, or nil if it
// is one of Sources or not a path.
func (c *catalog) pathSource(label string) registry.Source {
	if slices.ContainsFunc(c.Sources, func(s registry.Source) bool { return s.Label() == label }) {
		return nil
	}
	at := func(path string) string {
		if path = filepath.FromSlash(path); filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(filepath.Dir(c.LockPath), path)
	}
	if path, ok := strings.CutPrefix(label, fileLabel); ok {
		return file.New(label, at(path))
	}
	if path, ok := strings.CutPrefix(label, dirLabel); ok {
		return dir.New(label, at(path))
	}
	return nil
}

func conflict(hint, format string, args ...any) error {
	return &registry.Error{Code: registry.CodeConflict, Message: fmt.Sprintf(format, args...), Hint: hint}
}
