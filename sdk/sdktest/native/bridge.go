//go:build !wasip1

package native

import "github.com/mirrahq/mirra/sdk"

func served() *sdk.Plugin { return sdk.Native{}.Served() }

func declare(p *sdk.Plugin, w *wireHost) { sdk.Native{}.Init(p, w) }

func call(p *sdk.Plugin, w *wireHost) { sdk.Native{}.Call(p, w) }
