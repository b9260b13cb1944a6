package install_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/cache"
	"github.com/mirrahq/mirra/registry/dir"
	"github.com/mirrahq/mirra/registry/embedded"
	"github.com/mirrahq/mirra/registry/install"
	"github.com/mirrahq/mirra/registry/lock"
	"github.com/mirrahq/mirra/registry/registrytest"
)

// project is an empty folder with an embedded source.
type project struct {
	*install.Installer
	folder string
	log    []string // events
}

// newProject packs modules as the binary does.
func newProject(t *testing.T, modules ...[]byte) *project {
	t.Helper()
	folder := t.TempDir()
	p := &project{folder: folder}
	p.Installer = &install.Installer{
		Cache:    cache.New(filepath.Join(t.TempDir(), "cache")),
		LockPath: filepath.Join(folder, lock.Name),
	}
	p.embed(t, modules...)
	note := func(format string, args ...any) { p.log = append(p.log, fmt.Sprintf(format, args...)) }
	p.Events = install.Events{
		Resolved:      func(r registry.Ref, plugin, source string) { note("resolved %s %s %s", r, plugin, source) },
		Cached:        func(plugin string) { note("cached %s", plugin) },
		FetchBegin:    func(plugin, source string) { note("fetch %s %s", plugin, source) },
		FetchDone:     func(plugin, source string) { note("fetched %s", plugin) },
		Damaged:       func(plugin string, err error) { note("damaged %s", plugin) },
		SourceProblem: func(source string, err error) { note("problem %s", source) },
		Pinned: func(before *lock.Entry, after lock.Entry) {
			if before == nil {
				note("new %s", after)
			} else {
				note("%s to %s", before, after)
			}
		},
		LockWritten: func(path string) { note("wrote %s", filepath.Base(path)) },
	}
	return p
}

// embed replaces what the binary carries, as an upgrade does.
func (p *project) embed(t *testing.T, modules ...[]byte) {
	t.Helper()
	in, out := t.TempDir(), t.TempDir()
	for i, m := range modules {
		registrytest.MustWrite(t, in, fmt.Sprintf("%d.wasm", i), m)
	}
	if len(modules) > 0 {
		if err := embedded.Pack(in, out); err != nil {
			t.Fatal(err)
		}
	}
	p.Sources = []registry.Source{embedded.New(os.DirFS(out))}
}

// fresh gives the project the empty cache of another machine.
func (p *project) fresh(t *testing.T) { p.Cache = cache.New(t.TempDir()) }

