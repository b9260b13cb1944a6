package install

import (
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/lock"
)

// Events are called while an Installer works, so that a command can show
// progress. Any may be nil. They are called one after another, from the
// goroutine that called the Installer, and cannot influence it. A plugin is
// given as "stripe@2024-06.3".
type Events struct {
	// Resolved: ref means this plugin, which the source has.
	Resolved func(ref registry.Ref, plugin, source string)
	// Cached: the plugin's file is in the cache, and sound.
	Cached func(plugin string)
	// FetchBegin and FetchDone surround the copying of a file into the cache.
	// FetchDone is not called when it failed.
	FetchBegin func(plugin, source string)
	FetchDone  func(plugin, source string)
	// Damaged: the cache's file is not what its name says; it is fetched again.
	Damaged func(plugin string, err error)
	// SourceProblem: a source could not list all it has. It only matters if
	// what is looked for is not found elsewhere.
	SourceProblem func(source string, err error)
	// Pinned: the lock will hold after instead of before, which is nil for a
	// plugin that was not in it.
	Pinned func(before *lock.Entry, after lock.Entry)
	// LockWritten: the lock file was replaced.
	LockWritten func(path string)
}

func (e *Events) resolved(ref registry.Ref, plugin, source string) {
	if e.Resolved != nil {
		e.Resolved(ref, plugin, source)
	}
}

func (e *Events) cached(plugin string) {
	if e.Cached != nil {
		e.Cached(plugin)
	}
}

func (e *Events) fetchBegin(plugin, source string) {
	if e.FetchBegin != nil {
		e.FetchBegin(plugin, source)
	}
}

func (e *Events) fetchDone(plugin, source string) {
	if e.FetchDone != nil {
		e.FetchDone(plugin, source)
	}
}

func (e *Events) damaged(plugin string, err error) {
	if e.Damaged != nil {
		e.Damaged(plugin, err)
	}
}

func (e *Events) sourceProblem(source string, err error) {
	if e.SourceProblem != nil {
		e.SourceProblem(source, err)
	}
}

func (e *Events) pinned(before *lock.Entry, after lock.Entry) {
	if e.Pinned != nil {
		e.Pinned(before, after)
	}
}

func (e *Events) lockWritten(path string) {
	if e.LockWritten != nil {
		e.LockWritten(path)
	}
}
