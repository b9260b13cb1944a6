package assembly

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/host/wasm"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/install"
)

// programs loads each plugin build once, whoever asks for it.
type programs struct {
	runtime *wasm.Runtime
	install *install.Installer // of no project: there is no lock
	// before is called with a plugin's digest before it is loaded; nil does nothing.
	before func(registry.Digest)

	mu    sync.Mutex
	loads map[registry.Digest]*load
}

var _ session.Programs = (*programs)(nil)

// load is a build being loaded, or loaded.
type load struct {
	done    chan struct{}
	program host.Program
	err     error
}

// Program returns the build that ref names: a digest, or a name with or
// without a version for the newest one.
func (p *programs) Program(ctx context.Context, ref string) (host.Program, error) {
	digest, err := registry.ParseDigest(ref)
	if err != nil {
		if digest, err = p.resolve(ctx, ref); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	l := p.loads[digest]
	if l == nil {
		l = &load{done: make(chan struct{})}
		p.loads[digest] = l
		// The load is everybody's: it does not end with who asked first.
		go p.run(context.WithoutCancel(ctx), digest, l)
	}
	p.mu.Unlock()
	select {
	case <-l.done:
		return l.program, l.err
	case <-ctx.Done():
		return nil, fmt.Errorf("load plugin %s: %w", ref, ctx.Err())
	}
}

func (p *programs) run(ctx context.Context, digest registry.Digest, l *load) {
	l.program, l.err = p.load(ctx, digest)
	if l.err != nil {
		p.mu.Lock()
		delete(p.loads, digest) // the next one tries again
		p.mu.Unlock()
	}
	close(l.done)
}

func (p *programs) load(ctx context.Context, digest registry.Digest) (host.Program, error) {
	file, err := p.read(ctx, digest)
	if err != nil {
		return nil, explain(err)
	}
	build, err := registry.Inspect(file)
	if err == nil {
		err = registry.CheckManifest(build.Manifest)
	}
	if err != nil {
		return nil, unsound(string(digest), err)
	}
	if p.before != nil {
		p.before(digest)
	}
	program, err := p.runtime.Load(ctx, file)
	if err != nil {
		return nil, unsound(build.String(), err)
	}
	return program, nil
}

func unsound(name string, err error) error {
	return &host.Error{Kind: host.KindUnprocessed, Code: "mirra.plugin.unsound", Message: name + " cannot be run", Hint: "`mirra plugin vet` says what a plugin needs", Err: err}
}

// Compile loads a plugin file once and keeps the result in the cache folder, so
// that a server there starts with it at once.
func Compile(ctx context.Context, cacheDir string, file []byte) error {
	r, err := wasm.New(ctx, wasm.Config{CacheDir: compiledCache(cacheDir)})
	if err != nil {
		return err
	}
	if _, err := r.Load(ctx, file); err != nil {
		_ = r.Close(ctx) // nothing runs
		return unsound("the plugin", err)
	}
	return r.Close(ctx)
}

func compiledCache(cacheDir string) string { return filepath.Join(cacheDir, "compiled") }

// read returns a build's file, from the cache or else from a source.
func (p *programs) read(ctx context.Context, digest registry.Digest) ([]byte, error) {
	data, err := p.install.Cache.Open(digest)
	if err == nil {
		return data, nil
	}
	faults := multierror.Append(nil, err)
	for _, s := range p.install.Sources {
		data, err := s.Fetch(ctx, digest)
		if err == nil {
			err = digest.Verify(data) // a source may be wrong
		}
		if err == nil {
			return data, nil
		}
		faults = multierror.Append(faults, err)
	}
	return nil, &registry.Error{Code: registry.CodeNotFound, Message: "plugin " + string(digest) + " is not to be found", Hint: "mirra plugin install puts what the project pins into the cache", Err: registry.Faults(faults)}
}

func (p *programs) resolve(ctx context.Context, ref string) (registry.Digest, error) {
	r, err := registry.ParseRef(ref)
	if err != nil {
		return "", explain(err)
	}
	if r.Path != "" {
		return "", &host.Error{Kind: host.KindInvalid, Code: "mirra.session.mirror_by_path", Message: fmt.Sprintf("mirror %q is a path", ref), Hint: "the server opens no paths of its clients: install it (mirra plugin install " + ref + ") and name it, or send its digest"}
	}
	found, err := p.install.Resolve(ctx, r)
	if e, ok := errors.AsType[*registry.Error](err); ok && e.Code == registry.CodeNotFound {
		return "", &host.Error{Kind: host.KindUnprocessed, Code: "mirra.session.mirror_not_in_catalog", Message: fmt.Sprintf("there is no mirror %q", ref), Hint: e.Hint}
	}
	if err != nil {
		return "", explain(err)
	}
	return found.Digest, nil
}

// explain translates a fault of the registry.
func explain(err error) error {
	if _, ok := errors.AsType[*host.Error](err); ok {
		return err
	}
	e, ok := errors.AsType[*registry.Error](err)
	if !ok {
		return err
	}
	kind := host.KindUnprocessed
	switch e.Code {
	case registry.CodeNotFound:
		kind = host.KindNotFound
	case registry.CodeConflict:
		kind = host.KindConflict
	case registry.CodeInvalid:
		kind = host.KindInvalid
	}
	return &host.Error{Kind: kind, Code: e.Code, Message: e.Message, Hint: e.Hint, Err: e.Err}
}