func refs(t *testing.T, names ...string) []registry.Ref {
	t.Helper()
	var out []registry.Ref
	for _, n := range names {
		r, err := registry.ParseRef(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func (p *project) install(t *testing.T, opts install.Options, names ...string) (string, error) {
	t.Helper()
	p.log = nil
	plugins, err := p.Install(t.Context(), refs(t, names...), opts)
	var out []string
	for _, x := range plugins {
		if !x.Locked || x.Manifest == nil {
			t.Errorf("%s: locked %v, manifest %v", x, x.Locked, x.Manifest)
		}
		out = append(out, x.String()+" "+x.Source)
	}
	return strings.Join(out, ", "), err
}

func (p *project) mustInstall(t *testing.T, opts install.Options, names ...string) string {
	t.Helper()
	out, err := p.install(t, opts, names...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *project) lockText(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(p.LockPath)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

func plugin(t *testing.T, name, line string, build int) []byte {
	t.Helper()
	m, _ := registrytest.MustPlugin(t, name, line, build)
	return m
}

// wants fails unless err has the code and all texts.
func wants(t *testing.T, err error, code string, texts ...string) {
	t.Helper()
	e, ok := errors.AsType[*registry.Error](err)
	if !ok || e.Code != code {
		t.Errorf("got %v, want code %s", err, code)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error()+"\nhint: "+e.Hint, text) {
			t.Errorf("got %v\nhint: %s\nwant %q", err, e.Hint, text)
		}
	}
}

func differences(err error) []string {
	var out []string
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) {
		case install.Difference:
			out = append(out, e.Error())
		case interface{ WrappedErrors() []error }:
			for _, err := range e.WrappedErrors() {
				walk(err)
			}
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		}
	}
	walk(err)
	slices.Sort(out)
	return out
}

func wantDifferences(t *testing.T, err error, want ...string) {
	t.Helper()
	got := differences(err)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("differences\n%s\nwant\n%s\n(%v)", strings.Join(got, "\n"), strings.Join(want, "\n"), err)
	}
}

func TestInstallInAnEmptyFolder(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2024-06", 1), plugin(t, "stripe", "2024-06", 2), plugin(t, "stripe", "2026-08", 1), plugin(t, "twilio", "2010-04-01", 1))
	if got, want := p.mustInstall(t, install.Options{}, "stripe@2024-06", "twilio"), "stripe@2024-06.2 embedded, twilio@2010-04-01.1 embedded"; got != want {
		t.Errorf("installed %s, want %s", got, want)
	}
	want := []string{
		"resolved stripe@2024-06 stripe@2024-06.2 embedded", "fetch stripe@2024-06.2 embedded", "fetched stripe@2024-06.2",
		"resolved twilio twilio@2010-04-01.1 embedded", "fetch twilio@2010-04-01.1 embedded", "fetched twilio@2010-04-01.1",
		"new stripe@2024-06.2", "new twilio@2010-04-01.1", "wrote mirra.lock",
	}
	if !slices.Equal(p.log, want) {
		t.Errorf("events %q, want %q", p.log, want)
	}
	before := p.lockText(t)
	// Again: all from the cache, and the lock is not written.
	if got := p.mustInstall(t, install.Options{}); got != "stripe@2024-06.2 embedded, twilio@2010-04-01.1 embedded" {
		t.Errorf("installed %s", got)
	}
	if slices.Contains(p.log, "wrote mirra.lock") || p.lockText(t) != before {
		t.Errorf("the lock was written again: %q", p.log)
	}
	entries, err := os.ReadDir(p.folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the project holds %v, %v; want the lock only", entries, err)
	}
}

func TestInstallPicksVersions(t *testing.T) {
	all := [][]byte{plugin(t, "stripe", "2024-06", 9), plugin(t, "stripe", "2026-08", 1), plugin(t, "stripe", "2024-06", 10)}
	for ref, want := range map[string]string{
		"stripe": "stripe@2026-08.1 embedded", "stripe@2024-06": "stripe@2024-06.10 embedded", "stripe@2024-06.9": "stripe@2024-06.9 embedded",
	} {
		p := newProject(t, all...)
		if got := p.mustInstall(t, install.Options{}, ref); got != want {
			t.Errorf("%s: installed %s, want %s", ref, got, want)
		}
	}
	p := newProject(t, all...)
	_, err := p.install(t, install.Options{}, "stripe@2030-01", "adyen")
	wants(t, err, registry.CodeNotFound, "2 faults", "no source has stripe@2030-01", "no source has adyen",
		"there is stripe@2024-06.10, stripe@2024-06.9, stripe@2026-08.1")
	if p.lockText(t) != "" {
		t.Error("a failed install wrote a lock")
	}
	_, err = p.install(t, install.Options{})
	wants(t, err, registry.CodeNotFound, "nothing to install", "mirra plugin install stripe")
	_, err = p.install(t, install.Options{}, "stripe@2024-06", "stripe@2026-08")
	wants(t, err, registry.CodeConflict, "one build of a plugin")
}

func TestInstallByPath(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2026-08", 1))
	registrytest.MustWrite(t, p.folder, "wasm dir/a.wasm", plugin(t, "adyen", "v1", 1))
	registrytest.MustWrite(t, p.folder, "wasm dir/b.wasm", plugin(t, "adyen", "v1", 2))
	registrytest.MustWrite(t, p.folder, "wasm dir/deep/c.wasm", plugin(t, "square", "v2", 1))
	file := registrytest.MustWrite(t, p.folder, "my.wasm", plugin(t, "stripe", "2024-06", 7))
	got := p.mustInstall(t, install.Options{}, filepath.Join(p.folder, "wasm dir"), file)
	if want := "adyen@v1.2 dir:wasm dir, square@v2.1 dir:wasm dir, stripe@2024-06.7 file:my.wasm"; got != want {
		t.Errorf("installed %s, want %s", got, want)
	}
	// Another checkout elsewhere, with another cache, installs the same.
	moved := p.folder + "-moved"
	if err := os.Rename(p.folder, moved); err != nil {
		t.Fatal(err)
	}
	p.LockPath = filepath.Join(moved, lock.Name)
	p.fresh(t)
	if got := p.mustInstall(t, install.Options{Frozen: true}); !strings.Contains(got, "stripe@2024-06.7 file:my.wasm") {
		t.Errorf("installed %s", got)
	}
	// A plugin that was installed by path is updated from there.
	registrytest.MustWrite(t, moved, "my.wasm", plugin(t, "stripe", "2024-06", 8))
	if got, want := p.mustInstall(t, install.Options{Update: true}, "stripe"), "stripe@2024-06.8 file:my.wasm"; got != want {
		t.Errorf("updated to %s, want %s", got, want)
	}
	_, err := p.install(t, install.Options{}, filepath.Join(moved, "absent.wasm"))
	wants(t, err, registry.CodeNotFound, "absent.wasm")
	_, err = p.install(t, install.Options{}, registrytest.MustWrite(t, moved, "text.wasm", []byte("x")), filepath.Dir(registrytest.MustWrite(t, moved, "none/x", nil)))
	wants(t, err, registry.CodeInvalid, "text.wasm", "no .wasm file in it")
}

func TestChangesNeedUpdate(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2024-06", 1))
	p.mustInstall(t, install.Options{}, "stripe")
	locked := p.lockText(t)

	m := registrytest.Manifest("stripe", "2024-06", 1)
	m.Hosts = []abi.Host{{ID: "api", Name: "api.evil.test"}}
	other := registrytest.MustModule(t, m, abi.ModuleCore, abi.ModuleBlob)
	p.embed(t, other)

	// What is pinned and cached is kept.
	if got := p.mustInstall(t, install.Options{}, "stripe"); got != "stripe@2024-06.1 embedded" || p.lockText(t) != locked {
		t.Errorf("installed %s, lock\n%s", got, p.lockText(t))
	}
	// What is pinned and gone is an error, not something else.
	p.fresh(t)
	_, err := p.install(t, install.Options{}, "stripe")
	wants(t, err, registry.CodeNotFound, "is not to be found", "mirra plugin install stripe --update")

	// The same by path: every difference is named.
	file := registrytest.MustWrite(t, p.folder, "other.wasm", other)
	_, err = p.install(t, install.Options{}, file)
	wants(t, err, registry.CodeConflict, "the lock pins other plugins", "--update")
	a, b := registry.DigestOf(plugin(t, "stripe", "2024-06", 1)), registry.DigestOf(other)
	wantDifferences(t, err,
		"stripe: source changed: embedded -> file:other.wasm",
		fmt.Sprintf("stripe: digest changed: %s -> %s", a, b),
		"stripe: capability added: mirra_blob_v1", "stripe: host added: api.evil.test", "stripe: host removed: api.stripe.test")
	if p.lockText(t) != locked {
		t.Error("a refused install changed the lock")
	}
	if got := p.mustInstall(t, install.Options{Update: true}, file); got != "stripe@2024-06.1 file:other.wasm" {
		t.Errorf("installed %s", got)
	}
	if !slices.Contains(p.log, "stripe@2024-06.1 to stripe@2024-06.1") || !strings.Contains(p.lockText(t), string(b)) {
		t.Errorf("events %q, lock\n%s", p.log, p.lockText(t))
	}
}

func TestUpdate(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2024-06", 1))
	p.mustInstall(t, install.Options{}, "stripe")
	p.embed(t, plugin(t, "stripe", "2024-06", 1), plugin(t, "stripe", "2024-06", 2), plugin(t, "stripe", "2026-08", 1))
	for _, step := range []struct {
		update    bool
		ref, want string
	}{
		{false, "stripe", "stripe@2024-06.1"},
		{false, "stripe@2024-06", "stripe@2024-06.1"},
		{true, "stripe", "stripe@2024-06.2"}, // stays in the line
		{true, "stripe@2026-08", "stripe@2026-08.1"},
		{true, "stripe@2024-06.1", "stripe@2024-06.1"},
	} {
		if got := p.mustInstall(t, install.Options{Update: step.update}, step.ref); got != step.want+" embedded" {
			t.Errorf("%s, update %v: installed %s, want %s", step.ref, step.update, got, step.want)
		}
	}
	_, err := p.install(t, install.Options{}, "stripe@2026-08")
	wants(t, err, registry.CodeConflict, "version changed: 2024-06.1 -> 2026-08.1")
	if got := p.mustInstall(t, install.Options{Update: true}); got != "stripe@2024-06.2 embedded" {
		t.Errorf("update of all: %s", got)
	}
}

func TestFrozen(t *testing.T) {
	stripe, twilio, resend := plugin(t, "stripe", "2024-06", 1), plugin(t, "twilio", "2010-04-01", 1), plugin(t, "resend", "v1", 1)
	p := newProject(t, stripe, twilio, resend)
	_, err := p.install(t, install.Options{Frozen: true})
	wants(t, err, registry.CodeNotFound, "there is no", "without --frozen")
	p.mustInstall(t, install.Options{}, "stripe", "twilio", "resend")
	locked := p.lockText(t)
	p.fresh(t)
	if got, want := p.mustInstall(t, install.Options{Frozen: true}, "stripe@2024-06"), "resend@v1.1 embedded, stripe@2024-06.1 embedded, twilio@2010-04-01.1 embedded"; got != want {
		t.Errorf("installed %s, want %s", got, want)
	}
	if p.lockText(t) != locked {
		t.Error("the lock was changed")
	}

	// Another machine has other builds, and asks for other plugins.
	p.fresh(t)
	m := registrytest.Manifest("stripe", "2024-06", 2)
	m.Hosts = append(m.Hosts, abi.Host{ID: "files", Name: "files.stripe.test"})
	newer := registrytest.MustModule(t, m, abi.ModuleCore, abi.ModuleSQL, abi.ModuleWASI)
	p.embed(t, newer, resend)
	_, err = p.install(t, install.Options{Frozen: true}, "adyen", "resend@v2", "stripe")
	wants(t, err, registry.CodeConflict, "what is there is not what the lock pins", "commit mirra.lock")
	wantDifferences(t, err,
		"adyen: not in the lock",
		"resend: version changed: v1.1 -> v2",
		"stripe: version changed: 2024-06.1 -> 2024-06.2",
		fmt.Sprintf("stripe: digest changed: %s -> %s", registry.DigestOf(stripe), registry.DigestOf(newer)),
		"stripe: capability added: mirra_sql_v1", "stripe: capability added: wasi_snapshot_preview1",
		"stripe: host added: files.stripe.test",
		"twilio: twilio@2010-04-01.1 is not to be found: neither in the cache nor in a source",
	)
	if p.lockText(t) != locked {
		t.Error("the lock was changed")
	}

	// By path: the source differs, even where the bytes do not.
	p.embed(t, stripe, twilio, resend)
	file := registrytest.MustWrite(t, p.folder, "my.wasm", stripe)
	_, err = p.install(t, install.Options{Frozen: true}, file)
	wantDifferences(t, err, "stripe: source changed: embedded -> file:my.wasm")
}

// A lock with a right checksum that does not tell the truth about a plugin.
func TestForgedLock(t *testing.T) {
	stripe, twilio := plugin(t, "stripe", "2024-06", 1), plugin(t, "twilio", "2010-04-01", 1)
	p := newProject(t, stripe, twilio)
	_, b := registrytest.MustPlugin(t, "twilio", "2010-04-01", 1)
	e := lock.NewEntry(b, "embedded")
	e.Name, e.ABI, e.Capabilities = "stripe", 7, nil
	var f lock.File
	f.Set(e)
	if err := lock.Write(p.LockPath, &f); err != nil {
		t.Fatal(err)
	}
	want := []string{"stripe: name changed: stripe -> twilio", "stripe: abi changed: 7 -> 1", "stripe: capability added: mirra_core_v1"}
	for _, frozen := range []bool{true, false} {
		_, err := p.install(t, install.Options{Frozen: frozen})
		wants(t, err, registry.CodeConflict)
		wantDifferences(t, err, want...)
	}
	_, err := p.Resolve(t.Context(), refs(t, "stripe")[0])
	wantDifferences(t, err, want...)
	_, err = p.Verify(t.Context())
	wantDifferences(t, err, want...)
}

// liar is a source whose listing or bytes are wrong.
type liar struct {
	builds []registry.Build
	data   []byte
}

func (l liar) Label() string                                  { return "liar" }
func (l liar) List(context.Context) ([]registry.Build, error) { return l.builds, nil }
func (l liar) Fetch(context.Context, registry.Digest) ([]byte, error) {
	return l.data, nil
}

func TestInstallTrustsNoSource(t *testing.T) {
	module, b := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	other, _ := registrytest.MustPlugin(t, "twilio", "v1", 1)
	renamed := b
	renamed.Version.Build = 99
	unsound := registrytest.Manifest("stripe", "2024-06", 1)
	unsound.Vendor, unsound.ABI, unsound.Credentials = "", 2, []abi.Credentials{{Class: "x", Scheme: "bearer", Pattern: "("}}
	bad := registrytest.MustModule(t, unsound)
	badBuild, err := registry.Inspect(bad)
	if err != nil {
		t.Fatal(err)
	}
	foreign := registrytest.MustModule(t, registrytest.Manifest("stripe", "2024-06", 1), "mirra_net_v1")
	foreignBuild, err := registry.Inspect(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		source liar
		code   string
		texts  []string
	}{
		"other bytes":      {liar{[]registry.Build{b}, other}, registry.CodeNotFound, []string{"content has digest"}},
		"nothing":          {liar{[]registry.Build{b}, nil}, registry.CodeNotFound, []string{"content has digest"}},
		"other version":    {liar{[]registry.Build{renamed}, module}, registry.CodeConflict, []string{"lists stripe@2024-06.99, but the file says it is stripe@2024-06.1"}},
		"unsound manifest": {liar{[]registry.Build{badBuild}, bad}, registry.CodeInvalid, []string{"not a sound plugin", "3 faults", "abi:", "vendor:", "pattern:"}},
		"newer host":       {liar{[]registry.Build{foreignBuild}, foreign}, registry.CodeTooNew, []string{"mirra_net_v1", "upgrade Mirra"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t)
			p.Sources = []registry.Source{tc.source}
			_, err := p.install(t, install.Options{}, "stripe")
			wants(t, err, tc.code, tc.texts...)
			if p.lockText(t) != "" {
				t.Error("wrote a lock")
			}
		})
	}
}

