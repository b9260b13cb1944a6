package install

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/lock"
)

// FromCache is the Source of a Plugin that only the cache has.
const FromCache = "cache"

// Status is how a pinned plugin stands.
type Status struct {
	lock.Entry
	Cached bool  // its file is in the cache; whether it is sound, Verify tells
	Err    error // what Verify found
}

// List returns what the project pins, by name. It reads no plugin.
func (in *Installer) List(context.Context) ([]Status, error) {
	pins, err := in.readLock()
	if err != nil {
		return nil, err
	}
	var out []Status
	for _, e := range pins.Entries() {
		out = append(out, Status{Entry: e, Cached: in.Cache.Has(e.Digest)})
	}
	return out, nil
}

// Verify reads the cached file of every pinned plugin and checks digest,
// manifest and what the lock says of it. The error lists all faults, which are
// also in each Status.
func (in *Installer) Verify(ctx context.Context) ([]Status, error) {
	all, err := in.List(ctx)
	if err != nil {
		return nil, err
	}
	var faults *multierror.Error
	for i := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := in.verify(all[i].Entry); err != nil {
			all[i].Err = err
			faults = multierror.Append(faults, fmt.Errorf("%s: %w", all[i].Entry, err))
		}
	}
	return all, registry.Faults(faults)
}

func (in *Installer) verify(e lock.Entry) error {
	if err := in.Cache.Verify(e.Digest); err != nil {
		return err
	}
	data, err := in.Cache.Open(e.Digest)
	if err != nil {
		return err
	}
	p, err := newCatalog(in).check(wantPinned(e), data)
	if err != nil {
		return err
	}
	return differences(e, p.Build)
}

func differences(e lock.Entry, b registry.Build) error {
	var faults *multierror.Error
	for _, d := range Compare(e, lock.NewEntry(b, e.Source)) {
		faults = multierror.Append(faults, d)
	}
	if err := registry.Faults(faults); err != nil {
		return &registry.Error{
			Code: registry.CodeConflict, Message: "the lock does not describe the plugin it pins", Err: err,
			Hint: "restore mirra.lock, or run mirra plugin install " + string(e.Name) + " --update",
		}
	}
	return nil
}

// Available returns all builds that the sources list: by name, newest first. It
// returns what it could read even with an error.
func (in *Installer) Available(ctx context.Context) ([]Plugin, error) {
	c := newCatalog(in)
	all := c.all(ctx)
	faults := c.problems()
	pins, err := in.readLock()
	if err != nil {
		faults = multierror.Append(faults, err)
		pins = new(lock.File)
	}
	for i, p := range all {
		e, ok := pins.Entry(p.Name)
		all[i].Locked = ok && e.Digest == p.Digest
	}
	slices.SortStableFunc(all, func(a, b Plugin) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), b.Version.Compare(a.Version))
	})
	return all, registry.Faults(faults)
}

// Resolve returns what ref means in this project, and changes nothing: the
// pinned build, else the newest that sources list, else the newest in the
// cache. A version that the lock does not pin is an Error with CodeConflict; a
// path has to hold one plugin.
func (in *Installer) Resolve(ctx context.Context, ref registry.Ref) (Plugin, error) {
	c := newCatalog(in)
	if ref.Path != "" {
		found, err := c.findPath(ctx, ref)
		if err != nil {
			return Plugin{}, err
		}
		if len(found) != 1 {
			return Plugin{}, conflict("name one file", "%s holds %d plugins", ref, len(found))
		}
		p, _ := newest(c.lists[found[0].Source].plugins, registry.Ref{Name: found[0].name})
		return p, nil
	}
	pins, err := in.readLock()
	if err != nil {
		return Plugin{}, err
	}
	if e, ok := pins.Entry(ref.Name); ok {
		if !ref.Version.Has(e.Version) {
			return Plugin{}, conflict("mirra plugin install "+ref.String()+" --update", "%s is asked for, the lock pins %s", ref, e)
		}
		return c.pinned(ctx, e)
	}
	if p, ok := newest(c.all(ctx), ref); ok {
		return p, nil
	}
	// The cache comes last: it holds what other projects use, trials included.
	builds, err := in.Cache.List(ctx)
	if b, ok := registry.Newest(builds, ref); ok {
		return Plugin{Build: b, Source: FromCache}, nil
	}
	if err != nil {
		return Plugin{}, fmt.Errorf("%w; the cache: %w", c.notFound(ctx, ref), err)
	}
	return Plugin{}, c.notFound(ctx, ref)
}

// pinned returns the build that e pins. A source that lists its digest spares
// reading the file.
func (c *catalog) pinned(ctx context.Context, e lock.Entry) (Plugin, error) {
	p := Plugin{Source: e.Source}
	for _, q := range c.all(ctx) {
		if q.Digest == e.Digest {
			p.Build = q.Build
		}
	}
	if p.Manifest == nil {
		data, err := c.load(ctx, wantPinned(e))
		if err != nil {
			return Plugin{}, err
		}
		if p, err = c.check(wantPinned(e), data); err != nil {
			return Plugin{}, err
		}
	}
	p.Locked = true
	return p, differences(e, p.Build)
}

// Open returns the file of a plugin that Resolve or Install returned, with the
// digest checked, and keeps it in the cache.
func (in *Installer) Open(ctx context.Context, p Plugin) ([]byte, error) {
	c := newCatalog(in)
	w := want(p)
	w.pinned = p.Locked
	data, err := c.load(ctx, w)
	if err != nil {
		return nil, err
	}
	if _, err := c.check(w, data); err != nil {
		return nil, err
	}
	// A cache that cannot be written only makes the next time slower.
	_ = in.Cache.Put(p.Digest, data)
	return data, nil
}
