package workdir

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// source is the work tree that is copied.
type source struct {
	top    string // its root
	below  string // the folder within that is meant; "." is the root
	gitDir string // of this work tree
	common string // of the repository
	head   string
	heads  []string
	git    git // in top
}

// look finds out what there is to copy.
func look(ctx context.Context, dir string) (*source, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, &Error{Message: err.Error(), Hint: "name a folder of a git repository", Err: err}
	}
	g, err := findGit(dir)
	if err != nil {
		return nil, err
	}
	line := func(args ...string) (string, error) {
		out, err := g.run(ctx, args...)
		return strings.TrimSuffix(strings.TrimSuffix(out, "\n"), "\r"), err
	}
	fault := func(err error, message, hint string) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &Error{Message: message, Hint: hint, Err: err}
	}
	top, err := line("rev-parse", "--show-toplevel")
	if f, ok := errors.AsType[*failure](err); ok {
		switch {
		case strings.Contains(f.stderr, "not a git repository"):
			return nil, fault(err, dir+" is in no git repository, and copies are git work trees", "git init and commit, or "+inPlace)
		case strings.Contains(f.stderr, "must be run in a work tree"):
			return nil, fault(err, dir+" is a bare repository, or git's own folder: there is no work tree to copy", "name a work tree of it")
		}
		return nil, fault(err, f.Error(), "put that right, or "+inPlace) // such as another user's repository
	} else if err != nil {
		return nil, err
	}
	s := &source{git: g}
	if s.top, err = filepath.EvalSymlinks(filepath.FromSlash(top)); err != nil {
		return nil, err
	}
	s.git.dir = s.top
	g = s.git
	if s.below, err = filepath.Rel(s.top, dir); err != nil {
		return nil, err
	}
	if s.head, err = line("rev-parse", "--verify", "--quiet", "HEAD^{commit}"); err != nil {
		return nil, fault(err, s.top+" has no commit yet, and copies begin with one", "git commit, or "+inPlace)
	}
	for arg, into := range map[string]*string{"--git-dir": &s.gitDir, "--git-common-dir": &s.common} {
		if *into, err = line("rev-parse", arg); err != nil {
			return nil, err
		}
		if *into = filepath.FromSlash(*into); !filepath.IsAbs(*into) {
			*into = filepath.Join(s.top, *into)
		}
		if *into, err = filepath.EvalSymlinks(*into); err != nil {
			return nil, err
		}
	}
	heads, err := g.run(ctx, "for-each-ref", "--format=%(refname)", "refs/heads")
	for name := range strings.Lines(heads) {
		s.heads = append(s.heads, strings.TrimPrefix(strings.TrimSpace(name), "refs/heads/"))
	}
	return s, err
}

// list runs git for a list of paths, or of other things that end with NUL.
func (s *source) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := s.git.run(ctx, args...)
	if out == "" || err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}

// files copies the work tree to root, byte by byte: a checkout of git's would convert
// ends of lines anew, and run filters and hooks.
func (s *source) files(ctx context.Context, root, under string) error {
	tracked, err := s.list(ctx, "ls-files", "-z", "--cached")
	if err != nil {
		return err
	}
	not := s.not(under)
	untracked, err := s.list(ctx, append([]string{"ls-files", "-z", "--others", "--exclude-standard"}, not...)...)
	if err != nil {
		return err
	}
	real := map[string]bool{".": true}
	for _, name := range append(slices.Compact(tracked), untracked...) { // a conflict is listed thrice
		if err := ctx.Err(); err != nil {
			return err
		}
		if !s.isReal(path.Dir(strings.TrimSuffix(name, "/")), real) {
			continue // for git it is not there
		}
		// Submodules are folders, another repository too.
		if err := copyTree(filepath.Join(s.top, filepath.FromSlash(name)), filepath.Join(root, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return s.ignored(ctx, root, not)
}

// not keeps git out of the folder of copies when that is in the source: it fails on those
// that come and go.
func (s *source) not(under string) []string {
	below, err := filepath.Rel(s.top, under)
	if err != nil || !filepath.IsLocal(below) {
		return nil
	}
	return []string{"--exclude=/" + strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, ` `, `\ `).Replace(filepath.ToSlash(below)) + "/"}
}

// isReal tells whether a folder is none by a link: what is behind one is elsewhere.
func (s *source) isReal(folder string, known map[string]bool) bool {
	is, ok := known[folder]
	if !ok {
		info, err := os.Lstat(filepath.Join(s.top, filepath.FromSlash(folder)))
		is = s.isReal(path.Dir(folder), known) && err == nil && info.IsDir()
		known[folder] = is
	}
	return is
}

// index gives the copy the source's index.
func (s *source) index(admin string) error {
	// An index that is split has its larger part beside it.
	files, err := filepath.Glob(filepath.Join(globEscape(s.gitDir), "sharedindex.*"))
	if err != nil {
		return err
	}
	for _, f := range append(files, filepath.Join(s.gitDir, "index")) {
		err := copyFile(f, filepath.Join(admin, filepath.Base(f)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // an index with nothing in it
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ignored brings over what an application needs of what git ignores; New says what.
func (s *source) ignored(ctx context.Context, root string, not []string) error {
	names, err := s.list(ctx, append([]string{"ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"}, not...)...)
	if err != nil {
		return err
	}
	for _, name := range names {
		name = filepath.FromSlash(strings.TrimSuffix(name, "/"))
		from, to := filepath.Join(s.top, name), filepath.Join(root, name)
		switch base := filepath.Base(name); {
		case base == "node_modules" || base == ".venv" || base == "venv":
			err = linkFolder(from, to)
		case base == "vendor" || base == ".env" || strings.HasPrefix(base, ".env."):
			err = copyTree(from, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// linkFolder makes a folder with links to the folders that another has, and copies of its
// files. A link itself, which patterns for folders do not ignore, would be in the diff.
func linkFolder(from, to string) error {
	if from, err := filepath.EvalSymlinks(from); err != nil {
		return nil // a link to nothing
	} else if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return err
	}
	entries, err := os.ReadDir(from)
	if err == nil {
		err = os.MkdirAll(to, 0o755)
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		one, copied := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		switch {
		case e.Name() == ".cache" || e.Name() == ".vite" || e.Name() == ".vite-temp":
			continue // bundlers fill them anew
		case e.IsDir() && strings.HasPrefix(e.Name(), "@"):
			err = linkFolder(one, copied) // packages of a scope
		case e.IsDir():
			if err = os.Symlink(one, copied); err != nil {
				err = copyTree(one, copied) // Windows allows links to few
			}
		default:
			err = copyTree(one, copied)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyTree copies a file, a link or a folder, but for what git keeps in it. What is none
// of them is left out, and what is not there.
func copyTree(from, to string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has gone meanwhile
	}
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		if there, err := os.Lstat(to); err == nil && !there.IsDir() {
			if err := os.Remove(to); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		entries, err := os.ReadDir(from)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Name() == ".git" {
				continue
			}
			if err := copyTree(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
				return err
			}
		}
		return nil
	case info.Mode().IsRegular(), info.Mode()&fs.ModeSymlink != 0:
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return copyFile(from, to)
	}
	return nil
}

// copyFile copies a file or a link over what there is.
func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(info.Mode().Perm()), out.Close())
}