func TestDamagedCacheIsFetchedAgain(t *testing.T) {
	module, b := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	p := newProject(t, module)
	p.mustInstall(t, install.Options{}, "stripe")
	registrytest.MustWrite(t, p.Cache.Folder(), "sha256/"+b.Digest.Hex(), module[:20])
	status, err := p.Verify(t.Context())
	wants(t, err, registry.CodeDamaged, b.Digest.Hex())
	if len(status) != 1 || status[0].Err == nil || !status[0].Cached {
		t.Errorf("status %+v", status)
	}
	p.mustInstall(t, install.Options{Frozen: true})
	if want := []string{"damaged stripe@2024-06.1", "fetch stripe@2024-06.1 embedded", "fetched stripe@2024-06.1"}; !slices.Equal(p.log, want) {
		t.Errorf("events %q, want %q", p.log, want)
	}
	if _, err := p.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// One broken source does not keep the others from being used.
func TestSourceProblem(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2024-06", 1))
	p.Sources = append([]registry.Source{dir.New("dir:absent", filepath.Join(p.folder, "absent"))}, p.Sources...)
	p.mustInstall(t, install.Options{}, "stripe")
	if p.log[0] != "problem dir:absent" {
		t.Errorf("events %q", p.log)
	}
	p = newProject(t) // a binary without plugins
	_, err := p.install(t, install.Options{}, "stripe")
	wants(t, err, registry.CodeNotFound, "no source has stripe", "this binary carries no plugins")
}

func TestRemoveAndList(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2024-06", 1), plugin(t, "twilio", "v1", 1))
	p.mustInstall(t, install.Options{}, "stripe", "twilio")
	err := p.Remove(t.Context(), "twilio", "adyen", "square")
	wants(t, err, registry.CodeNotFound, "2 faults", "adyen is not in", "square is not in")
	if err := p.Remove(t.Context(), "twilio"); err != nil {
		t.Fatal(err)
	}
	p.fresh(t)
	status, err := p.List(t.Context())
	if err != nil || len(status) != 1 || status[0].String() != "stripe@2024-06.1" || status[0].Cached {
		t.Errorf("list %+v, %v", status, err)
	}
	_, err = p.Verify(t.Context())
	wants(t, err, registry.CodeNotFound, "stripe@2024-06.1: the cache has no plugin")
}

func TestResolveAndOpen(t *testing.T) {
	stripe1, stripe2 := plugin(t, "stripe", "2024-06", 1), plugin(t, "stripe", "2024-06", 2)
	p := newProject(t, stripe1)
	check := func(ref, want string, locked bool) {
		t.Helper()
		got, err := p.Resolve(t.Context(), refs(t, ref)[0])
		if err != nil {
			t.Fatal(err)
		}
		if got.String()+" "+got.Source != want || got.Locked != locked {
			t.Errorf("%s is %s %s, locked %v; want %s, %v", ref, got, got.Source, got.Locked, want, locked)
		}
		data, err := p.Open(t.Context(), got)
		if err != nil || got.Digest.Verify(data) != nil {
			t.Errorf("open %s: %d bytes, %v", got, len(data), err)
		}
	}
	check("stripe", "stripe@2024-06.1 embedded", false)
	if p.lockText(t) != "" {
		t.Error("Resolve wrote a lock")
	}
	p.mustInstall(t, install.Options{}, "stripe")
	check("stripe", "stripe@2024-06.1 embedded", true)
	p.embed(t, stripe2)
	check("stripe", "stripe@2024-06.1 embedded", true) // pinned, from the cache
	_, err := p.Resolve(t.Context(), refs(t, "stripe@2026-08")[0])
	wants(t, err, registry.CodeConflict, "the lock pins stripe@2024-06.1", "mirra plugin install stripe@2026-08 --update")

	// In a project without lock: what the binary has, then what the cache has.
	p.LockPath = filepath.Join(t.TempDir(), lock.Name)
	check("stripe", "stripe@2024-06.2 embedded", false)
	check("stripe@2024-06.1", "stripe@2024-06.1 cache", false)
	file := registrytest.MustWrite(t, t.TempDir(), "x.wasm", plugin(t, "adyen", "v1", 1))
	p.LockPath = filepath.Join(filepath.Dir(file), lock.Name)
	check(file, "adyen@v1.1 file:x.wasm", false)
	_, err = p.Resolve(t.Context(), refs(t, "square")[0])
	wants(t, err, registry.CodeNotFound, "no source has square", "there is stripe")

	all, err := p.Available(t.Context())
	if err != nil || len(all) != 1 || all[0].String() != "stripe@2024-06.2" || all[0].Locked {
		t.Errorf("available %v, %v", all, err)
	}
}

// A lock that cannot be read stops everything and stays as it is.
func TestBadLock(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2024-06", 1))
	p.mustInstall(t, install.Options{}, "stripe")
	edited := strings.Replace(p.lockText(t), "api.stripe.test", "api.other.test", 1)
	registrytest.MustWrite(t, p.folder, lock.Name, []byte(edited))
	calls := map[string]func() error{
		"install": func() error { _, err := p.install(t, install.Options{Update: true}, "stripe"); return err },
		"frozen":  func() error { _, err := p.install(t, install.Options{Frozen: true}); return err },
		"remove":  func() error { return p.Remove(t.Context(), "stripe") },
		"list":    func() error { _, err := p.List(t.Context()); return err },
		"verify":  func() error { _, err := p.Verify(t.Context()); return err },
		"resolve": func() error { _, err := p.Resolve(t.Context(), refs(t, "stripe")[0]); return err },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			wants(t, call(), registry.CodeInvalid, "mirra.lock:13:10: checksum mismatch", "git checkout")
			if p.lockText(t) != edited {
				t.Error("the lock was changed")
			}
		})
	}
}

