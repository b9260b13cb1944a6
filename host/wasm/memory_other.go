//go:build !linux

package wasm

import "errors"

func newMappedSource([]byte, strategy) (memorySource, error) {
	return nil, errors.ErrUnsupported
}
