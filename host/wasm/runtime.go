package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// Config sets up a Runtime. The zero value works.
type Config struct {
	// CacheDir keeps compiled code and images between processes. It is created
	// if it does not exist; "" keeps nothing.
	CacheDir string
	// MaxInUse is how many instances of one program run at once; more callers
	// wait. 0 means 64.
	MaxInUse int
	// MaxIdle is how many instances of one program are kept for later calls.
	// 0 means two for each CPU and at least 8.
	MaxIdle int

	strategy strategy // "" picks the cheapest that works here
}

// Runtime loads plugins. It is safe for concurrent use.
type Runtime struct {
	config Config

	mu       sync.Mutex
	programs map[*program]struct{}
	closed   bool
}

// New returns a Runtime. It fails if the cache directory cannot be made.
func New(_ context.Context, c Config) (*Runtime, error) {
	if c.MaxInUse <= 0 {
		c.MaxInUse = 64
	}
	if c.MaxIdle <= 0 {
		c.MaxIdle = max(2*runtime.GOMAXPROCS(0), 8)
	}
	if c.CacheDir != "" {
		if err := os.MkdirAll(c.CacheDir, 0o755); err != nil {
			return nil, fmt.Errorf("plugin cache: %w", err)
		}
		go prune(c.CacheDir, time.Now())
	}
	return &Runtime{config: c, programs: map[*program]struct{}{}}, nil
}

// Load checks, compiles and initialises a plugin file. The error lists
// everything that is wrong with the file, not only the first fault. Loading
// one file twice makes two programs.
func (r *Runtime) Load(ctx context.Context, file []byte) (host.Program, error) {
	r.mu.Lock()
	closed := r.closed
	r.mu.Unlock()
	if closed {
		return nil, errors.New("load plugin: runtime is closed")
	}
	sum := sha256.Sum256(file)
	p := &program{runtime: r, digest: "sha256:" + hex.EncodeToString(sum[:])}
	if err := p.load(ctx, file); err != nil {
		return nil, fmt.Errorf("load plugin %s: %w", p.title(), err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, multierror.Append(errors.New("load plugin: runtime is closed"), p.close(ctx)).ErrorOrNil()
	}
	r.programs[p] = struct{}{}
	return p, nil
}

// Close closes all programs. It waits for running invocations until ctx ends.
func (r *Runtime) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	programs := r.programs
	r.programs = nil
	r.mu.Unlock()
	var faults *multierror.Error
	for p := range programs {
		if err := p.close(ctx); err != nil {
			faults = multierror.Append(faults, fmt.Errorf("close plugin %s: %w", p.title(), err))
		}
	}
	return faults.ErrorOrNil()
}

// program implements host.Program.
type program struct {
	runtime  *Runtime
	digest   string
	manifest *abi.Manifest
	engine   wazero.Runtime
	code     wazero.CompiledModule
	mutable  []int // indexes of the guest's mutable globals
	image    *image
	source   memorySource
	pool     *pool
}

var _ host.Program = (*program)(nil)

// Manifest implements host.Program.
func (p *program) Manifest() *abi.Manifest { return p.manifest }

// Digest implements host.Program.
func (p *program) Digest() string { return p.digest }

// Schema implements host.Program.
func (p *program) Schema() host.Schema { return p.image.schema }

// Close implements host.Program.
func (p *program) Close(ctx context.Context) error {
	p.runtime.mu.Lock()
	delete(p.runtime.programs, p)
	p.runtime.mu.Unlock()
	if err := p.close(ctx); err != nil {
		return fmt.Errorf("close plugin %s: %w", p.title(), err)
	}
	return nil
}

func (p *program) close(ctx context.Context) error {
	return p.pool.close(ctx, func() {
		// Freeing memory that nothing uses any more: there is nobody left to
		// tell, and nothing to do about it.
		_ = p.engine.Close(context.Background())
		_ = p.source.close()
	})
}

// title names the plugin in errors.
func (p *program) title() string {
	if p.manifest != nil && p.manifest.Name != "" {
		return p.manifest.Name
	}
	return p.digest[:min(len(p.digest), 19)]
}

// load brings a program to life: from the cache if it is there, else from the file.
func (p *program) load(ctx context.Context, file []byte) error {
	c := p.runtime.cacheFor(p.digest)
	if wasm, img, err := c.read(); err == nil {
		if p.manifest, err = abi.ReadManifest(file); err == nil {
			if err := p.open(ctx, wasm, img, c.codeDir()); err == nil {
				return nil
			}
			p.manifest = nil
		}
	}
	m, manifest, err := check(ctx, file)
	p.manifest = manifest
	if err != nil {
		return err
	}
	w, err := instrument(m)
	if err != nil {
		return err
	}
	b, err := c.begin()
	if err != nil {
		return err
	}
	defer b.abandon()
	if err := p.compile(ctx, w.wasm, b.codeDir()); err != nil {
		return err
	}
	p.mutable = w.globals
	img, err := p.build(ctx, m)
	if err == nil {
		err = b.commit(w.wasm, img)
	}
	if err == nil {
		err = p.serve(ctx, img)
	}
	if err != nil {
		_ = p.engine.Close(ctx) // err says what went wrong first
	}
	return err
}

// open makes a program of what the cache holds.
func (p *program) open(ctx context.Context, wasm []byte, img *image, codeDir string) error {
	if err := p.compile(ctx, wasm, codeDir); err != nil {
		return err
	}
	p.mutable = img.mutable
	if err := p.serve(ctx, img); err != nil {
		_ = p.engine.Close(ctx) // err says what went wrong first
		return err
	}
	return nil
}

// compile makes the engine and the code. Each program has an engine of its
// own: closing it frees everything, and no lock is shared.
func (p *program) compile(ctx context.Context, wasm []byte, codeDir string) (err error) {
	config := wazero.NewRuntimeConfig().WithCoreFeatures(coreFeatures).WithDebugInfoEnabled(false)
	if codeDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(codeDir)
		if err != nil {
			return fmt.Errorf("compilation cache: %w", err)
		}
		config = config.WithCompilationCache(cache)
	}
	p.engine = wazero.NewRuntimeWithConfig(ctx, config)
	if err = instantiateHost(ctx, p.engine); err == nil {
		p.code, err = p.engine.CompileModule(experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0)), wasm)
	}
	if err != nil {
		_ = p.engine.Close(ctx) // err says what went wrong first
		return fmt.Errorf("compile: %w", err)
	}
	return nil
}

// serve opens the pool on an image. One instance is made at once, so that what
// cannot work fails here.
func (p *program) serve(ctx context.Context, img *image) error {
	source, err := newMemorySource(img.memory, p.runtime.config.strategy)
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	if _, mapped := source.(*copySource); !mapped {
		img.memory = nil // the source holds it
	}
	p.image, p.source = img, source
	first, err := p.start(ctx)
	if err != nil {
		return errors.Join(err, source.close())
	}
	p.pool = newPool(p.start, p.runtime.config.MaxInUse, p.runtime.config.MaxIdle)
	p.pool.clean = append(p.pool.clean, first)
	return nil
}
