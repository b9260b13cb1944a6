// Package install takes plugins from a reference to a pinned, checked file: it
// resolves against sources, fetches into the cache, and keeps the lock file. It
// never prints and never runs a plugin; compiling what it returns is
// host/wasm's work.
package install

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/cache"
	"github.com/mirrahq/mirra/registry/lock"
)

// Installer installs plugins for one project. Its fields are set before use.
// Different Installers, of other processes too, may work on one project at a
// time; each holds the project for the time of one call.
type Installer struct {
	Sources  []registry.Source // each with its own label; the newest build wins, of equals that of the first
	Cache    *cache.Cache
	LockPath string // the project's mirra.lock, whether or not it is there
	Events   Events
}

// Options of Install.
type Options struct {
	// Frozen installs what the lock pins and changes nothing in it.
	Frozen bool
	// Update allows what is pinned to change. A plugin named without a version
	// gets the newest build of the line it is pinned to.
	Update bool
}

// Plugin is a build that references resolved to.
type Plugin struct {
	registry.Build
	Source string // label of the source
	Locked bool   // the lock pins this very build
}

// Install makes what refs name ready for use and pins it; without refs, all
// that is pinned already. What is pinned stays as it is unless opts.Update:
// otherwise an Error with CodeConflict holds each Difference. The lock is
// written once, after everything else succeeded, and only if it changes.
func (in *Installer) Install(ctx context.Context, refs []registry.Ref, opts Options) ([]Plugin, error) {
	if opts.Frozen {
		return in.frozen(ctx, refs)
	}
	release, err := in.exclusive(ctx)
	if err != nil {
		return nil, err
	}
	defer release() // nothing can be done about it, and the process's end releases too
	pins, err := in.readLock()
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		for _, e := range pins.Entries() {
			refs = append(refs, registry.Ref{Name: e.Name, Version: registry.Version{Line: e.Version.Line}})
		}
	}
	if len(refs) == 0 {
		return nil, &registry.Error{
			Code: registry.CodeNotFound, Message: "nothing to install: " + in.LockPath + " pins no plugin",
			Hint: "name one: mirra plugin install stripe",
		}
	}
	plugins, err := in.installAll(ctx, pins, refs, opts.Update)
	if err != nil {
		return nil, err
	}
	return plugins, in.pin(pins, plugins)
}

func (in *Installer) installAll(ctx context.Context, pins *lock.File, refs []registry.Ref, update bool) ([]Plugin, error) {
	var plugins []Plugin
	var faults, differences *multierror.Error
	c := newCatalog(in)
	seen := map[registry.Name]Plugin{}
	for _, ref := range refs {
		found, err := c.find(ctx, pins, ref, update)
		if err != nil {
			faults = multierror.Append(faults, err)
			continue
		}
		for _, want := range found {
			in.Events.resolved(ref, want.String(), want.Source)
			p, err := c.obtain(ctx, want)
			if err != nil {
				faults = multierror.Append(faults, err)
				continue
			}
			if before, again := seen[p.Name]; again {
				if before.Digest != p.Digest {
					faults = multierror.Append(faults, conflict("name one of them", "%s and %s are asked for, a project uses one build of a plugin", before, p))
				}
				continue
			}
			seen[p.Name] = p
			// By the name that was asked for: a pinned digest may hold another.
			if before, pinned := pins.Entry(want.name); pinned && !update {
				for _, d := range Compare(before, lock.NewEntry(p.Build, p.Source)) {
					// The same bytes are as good from elsewhere.
					if d.Field != FieldSource || p.Digest != before.Digest {
						differences = multierror.Append(differences, d)
					}
				}
			}
			plugins = append(plugins, p)
		}
	}
	if differences != nil {
		faults = multierror.Append(faults, &registry.Error{
			Code: registry.CodeConflict, Message: "the lock pins other plugins", Err: registry.Faults(differences),
			Hint: "look at the differences; to accept them, say --update",
		})
	}
	if err := registry.Faults(faults); err != nil {
		return nil, err
	}
	return plugins, nil
}

// pin writes the lock if plugins change it.
func (in *Installer) pin(pins *lock.File, plugins []Plugin) error {
	changed := false
	for i, p := range plugins {
		plugins[i].Locked = true
		after := lock.NewEntry(p.Build, p.Source)
		before, had := pins.Entry(p.Name)
		if had && p.Digest == before.Digest && onlySource(Compare(before, after)) {
			continue
		}
		if had {
			in.Events.pinned(&before, after)
		} else {
			in.Events.pinned(nil, after)
		}
		pins.Set(after)
		changed = true
	}
	if !changed {
		return nil
	}
	return in.writeLock(pins)
}

func onlySource(differences []Difference) bool {
	for _, d := range differences {
		if d.Field != FieldSource {
			return false
		}
	}
	return true
}

// Remove unpins plugins; their files stay in the cache, which other projects
// use too. Names that are not pinned are an Error with CodeNotFound, and then
// nothing is removed.
func (in *Installer) Remove(ctx context.Context, names ...registry.Name) error {
	release, err := in.exclusive(ctx)
	if err != nil {
		return err
	}
	defer release() // as in Install
	pins, err := in.readLock()
	if err != nil {
		return err
	}
	var faults *multierror.Error
	for _, n := range names {
		if !pins.Remove(n) {
			faults = multierror.Append(faults, &registry.Error{
				Code: registry.CodeNotFound, Message: string(n) + " is not in " + in.LockPath, Hint: "mirra plugin list shows what is",
			})
		}
	}
	if err := registry.Faults(faults); err != nil || len(names) == 0 {
		return err
	}
	return in.writeLock(pins)
}

// exclusive keeps others from changing the lock between reading and writing.
func (in *Installer) exclusive(ctx context.Context) (func() error, error) {
	folder, err := filepath.Abs(filepath.Dir(in.LockPath))
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(folder); err == nil {
		folder = real
	}
	return in.Cache.Exclusive(ctx, filepath.Join(folder, filepath.Base(in.LockPath)))
}

// readLock returns an empty lock if there is none.
func (in *Installer) readLock() (*lock.File, error) {
	pins, err := lock.Read(in.LockPath)
	if errors.Is(err, fs.ErrNotExist) {
		return new(lock.File), nil
	}
	return pins, err
}

func (in *Installer) writeLock(pins *lock.File) error {
	if err := lock.Write(in.LockPath, pins); err != nil {
		return err
	}
	in.Events.lockWritten(in.LockPath)
	return nil
}
