package install

import (
	"context"
	"errors"
	"io/fs"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/lock"
)

// frozen installs what the lock pins, or returns an Error with CodeConflict and
// every Difference. refs, if any, have to be pinned. It needs no write access
// where the cache has everything already.
func (in *Installer) frozen(ctx context.Context, refs []registry.Ref) ([]Plugin, error) {
	pins, err := lock.Read(in.LockPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &registry.Error{
			Code: registry.CodeNotFound, Message: "there is no " + in.LockPath + " to install from",
			Hint: "run mirra plugin install without --frozen and commit the file",
		}
	}
	if err != nil {
		return nil, err
	}
	c := newCatalog(in)
	var faults, differences *multierror.Error
	for _, ref := range refs {
		found, err := c.unpinned(ctx, pins, ref)
		faults = multierror.Append(faults, err)
		for _, d := range found {
			differences = multierror.Append(differences, d)
		}
	}
	var plugins []Plugin
	for _, e := range pins.Entries() {
		p, found, err := c.asPinned(ctx, e)
		faults = multierror.Append(faults, err)
		for _, d := range found {
			differences = multierror.Append(differences, d)
		}
		plugins = append(plugins, p)
	}
	if differences != nil {
		faults = multierror.Append(faults, &registry.Error{
			Code: registry.CodeConflict, Message: "what is there is not what the lock pins", Err: registry.Faults(dedupe(differences)),
			Hint: "look at the differences; to accept them, run mirra plugin install --update and commit mirra.lock",
		})
	}
	if err := registry.Faults(faults); err != nil {
		return nil, err
	}
	return plugins, nil
}

// dedupe drops what both a reference and an entry brought up.
func dedupe(all *multierror.Error) *multierror.Error {
	var out *multierror.Error
	seen := map[error]bool{}
	for _, d := range all.Errors {
		if !seen[d] {
			seen[d] = true
			out = multierror.Append(out, d)
		}
	}
	return out
}

// unpinned returns in what ref differs from the lock.
func (c *catalog) unpinned(ctx context.Context, pins *lock.File, ref registry.Ref) ([]Difference, error) {
	if ref.Path == "" {
		e, ok := pins.Entry(ref.Name)
		switch {
		case !ok:
			return []Difference{{ref.Name, FieldPlugin, "", ref.String()}}, nil
		case !ref.Version.Has(e.Version):
			return []Difference{{ref.Name, FieldVersion, e.Version.String(), ref.Version.String()}}, nil
		}
		return nil, nil
	}
	found, err := c.findPath(ctx, ref)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for _, w := range found {
		e, ok := pins.Entry(w.name)
		if !ok {
			out = append(out, Difference{w.name, FieldPlugin, "", w.String()})
			continue
		}
		for _, p := range c.lists[w.Source].plugins {
			if p.Digest == w.digest {
				out = append(out, Compare(e, lock.NewEntry(p.Build, p.Source))...)
				break
			}
		}
	}
	return out, nil
}

// asPinned returns the plugin that e pins, or in what it differs.
func (c *catalog) asPinned(ctx context.Context, e lock.Entry) (Plugin, []Difference, error) {
	w := wantPinned(e)
	data, err := c.load(ctx, w)
	if err != nil {
		if e, ok := errors.AsType[*registry.Error](err); !ok || e.Code != registry.CodeNotFound {
			return Plugin{}, nil, err
		}
		return Plugin{}, c.instead(ctx, e), nil
	}
	p, err := c.check(w, data)
	if err != nil {
		return Plugin{}, nil, err
	}
	if d := Compare(e, lock.NewEntry(p.Build, e.Source)); d != nil {
		return Plugin{}, d, nil
	}
	p.Locked = true
	return p, nil, c.Cache.Put(e.Digest, data)
}

// instead compares e with the build that is there in its place: the newest of
// its version, else of its line.
func (c *catalog) instead(ctx context.Context, e lock.Entry) []Difference {
	var there []Plugin
	if s := c.pathSource(e.Source); s != nil {
		there = append(there, c.list(ctx, s)...)
	}
	for _, s := range c.origins(e.Source) {
		there = append(there, c.list(ctx, s)...)
	}
	for _, v := range []registry.Version{e.Version, {Line: e.Version.Line}, {}} {
		if p, ok := newest(there, registry.Ref{Name: e.Name, Version: v}); ok {
			return Compare(e, lock.NewEntry(p.Build, p.Source))
		}
	}
	return []Difference{{e.Name, FieldPlugin, e.String(), "neither in the cache nor in a source"}}
}
