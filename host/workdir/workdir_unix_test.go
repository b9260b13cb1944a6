//go:build !windows

package workdir

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// run runs a program in a folder and returns what it prints.
func run(t testing.TB, dir string, command ...string) string {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(Env(os.Environ()), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_OPTIONAL_LOCKS=0",
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=protocol.file.allow", "GIT_CONFIG_VALUE_0=always")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s%s", command, err, out, stderr.String())
	}
	return string(out)
}

// write writes files below a folder; a text that begins with "-> " is a link.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		os.Remove(path)
		var err error
		if target, ok := strings.CutPrefix(files[name], "-> "); ok {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(files[name]), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// state is all that is in a folder, but git's objects: what a path holds, by its mode.
func state(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.IsDir() && strings.HasSuffix(filepath.ToSlash(name), ".git/objects") {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		what := info.Mode().String()
		switch {
		case info.Mode().IsRegular():
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			what += fmt.Sprintf(" %x", sha256.Sum256(b))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			what += " " + target
		}
		all[name] = what
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if before[name] != after[name] {
			t.Errorf("%s: %q was %q and is %q", what, name, before[name], after[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[name]; !ok {
			t.Errorf("%s: %q is new", what, name)
		}
	}
}

// repository makes one with a commit.
func repository(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "my app [1]")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "git", "init", "--quiet", "--initial-branch=main")
	write(t, dir, map[string]string{
		"README.md": "one\ntwo\nthree\n", "gone.txt": "gone\n", "staged-gone.txt": "gone\n", "old name.txt": "a file\nthat gets\nanother name\n", "run.sh": "#!/bin/sh\n",
		"bin": "\x00\x01\x02", "link": "-> README.md", "file-then-folder": "a file", "folder-then-file/x": "a file", "folder-then-link/x": "a file", "link-then-folder": "-> README.md",
		"kept": "as committed\n", "services/api/main.js": "main\n", ".gitignore": "node_modules/\n.venv/\n/vendor/\n.env*\n/dist/\n",
	})
	run(t, dir, "git", "add", "-A")
	run(t, dir, "git", "commit", "--quiet", "-m", "first")
	return dir
}

// change makes every kind of change that is not committed.
func change(t testing.TB, dir string) {
	t.Helper()
	write(t, dir, map[string]string{"README.md": "one\nTWO\nthree\n", "staged.txt": "staged\n"})
	run(t, dir, "git", "add", "README.md", "staged.txt")
	run(t, dir, "git", "rm", "--quiet", "staged-gone.txt")
	run(t, dir, "git", "mv", "old name.txt", "new name.txt")
	for _, name := range []string{"gone.txt", "file-then-folder", "folder-then-file/x", "folder-then-file", "folder-then-link/x", "folder-then-link", "link-then-folder"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "git", "update-index", "--assume-unchanged", "kept")
	write(t, dir, map[string]string{
		"README.md": "one\nTWO\nTHREE\n", "bin": "\x00\x01\x03", "link": "-> services", "file-then-folder/x": "in a folder", "folder-then-file": "now a file", "folder-then-link": "-> services/api",
		"link-then-folder/x": "in a folder", "kept": "as changed here\n", "services/api/new.js": "new\n", "a b\n\tc\"é✓.txt": "an odd name\n", "-rf": "another\n", "dangling": "-> nowhere",
		"node_modules/left/index.js": "module.exports = 'left'", "node_modules/@acme/lib": "-> ../../services", "node_modules/.cache/x": "cached", "node_modules/.package-lock.json": "{}",
		".venv/bin/tool": "tool", ".venv/pyvenv.cfg": "home = /usr\n", "vendor/autoload.php": "<?php", ".env.local": "STRIPE_WEBHOOK_SECRET=whsec_1\n", "dist/out.js": "built",
	})
	if err := os.Chmod(filepath.Join(dir, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	inner := filepath.Join(dir, "another repository")
	write(t, inner, map[string]string{"x": "not a submodule"})
	run(t, inner, "git", "init", "--quiet")
}

// ignored are the paths of state that git ignores, or keeps itself.
func ignored(name, _ string) bool {
	first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
	return slices.Contains([]string{".git", "node_modules", ".venv", "dist"}, first) || strings.HasSuffix(name, "repository/.git") || strings.Contains(filepath.ToSlash(name), "repository/.git/")
}

func mustNew(t testing.TB, source, under string) *Copy {
	t.Helper()
	c, err := New(t.Context(), source, under)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustDiff(t testing.TB, c *Copy) string {
	t.Helper()
	diff, err := c.Diff(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return diff
}

func mustRemove(t testing.TB, c *Copy) {
	t.Helper()
	if err := c.Remove(context.Background()); err != nil {
		t.Error(err)
	}
}

// A copy has what the source has, and its diff is what was done in it alone.
func TestCopy(t *testing.T) {
	t.Parallel()
	source := repository(t)
	change(t, source)
	before := state(t, source)
	under := filepath.Join(t.TempDir(), "not yet there")
	c := mustNew(t, filepath.Join(source, "services", "api"), under)
	if filepath.Base(c.Dir) != "api" {
		t.Errorf("the folder is %s", c.Dir)
	}
	root := filepath.Dir(filepath.Dir(c.Dir))

	want, got := maps.Clone(before), state(t, root)
	maps.DeleteFunc(want, ignored)
	maps.DeleteFunc(got, ignored)
	same(t, "the copy", want, got)
	for _, name := range []string{"node_modules/left/index.js", "node_modules/.package-lock.json", ".venv/bin/tool", ".venv/pyvenv.cfg"} {
		if _, err := os.Stat(filepath.Join(root, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if target, err := os.Readlink(filepath.Join(root, "node_modules/@acme/lib")); err != nil || target != "../../services" {
		t.Errorf("a link to a package of the repository leads to %q (%v)", target, err)
	}
	for _, name := range []string{"dist", "node_modules/.cache"} {
		if _, err := os.Lstat(filepath.Join(root, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}
	status := func(dir string) string {
		// A nested repository is shown as one; the copy's is plain files.
		return run(t, dir, "git", "status", "--porcelain=v1", "-z", "--untracked-files=normal")
	}
	if a, b := status(source), status(root); a != b {
		t.Errorf("the source's status is %q, the copy's %q", a, b)
	}
	if diff := mustDiff(t, c); diff != "" {
		t.Errorf("nothing was changed, and the diff is\n%s", diff)
	}

	write(t, root, map[string]string{"README.md": "one\nTWO\nthree and more\n", "new file.txt": "new\n", "bin": "\x00\xff", "services/api/main.js": "main\nmore\n", "dist/x": "ignored"})
	if err := os.Rename(filepath.Join(root, "new name.txt"), filepath.Join(root, "newest name.txt")); err != nil {
		t.Fatal(err)
	}
	run(t, root, "git", "add", "-A")
	run(t, root, "git", "commit", "--quiet", "-m", "done")
	diff := mustDiff(t, c)
	for _, line := range []string{"-THREE", "+three and more", "new file mode 100644", "+++ b/new file.txt", "Binary files a/bin and b/bin differ", "rename to newest name.txt", "+more"} {
		if !strings.Contains(diff, line+"\n") && !strings.Contains(diff, line+"\t\n") {
			t.Errorf("the diff has no %q:\n%s", line, diff)
		}
	}
	if strings.Contains(diff, "staged.txt") || strings.Contains(diff, "dist") {
		t.Errorf("the diff has what was there before, or is ignored:\n%s", diff)
	}

	kept := filepath.Join(t.TempDir(), "kept.diff")
	if err := c.Keep(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	again := mustNew(t, source, under)
	run(t, again.Dir, "git", "apply", kept)
	want, got = state(t, root), state(t, again.Dir)
	maps.DeleteFunc(want, ignored)
	maps.DeleteFunc(got, ignored)
	same(t, "what was kept, applied", want, got)

	mustRemove(t, again)
	mustRemove(t, c)
	mustRemove(t, c)
	same(t, "the source", before, state(t, source))
	if left, err := os.ReadDir(under); err != nil || len(left) != 0 {
		t.Errorf("%v are left (%v)", left, err)
	}
}

// Eight at a time.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	source := repository(t)
	change(t, source)
	before := state(t, source)
	under := filepath.Join(source, "its [own] runs ") // even there
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 3 {
				c, err := New(t.Context(), source, under)
				if err != nil {
					t.Error(err)
					return
				}
				name := fmt.Sprint("of-", i)
				write(t, c.Dir, map[string]string{name: "x\n"})
				diff, err := c.Diff(t.Context())
				if err != nil || strings.Count(diff, "diff --git") != 1 || !strings.Contains(diff, "+++ b/"+name+"\n") {
					t.Errorf("%v:\n%s", err, diff)
				}
				mustRemove(t, c)
			}
		})
	}
	all.Wait()
	if err := os.Remove(under); err != nil {
		t.Error(err)
	}
	same(t, "the source", before, state(t, source))
}

// Remove leaves the source as it was, whatever was done to the copy.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, source string, c *Copy){
		".git is gone":     func(t *testing.T, _ string, c *Copy) { os.Remove(filepath.Join(c.Dir, ".git")) },
		".git is nonsense": func(t *testing.T, _ string, c *Copy) { write(t, c.Dir, map[string]string{".git": "nonsense"}) },
		"another repository": func(t *testing.T, _ string, c *Copy) {
			os.Remove(filepath.Join(c.Dir, ".git"))
			run(t, c.Dir, "git", "init", "--quiet")
		},
		"it is gone":        func(t *testing.T, _ string, c *Copy) { os.RemoveAll(c.Dir) },
		"all of it is gone": func(t *testing.T, _ string, c *Copy) { os.RemoveAll(c.folder) },
		"git was told": func(t *testing.T, source string, c *Copy) {
			run(t, source, "git", "worktree", "remove", "--force", c.Dir)
		},
		"it leads to the source": func(t *testing.T, source string, c *Copy) {
			os.RemoveAll(c.Dir)
			if err := os.Symlink(source, c.Dir); err != nil {
				t.Fatal(err)
			}
		},
		"its index is broken": func(t *testing.T, _ string, c *Copy) {
			os.WriteFile(filepath.Join(c.admin, "index"), []byte("x"), 0o644)
		},
		"its index is locked": func(t *testing.T, _ string, c *Copy) { os.WriteFile(filepath.Join(c.admin, "index.lock"), nil, 0o644) },
		"it is locked":        func(t *testing.T, source string, c *Copy) { run(t, source, "git", "worktree", "lock", c.Dir) },
		"folders are read-only": func(t *testing.T, _ string, c *Copy) {
			write(t, c.Dir, map[string]string{"mod/x": "x"})
			os.Chmod(filepath.Join(c.Dir, "mod"), 0o555)
		},
		"what we keep is gone": func(t *testing.T, _ string, c *Copy) { os.RemoveAll(filepath.Join(c.folder, ownFolder)) },
		"a branch, with a commit": func(t *testing.T, _ string, c *Copy) {
			run(t, c.Dir, "git", "checkout", "--quiet", "-b", "fix/it")
			run(t, c.Dir, "git", "commit", "--quiet", "--allow-empty", "-m", "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := repository(t)
			run(t, source, "git", "branch", "mine")
			run(t, source, "git", "worktree", "add", "--quiet", filepath.Join(t.TempDir(), "beside"), "mine")
			list, before := run(t, source, "git", "worktree", "list", "--porcelain"), state(t, source)
			c := mustNew(t, source, t.TempDir())
			damage(t, source, c)
			mustRemove(t, c)
			if after := run(t, source, "git", "worktree", "list", "--porcelain"); after != list {
				t.Errorf("work trees were\n%s\nand are\n%s", list, after)
			}
			same(t, "the source", before, state(t, source))
			if _, err := os.Lstat(c.folder); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", c.folder, err)
			}
		})
	}
}

// A diff does without what is damaged, and says what it could not read.
func TestDiffOfDamaged(t *testing.T) {
	t.Parallel()
	source := repository(t)
	c := mustNew(t, source, t.TempDir())
	defer mustRemove(t, c)
	os.Remove(filepath.Join(c.Dir, ".git"))
	run(t, c.Dir, "git", "init", "--quiet")
	run(t, source, "git", "worktree", "prune")
	write(t, c.Dir, map[string]string{"new": "new\n", "empty/x": "in a repository without a commit\n"})
	run(t, filepath.Join(c.Dir, "empty"), "git", "init", "--quiet")
	diff := mustDiff(t, c)
	if !strings.Contains(diff, "+++ b/new\n") || !strings.Contains(diff, "# ") || !strings.Contains(diff, "empty/") {
		t.Errorf("the diff is\n%s", diff)
	}
	os.RemoveAll(c.Dir)
	if diff, err := c.Diff(t.Context()); err == nil {
		t.Errorf("of no copy there is a diff: %q", diff)
	}
}

// Branches that others make meanwhile stay.
func TestOthersBranches(t *testing.T) {
	t.Parallel()
	source := repository(t)
	c := mustNew(t, source, t.TempDir())
	run(t, source, "git", "checkout", "--quiet", "-b", "meanwhile")
	run(t, source, "git", "checkout", "--quiet", "main")
	run(t, source, "git", "branch", "never-checked-out")
	run(t, c.Dir, "git", "checkout", "--quiet", "meanwhile")
	run(t, c.Dir, "git", "checkout", "--quiet", "-b", "own")
	mustRemove(t, c)
	if got, want := run(t, source, "git", "branch", "--format=%(refname:short)"), "main\nmeanwhile\nnever-checked-out\n"; got != want {
		t.Errorf("the branches are %q, want %q", got, want)
	}
}

func TestDiffIsBounded(t *testing.T) {
	t.Parallel()
	c := mustNew(t, repository(t), t.TempDir())
	defer mustRemove(t, c)
	write(t, c.Dir, map[string]string{"large": strings.Repeat("ein Satz mit Umlauten: äöü\n", 200_000)})
	diff := mustDiff(t, c)
	if len(diff) > MaxDiff || len(diff) < MaxDiff/2 {
		t.Errorf("%d bytes", len(diff))
	}
	lines := strings.Split(strings.TrimSuffix(diff, "\n"), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "# ") || !strings.HasSuffix(last, " more bytes of the diff are left out") {
		t.Errorf("it ends %q", last)
	}
	if line := lines[len(lines)-2]; line != "+ein Satz mit Umlauten: äöü" {
		t.Errorf("the last line is cut: %q", line)
	}
}

// Submodules come along as files, and a linked work tree is copied as any other.
func TestSubmoduleAndLinked(t *testing.T) {
	t.Parallel()
	source := repository(t)
	run(t, source, "git", "submodule", "--quiet", "add", repository(t), "sub")
	run(t, source, "git", "commit", "--quiet", "-m", "sub")
	linked := filepath.Join(t.TempDir(), "linked")
	run(t, source, "git", "worktree", "add", "--quiet", "-b", "other", linked)
	write(t, linked, map[string]string{"only here": "x"})
	before := state(t, source)
	for dir, file := range map[string]string{source: "sub/README.md", filepath.Join(source, "sub"): "README.md", linked: "only here"} {
		c := mustNew(t, dir, t.TempDir())
		if _, err := os.Stat(filepath.Join(c.Dir, file)); err != nil {
			t.Error(err)
		}
		if diff := mustDiff(t, c); diff != "" {
			t.Errorf("the diff is\n%s", diff)
		}
		mustRemove(t, c)
	}
	same(t, "the source", before, state(t, source))
}

// A conflict, and a work tree of which a part is checked out, are copied as they are.
func TestConflictAndSparse(t *testing.T) {
	t.Parallel()
	conflict := repository(t)
	run(t, conflict, "git", "checkout", "--quiet", "-b", "theirs")
	write(t, conflict, map[string]string{"README.md": "theirs\n"})
	run(t, conflict, "git", "commit", "--quiet", "-am", "theirs")
	run(t, conflict, "git", "checkout", "--quiet", "main")
	write(t, conflict, map[string]string{"README.md": "ours\n"})
	run(t, conflict, "git", "commit", "--quiet", "-am", "ours")
	run(t, conflict, "sh", "-c", "git merge --quiet theirs >/dev/null || true")
	sparse := repository(t)
	run(t, sparse, "git", "sparse-checkout", "set", "services")
	for source, want := range map[string]string{conflict: "UU README.md\n", sparse: ""} {
		before := state(t, source)
		c := mustNew(t, source, t.TempDir())
		if got := run(t, c.Dir, "git", "status", "--porcelain"); got != want {
			t.Errorf("the status is %q, want %q", got, want)
		}
		write(t, c.Dir, map[string]string{"services/api/main.js": "changed\n"})
		if diff := mustDiff(t, c); strings.Count(diff, "diff --git") != 1 || !strings.Contains(diff, "+changed") {
			t.Errorf("the diff is\n%s", diff)
		}
		mustRemove(t, c)
		same(t, "the source", before, state(t, source))
	}
}

// The user's settings and variables do not change what a copy is.
func TestSettings(t *testing.T) {
	t.Parallel()
	source := repository(t)
	for _, setting := range []string{"core.splitIndex=true", "core.untrackedCache=true", "diff.noprefix=true", "color.ui=always", "diff.external=false", "core.autocrlf=true", "status.relativePaths=true"} {
		key, value, _ := strings.Cut(setting, "=")
		run(t, source, "git", "config", key, value)
	}
	hook := filepath.Join(source, ".git", "hooks", "post-checkout")
	write(t, source, map[string]string{".git/hooks/post-checkout": "#!/bin/sh\ntouch hooked\n", "README.md": "changed\r\n", "staged.txt": "x\n"})
	if err := os.Chmod(hook, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, source, "git", "update-index", "--split-index", "--add", "staged.txt")
	before := state(t, source)
	c := mustNew(t, source, t.TempDir())
	if out := run(t, c.Dir, "git", "status", "--porcelain"); out != run(t, source, "git", "status", "--porcelain") || strings.Contains(out, "hooked") {
		t.Errorf("the status is\n%s", out)
	}
	write(t, c.Dir, map[string]string{"README.md": "again\r\n"})
	if diff := mustDiff(t, c); !strings.HasPrefix(diff, "diff --git a/README.md b/README.md\n") || !strings.Contains(diff, "+again") {
		t.Errorf("the diff is\n%s", diff)
	}
	mustRemove(t, c)
	same(t, "the source", before, state(t, source))
	env := Env([]string{"PATH=/bin", "GIT_DIR=/x", "GIT_INDEX_FILE=y", "GIT_AUTHOR_NAME=a"})
	if want := []string{"PATH=/bin", "GIT_AUTHOR_NAME=a"}; !slices.Equal(env, want) {
		t.Errorf("%v, want %v", env, want)
	}
}

// A Node program in the copy finds its modules, and its edits of a package of the
// repository take effect.
func TestNodeModules(t *testing.T) {
	t.Parallel()
	source := repository(t)
	write(t, source, map[string]string{
		"package.json": `{"workspaces":["packages/*"]}`, "packages/lib/index.js": "module.exports = 'before'", "packages/lib/package.json": `{"name":"@acme/lib"}`,
		"app.js": "console.log(require('left'), require('@acme/lib'))", "node_modules/left/index.js": "module.exports = require('right')", "node_modules/right/index.js": "module.exports = 'right'",
		"node_modules/@acme/lib": "-> ../../packages/lib",
	})
	c := mustNew(t, source, t.TempDir())
	defer mustRemove(t, c)
	write(t, c.Dir, map[string]string{"packages/lib/index.js": "module.exports = 'after'"})
	if out := run(t, c.Dir, "node", "app.js"); out != "right after\n" {
		t.Errorf("it prints %q", out)
	}
	if out := run(t, source, "node", "app.js"); out != "right before\n" {
		t.Errorf("the source prints %q", out)
	}
}

func TestFaults(t *testing.T) {
	bare, unborn, ignoring := filepath.Join(t.TempDir(), "bare"), filepath.Join(t.TempDir(), "unborn"), repository(t)
	run(t, t.TempDir(), "git", "init", "--quiet", "--bare", bare)
	run(t, t.TempDir(), "git", "init", "--quiet", unborn)
	write(t, ignoring, map[string]string{"dist/x": "x"})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	plain := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(plain))
	for _, c := range []struct{ source, under, want string }{
		{plain, "", "is in no git repository, and copies are git work trees; git init and commit, or workdir: in-place"},
		{bare, "", "is a bare repository, or git's own folder: there is no work tree to copy"},
		{unborn, "", "has no commit yet, and copies begin with one; git commit, or workdir: in-place"},
		{filepath.Join(ignoring, "dist"), "", "git knows no file in "},
		{filepath.Join(plain, "nothing"), "", "no such file or directory; name a folder of a git repository"},
		{ignoring, file, "make room, or workdir: in-place"},
	} {
		if c.under == "" {
			c.under = t.TempDir()
		}
		before := state(t, ignoring)
		got, err := New(t.Context(), c.source, c.under)
		if err == nil {
			mustRemove(t, got)
		}
		if e, ok := errors.AsType[*Error](err); !ok || !strings.Contains(err.Error(), c.want) || e.Hint == "" {
			t.Errorf("%s: %v, want %s", c.source, err, c.want)
		}
		if left, _ := os.ReadDir(c.under); len(left) != 0 {
			t.Errorf("%s: %v are left", c.source, left)
		}
		same(t, "the source", before, state(t, ignoring))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(ended, ignoring, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := New(t.Context(), ignoring, t.TempDir()); err == nil || !strings.Contains(err.Error(), "no git on the PATH") {
		t.Errorf("without git: %v", err)
	}
}
