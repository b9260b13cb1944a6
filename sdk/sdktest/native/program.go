// Package native runs a plugin of the same process as a host.Program: what a
// WebAssembly guest imports, it reaches by a direct call with the same results.
// There is no fuel and no isolation: variables of the plugin's packages live on
// from call to call, so what a plugin keeps in them has to be set by each call.
package native

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/sdk"
)

// Program is the plugin of this process.
type Program struct {
	plugin *sdk.Plugin
	schema host.Schema
	digest string
}

var _ host.Program = (*Program)(nil)

// mu guards the sdk's one call.
var mu sync.Mutex

// Load does the init phase of a plugin; nil is the one that called Serve.
func Load(p *sdk.Plugin) (*Program, error) {
	if p == nil {
		p = served()
	}
	if p == nil {
		return nil, errors.New("native: no plugin: call Serve in an init function")
	}
	manifest, err := json.Marshal(&p.Manifest)
	if err != nil {
		return nil, fmt.Errorf("native: manifest: %w", err)
	}
	sum := sha256.Sum256(manifest)
	program := &Program{plugin: p, digest: "sha256:" + hex.EncodeToString(sum[:])}
	mu.Lock()
	defer mu.Unlock()
	w := &wireHost{init: &program.schema}
	if err := w.guard(func() { declare(p, w) }); err != nil {
		return nil, err
	}
	return program, nil
}

// Manifest implements host.Program.
func (p *Program) Manifest() *abi.Manifest { return &p.plugin.Manifest }

// Digest implements host.Program; it stands for the manifest.
func (p *Program) Digest() string { return p.digest }

// Schema implements host.Program.
func (p *Program) Schema() host.Schema { return p.schema }

// Invoke implements host.Program. The budget is not enforced.
func (p *Program) Invoke(_ context.Context, c host.Call, frame, out []byte, _ host.Budget) ([]byte, host.Usage, error) {
	mu.Lock()
	defer mu.Unlock()
	w := &wireHost{host: c, frame: frame, out: out, base: len(out)}
	started := time.Now()
	err := w.guard(func() { call(p.plugin, w) })
	return w.out, host.Usage{HostCalls: w.calls, Guest: time.Since(started)}, err
}

// Close implements host.Program.
func (p *Program) Close(context.Context) error { return nil }

// stopped ends a call from inside a host function.
type stopped struct{ err error }

// guard runs f and turns its panics into what the host reports of a guest: a
// Go panic ends the guest, an error that is not for the plugin comes out as it is.
func (w *wireHost) guard(f func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case stopped:
			err = v.err
		default:
			err = &host.Trap{Cause: host.TrapExit, Detail: fmt.Sprintf("panic: %v\n%s", v, pluginFrames())}
		}
	}()
	f()
	return nil
}

// pluginFrames are the lines of the stack behind the panic.
func pluginFrames() string {
	_, at, _ := strings.Cut(string(debug.Stack()), "panic(")
	lines := strings.Split(at, "\n")
	if len(lines) > 12 {
		lines = lines[2:12]
	}
	return strings.Join(lines, "\n")
}
