// Package guest runs a plugin file under WebAssembly for tests, so that what a
// plugin's tests prove natively is proven of the file that users install.
package guest

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/wasm"
)

var loaded struct {
	sync.Mutex
	byPath map[string]host.Program
}

// Load loads a plugin file once for all tests of a program. Its memory goes with
// the process.
func Load(path string) (host.Program, error) {
	loaded.Lock()
	defer loaded.Unlock()
	if p := loaded.byPath[path]; p != nil {
		return p, nil
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	runtime, err := wasm.New(context.Background(), wasm.Config{})
	if err != nil {
		return nil, err
	}
	p, err := runtime.Load(context.Background(), file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if loaded.byPath == nil {
		loaded.byPath = map[string]host.Program{}
	}
	loaded.byPath[path] = p
	return p, nil
}
