//go:build wasip1

package native

import "github.com/mirrahq/mirra/sdk"

// A guest cannot host itself; this lets plugins be vetted with their tests.

func served() *sdk.Plugin { return nil }

func declare(*sdk.Plugin, *wireHost) { panic("native: in a guest") }

func call(*sdk.Plugin, *wireHost) { panic("native: in a guest") }
