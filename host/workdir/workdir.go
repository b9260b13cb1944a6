// Package workdir makes copies of a repository's work tree for runs to change: git
// worktrees, each with what is not committed yet. It leaves to others what is run in them.
package workdir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Copy is a work tree of its own that shares a repository with the one that it is of.
type Copy struct {
	Dir string // the folder that corresponds to the source

	folder string   // of the copy and what belongs to it; nobody else's
	root   string   // of the work tree
	admin  string   // what git keeps of the work tree, in the repository
	heads  []string // branches when it was made
	git    git      // in the repository, on root, with an index and objects of the copy's own
	base   string   // the tree that it began with
}

// Error says why there is no copy, and what to do.
type Error struct {
	Message, Hint string
	Err           error // below it; may be nil
}

func (e *Error) Error() string { return e.Message + "; " + e.Hint }

// Unwrap returns what is below it.
func (e *Error) Unwrap() error { return e.Err }

// inPlace is what always works.
const inPlace = "workdir: in-place runs in the folder itself"

// New makes a copy, below the folder under, of the work tree that source lies in: on the
// same commit, with the files as they lie there, committed or not, with untracked ones,
// and with the same index. Source may be a folder of the tree, or a linked work tree.
//
// Of what git ignores, a copy has what an application needs to run:
//
//   - node_modules, .venv and venv: a folder of links to what is in the source's, so that
//     nothing is copied, and what is installed in the copy stays in it, as far as the
//     installer replaces folders and does not write into them. Links of theirs, as those
//     to packages of the same repository, are kept, and so lead to the copy's. Python
//     packages installed as editable (pip install -e) stay the source's.
//   - vendor is copied: PHP's finds the application by where it lies itself.
//   - .env and .env.* are copied.
//
// All else that is ignored, build folders and caches, is not there. Submodules that are
// checked out are there as plain files, which Diff does not see. Hooks are not run.
//
// Nothing of the source changes but that `git worktree list` shows the copy until Remove.
// Any number may be made of a repository at a time. Faults of the source are an *Error.
func New(ctx context.Context, source, under string) (*Copy, error) {
	s, err := look(ctx, source)
	if err != nil {
		return nil, err
	}
	c := &Copy{heads: s.heads}
	under, err = filepath.Abs(under)
	if err == nil {
		err = os.MkdirAll(under, 0o700)
	}
	if err == nil {
		under, err = filepath.EvalSymlinks(under)
	}
	if err == nil {
		c.folder, err = os.MkdirTemp(under, "work-")
	}
	if err != nil {
		return nil, unwritable(err)
	}
	err = c.fill(ctx, s, under)
	if err == nil {
		return c, nil
	}
	_ = c.Remove(context.WithoutCancel(ctx)) // the fault at hand says more
	if _, told := errors.AsType[*Error](err); told || ctx.Err() != nil {
		return nil, err
	}
	return nil, unwritable(err)
}

func unwritable(err error) error {
	return &Error{Message: fmt.Sprintf("copy the work tree: %v", err), Hint: "make room, or " + inPlace, Err: err}
}

// ownFolder is what is kept beside the work tree.
const ownFolder = ".mirra-base"

func (c *Copy) fill(ctx context.Context, s *source, under string) error {
	// Its name is the repository's: some programs go by it.
	c.root = filepath.Join(c.folder, filepath.Base(s.top))
	own := filepath.Join(c.folder, ownFolder)
	c.git = s.git.on(c.root, s.common, filepath.Join(own, "index"), filepath.Join(own, "objects"))
	if err := os.MkdirAll(filepath.Join(own, "objects"), 0o700); err != nil {
		return err
	}
	if err := c.add(ctx, s); err != nil {
		return err
	}
	if err := s.files(ctx, c.root, under); err != nil {
		return err
	}
	if err := s.index(c.admin); err != nil {
		return err
	}
	c.Dir = filepath.Join(c.root, s.below)
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return &Error{Message: "git knows no file in " + filepath.Join(s.top, s.below), Hint: "take it out of .gitignore, or " + inPlace}
	}
	// It begins with what is tracked: that may be ignored too.
	staged, err := s.git.run(ctx, "ls-files", "-z", "--stage")
	if err == nil {
		err = c.git.into(ctx, nil, strings.NewReader(staged), "update-index", "-z", "--index-info")
	}
	if err == nil {
		c.base, _, err = c.tree(ctx, filepath.Join(own, "index"))
	}
	return err
}

// listing is locked by who adds a work tree to a repository, or takes one out: git fails
// when it reads an entry of another that is half written, or half gone ("failed to read
// .git/worktrees/x/commondir").
var listing struct {
	sync.Mutex
	of map[string]*sync.Mutex // by the repository
}

func lockListing(common string) (unlock func()) {
	listing.Lock()
	if listing.of == nil {
		listing.of = map[string]*sync.Mutex{}
	}
	one := listing.of[common]
	if one == nil {
		one = &sync.Mutex{}
		listing.of[common] = one
	}
	listing.Unlock()
	one.Lock()
	return one.Unlock
}

