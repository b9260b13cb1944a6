package registry_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/registrytest"
)

func TestInspect(t *testing.T) {
	module := registrytest.MustModule(t, registrytest.Manifest("stripe", "2024-06", 3),
		abi.ModuleSQL, abi.ModuleWASI, abi.ModuleCore, abi.ModuleSQL)
	b, err := registry.Inspect(module)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != "stripe@2024-06.3" || b.Size != int64(len(module)) || b.Digest.Verify(module) != nil {
		t.Errorf("got %+v", b)
	}
	if want := []string{abi.ModuleCore, abi.ModuleSQL, abi.ModuleWASI}; !slices.Equal(b.Capabilities, want) {
		t.Errorf("capabilities %q, want %q", b.Capabilities, want)
	}
}

func TestInspectErrors(t *testing.T) {
	bad := func(change func(*abi.Manifest)) []byte {
		m := registrytest.Manifest("stripe", "2024-06", 3)
		change(m)
		return registrytest.MustModule(t, m)
	}
	for name, tc := range map[string]struct {
		module []byte
		want   string
	}{
		"empty":       {nil, "wrong first bytes"},
		"text":        {[]byte("#!/bin/sh\nrm -rf /"), "wrong first bytes"},
		"no manifest": {registrytest.Bare(), "no mirra.manifest section"},
		"truncated":   {registrytest.MustModule(t, registrytest.Manifest("a", "1", 1))[:50], "truncated"},
		"large":       {make([]byte, abi.MaxModuleBytes+1), "at most"},
		"path name":   {bad(func(m *abi.Manifest) { m.Name = "../../evil" }), "want lower-case letters"},
		"line":        {bad(func(m *abi.Manifest) { m.Line = "2024-06.1" }), "without a build number"},
		"build":       {bad(func(m *abi.Manifest) { m.Build = 0 }), "a build from 1"},
	} {
		_, err := registry.Inspect(tc.module)
		e, ok := errors.AsType[*registry.Error](err)
		if !ok || e.Code != registry.CodeInvalid || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

// Hand-assembled import sections; the first bytes are the section's id and size.
func TestCapabilities(t *testing.T) {
	const magic = "\x00asm\x01\x00\x00\x00"
	for name, tc := range map[string]struct {
		section string
		want    []string
		err     string
	}{
		"none":   {"", nil, ""},
		"func":   {"\x02\x07\x01\x01a\x01f\x00\x00", []string{"a"}, ""},
		"table":  {"\x02\x0a\x01\x01a\x01f\x01\x70\x01\x00\x05", []string{"a"}, ""},
		"memory": {"\x02\x08\x01\x01a\x01f\x02\x00\x01", []string{"a"}, ""},
		"global": {"\x02\x08\x01\x01a\x01f\x03\x7f\x00", []string{"a"}, ""},
		"tag":    {"\x02\x08\x01\x01a\x01f\x04\x00\x00", []string{"a"}, ""},
		"sorted, once": {"\x02\x13\x03\x01b\x01f\x00\x00\x01a\x01f\x00\x00\x01b\x01g\x00\x00",
			[]string{"a", "b"}, ""},
		"unnamed":       {"\x02\x06\x01\x00\x01f\x00\x00", []string{""}, ""},
		"padded number": {"\x02\x87\x00\x01\x01a\x01f\x00\x00", []string{"a"}, ""},

		"twice":          {"\x02\x01\x00\x02\x01\x00", nil, "second import section"},
		"unknown kind":   {"\x02\x07\x01\x01a\x01f\x05\x00", nil, "kind 5"},
		"count too high": {"\x02\x0b\xff\xff\xff\xff\x0f\x01a\x01f\x00\x00", nil, "truncated"},
		"count too low":  {"\x02\x07\x00\x01a\x01f\x00\x00", nil, "6 bytes too many"},
		"long name":      {"\x02\x07\x01\x7fa\x01f\x00\x00", nil, "truncated"},
		"not UTF-8":      {"\x02\x07\x01\x01\xff\x01f\x00\x00", nil, "UTF-8"},
		"section size":   {"\x02\x7f\x00", nil, "truncated"},
		"number":         {"\x02\xff\xff\xff\xff\x7f", nil, "truncated"},
		"no size":        {"\x02", nil, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := registry.Capabilities([]byte(magic + tc.section))
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Fatalf("got error %v, want %q", err, tc.err)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCheckCapabilities(t *testing.T) {
	all := []string{abi.ModuleCore, abi.ModuleSQL, abi.ModuleTime, abi.ModuleRand, abi.ModuleCrypto,
		abi.ModuleLimit, abi.ModuleDeliver, abi.ModuleBlob, abi.ModuleWASI}
	if err := registry.CheckCapabilities(all); err != nil {
		t.Error(err)
	}
	err := registry.CheckCapabilities(append(all, "env", "mirra_net_v1"))
	if e, ok := errors.AsType[*registry.Error](err); !ok || e.Code != registry.CodeTooNew || !strings.Contains(e.Message, `["env" "mirra_net_v1"]`) {
		t.Errorf("got %v", err)
	}
}

func FuzzCapabilities(f *testing.F) {
	f.Add(registrytest.Bare(abi.ModuleCore, abi.ModuleWASI, "env"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x02\x0b\xff\xff\xff\xff\x0f\x01a\x01f\x00\x00"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x02\x0a\x01\x01a\x01f\x01\x70\x01\x00\x05"))
	f.Fuzz(func(t *testing.T, module []byte) {
		names, err := registry.Capabilities(module)
		if err != nil {
			return
		}
		if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("not sorted or not once: %q", names)
		}
		for _, n := range names {
			if !strings.Contains(string(module), n) {
				t.Errorf("%q is not in the module", n)
			}
		}
	})
}

func FuzzInspect(f *testing.F) {
	m, err := abi.AppendManifest(registrytest.Bare(abi.ModuleCore), registrytest.Manifest("stripe", "2024-06", 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m)
	f.Fuzz(func(t *testing.T, module []byte) {
		b, err := registry.Inspect(module)
		if err != nil {
			return
		}
		if _, err := registry.ParseRef(b.String()); err != nil {
			t.Errorf("%q cannot be named: %v", b, err)
		}
		_ = registry.CheckManifest(b.Manifest) // must not panic
	})
}
