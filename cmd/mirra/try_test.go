package main

import (
	"testing"

	"github.com/mirrahq/mirra/abi"
)

func TestTryPath(t *testing.T) {
	t.Parallel()
	op := func(method, path string, level abi.Level) abi.Operation {
		return abi.Operation{Method: method, Path: path, Level: level}
	}
	m := &abi.Manifest{Hosts: []abi.Host{{ID: "api"}}, Operations: []abi.Operation{
		op("GET", "/v1/files", abi.LevelModelled),
		op("GET", "/v1/customers", abi.LevelExact), op("GET", "/v1/customers/{id}", abi.LevelExact), op("POST", "/v1/customers/{id}/sources", abi.LevelExact),
		op("GET", "/v1/accounts", abi.LevelNone), op("GET", "/v1/accounts/{id}", abi.LevelNone), op("GET", "/v1/accounts/{id}/persons", abi.LevelNone), op("GET", "/v1/accounts/{id}/x", abi.LevelNone),
	}}
	if got := tryPath(m); got != "/v1/customers" {
		t.Errorf("%s, want the one that most lies below", got)
	}
	m.Operations = []abi.Operation{op("GET", "/things", abi.LevelModelled), op("GET", "/a", abi.LevelModelled)}
	if got := tryPath(m); got != "/a" {
		t.Errorf("%s, want the shortest of equals", got)
	}
	m.Operations = nil
	if got := tryPath(m); got != "/" {
		t.Errorf("%s of a mirror without operations", got)
	}
}