// addTries is how often git is asked: other programs make work trees too.
const addTries = 10

// add makes the work tree.
func (c *Copy) add(ctx context.Context, s *source) error {
	defer lockListing(s.common)()
	for try := 1; ; try++ {
		_, err := s.git.run(ctx, "worktree", "add", "--quiet", "--detach", "--no-checkout", c.root, s.head)
		if err == nil {
			break
		}
		c.admin = adminOf(c.root, s.common)
		if e := c.takeOut(); e != nil {
			return errors.Join(err, e)
		}
		if try == addTries || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * 50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.admin = adminOf(c.root, s.common); c.admin == "" {
		return fmt.Errorf("git made no work tree in %s", c.root)
	}
	return nil
}

// adminOf returns where git keeps a work tree's HEAD and index, "" if it does not.
func adminOf(root, common string) string {
	folders, _ := filepath.Glob(filepath.Join(globEscape(filepath.Join(common, "worktrees")), "*", "gitdir"))
	for _, f := range folders {
		if text, err := os.ReadFile(f); err == nil && filepath.Clean(filepath.FromSlash(strings.TrimSpace(string(text)))) == filepath.Join(root, ".git") {
			return filepath.Dir(f)
		}
	}
	return ""
}

// globEscape takes their meaning from what Glob understands.
func globEscape(path string) string {
	if filepath.Separator == '\\' {
		return path // there is no way to, and no * or ? in names
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Remove takes the copy away, whatever has become of it, and with it the branches that
// were made in it: their commits stay for as long as git keeps what nobody names. It may
// be called again.
func (c *Copy) Remove(ctx context.Context) error {
	err := c.dropBranches(ctx)
	err = errors.Join(err, c.forget())
	return errors.Join(err, removeAll(c.folder))
}

// forget takes the copy out of git's list.
func (c *Copy) forget() error {
	if c.admin == "" {
		return nil
	}
	defer lockListing(filepath.Dir(filepath.Dir(c.admin)))()
	return c.takeOut()
}

// takeOut takes away the work tree and what git keeps of it. Git's own command refuses
// when they do not fit any more, and its prune takes others' too.
func (c *Copy) takeOut() error {
	err := removeAll(c.root)
	if c.admin == "" {
		return err
	}
	// At once, for the git of others.
	gone := filepath.Join(filepath.Dir(filepath.Dir(c.admin)), "mirra-gone-"+filepath.Base(c.folder))
	if e := os.Rename(c.admin, gone); e == nil {
		err = errors.Join(err, removeAll(gone))
	} else {
		err = errors.Join(err, removeAll(c.admin))
	}
	_ = os.Remove(filepath.Dir(c.admin)) // others are in it
	return err
}

// dropBranches deletes the branches that were made in the copy and in no other tree.
func (c *Copy) dropBranches(ctx context.Context) error {
	made := movedTo(c.admin)
	if len(made) == 0 {
		return nil
	}
	common := filepath.Dir(filepath.Dir(c.admin))
	elsewhere := movedTo(common)
	others, _ := filepath.Glob(filepath.Join(globEscape(filepath.Dir(c.admin)), "*"))
	for _, o := range others {
		if o != c.admin {
			elsewhere = append(elsewhere, movedTo(o)...)
		}
	}
	var faults error
	for _, name := range made {
		if slices.Contains(c.heads, name) || slices.Contains(elsewhere, name) {
			continue
		}
		ref := "refs/heads/" + name
		if _, err := c.git.run(ctx, "show-ref", "--verify", "--quiet", ref); err != nil {
			continue // it was a commit, or is gone
		}
		if _, err := c.git.run(ctx, "update-ref", "-d", ref); err != nil {
			faults = errors.Join(faults, err)
		}
	}
	return faults
}

// movedTo lists where the HEAD of a work tree has been moved, as git logs it.
func movedTo(admin string) []string {
	if admin == "" {
		return nil
	}
	text, _ := os.ReadFile(filepath.Join(admin, "logs", "HEAD")) // there may be none
	var names []string
	for line := range strings.Lines(string(text)) {
		if _, move, ok := strings.Cut(line, "\tcheckout: moving from "); ok {
			if _, to, ok := strings.Cut(strings.TrimSpace(move), " to "); ok && !slices.Contains(names, to) {
				names = append(names, to)
			}
		}
	}
	return names
}

// removeAll is os.RemoveAll, also for folders that were made read-only, as Go's module
// cache has them.
func removeAll(path string) error {
	if path == "" {
		return nil
	}
	err := os.RemoveAll(path)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(path, func(p string, d fs.DirEntry, _ error) error { // the second try tells
		if d != nil && d.IsDir() {
			_ = os.Chmod(p, 0o700)
		}
		return nil
	})
	return os.RemoveAll(path)
}
