//go:build !wasip1

package sdk

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Main is what a plugin's main function calls. In a native build it prints the
// plugin's manifest, which `mirra plugin build` appends to the module.
func Main() {
	if served == nil {
		fmt.Fprintln(os.Stderr, "sdk: no plugin: call Serve in an init function")
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(&served.Manifest); err != nil {
		fmt.Fprintln(os.Stderr, "sdk:", err)
		os.Exit(1)
	}
}

// Native runs plugins without a guest; sdktest is its user.
type Native struct{}

// Served returns the plugin that Serve was called for, nil if none.
func (Native) Served() *Plugin { return served }

// Init does mirra_init with h as the host.
func (Native) Init(p *Plugin, h wire.Host) {
	wire.Native = h
	defer func() { wire.Native = nil }()
	p.declare()
}

// Call does mirra_call with h as the host. One call runs at a time.
func (Native) Call(p *Plugin, h wire.Host) {
	wire.Native = h
	defer func() { wire.Native = nil }()
	p.serveCall()
}