// With everything cached, a frozen install writes nothing anywhere.
func TestFrozenWithReadOnlyCache(t *testing.T) {
	p := newProject(t, plugin(t, "stripe", "2024-06", 1))
	p.mustInstall(t, install.Options{}, "stripe")
	before := files(t, p.Cache.Folder())
	p.Cache = cache.New(p.Cache.Folder())
	if err := os.RemoveAll(filepath.Join(p.Cache.Folder(), "tmp")); err != nil {
		t.Fatal(err)
	}
	p.mustInstall(t, install.Options{Frozen: true})
	after := files(t, p.Cache.Folder())
	if !slices.Equal(before, after) {
		t.Errorf("the cache held %q, now %q", before, after)
	}
	if _, err := os.Stat(filepath.Join(p.Cache.Folder(), "tmp")); !os.IsNotExist(err) {
		t.Error("something was written")
	}
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Child processes install different plugins into one project at a time: none
// gets lost from the lock.
const childFolder, childRef = "MIRRA_TEST_INSTALL_FOLDER", "MIRRA_TEST_INSTALL_REF"

func TestMain(m *testing.M) {
	if folder := os.Getenv(childFolder); folder != "" {
		if err := child(folder, os.Getenv(childRef)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(folder, ref string) error {
	r, err := registry.ParseRef(ref)
	if err != nil {
		return err
	}
	in := installerIn(folder)
	if _, err := in.Install(context.Background(), []registry.Ref{r, {Name: "shared"}}, install.Options{}); err != nil {
		return err
	}
	_, err = in.Verify(context.Background())
	return err
}

func installerIn(folder string) *install.Installer {
	return &install.Installer{
		Sources:  []registry.Source{embedded.New(os.DirFS(filepath.Join(folder, "packed")))},
		Cache:    cache.New(filepath.Join(folder, "cache")),
		LockPath: filepath.Join(folder, lock.Name),
	}
}

func TestProcesses(t *testing.T) {
	folder, in := t.TempDir(), t.TempDir()
	const n = 8
	registrytest.MustWrite(t, in, "shared.wasm", plugin(t, "shared", "v1", 1))
	for i := range n {
		registrytest.MustWrite(t, in, fmt.Sprintf("%d.wasm", i), plugin(t, fmt.Sprintf("p%d", i), "v1", 1))
	}
	if err := embedded.Pack(in, filepath.Join(folder, "packed")); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), exe)
			cmd.Env = append(os.Environ(), childFolder+"="+folder, childRef+"="+fmt.Sprintf("p%d", i))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	status, err := installerIn(folder).Verify(t.Context())
	if err != nil || len(status) != n+1 {
		t.Errorf("the lock pins %d plugins, want %d (%v)", len(status), n+1, err)
	}
}
