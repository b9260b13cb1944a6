package workdir

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ofRepository are the variables that say which repository git works on; a git hook has
// them. See `git rev-parse --local-env-vars`.
var ofRepository = []string{"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX",
	"GIT_NAMESPACE", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE"}

// Env returns an environment without the variables that would lead git, run in a copy,
// to another repository: they are there when Mirra is run by a git hook.
func Env(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(ofRepository, name)
	})
}

// git runs git in a folder.
type git struct {
	program string
	dir     string
	env     []string
}

func findGit(dir string) (git, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return git{}, &Error{Message: "there is no git on the PATH, which copies work trees", Hint: "install it, or " + inPlace, Err: err}
	}
	// Locks would write the source's index; messages are shown, and read in one case.
	env := append(Env(os.Environ()), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "LANGUAGE=")
	return git{program, dir, env}, nil
}

// on returns git for a work tree of a repository, with an index and objects apart, so
// that it depends on nothing in the tree and changes nothing in the repository.
func (g git) on(root, common, index, objects string) git {
	// Quotes are for a path with a separator in it; git takes C's.
	alternate := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(filepath.Join(common, "objects")) + `"`
	g.env = append(slices.Clone(g.env), "GIT_DIR="+common, "GIT_WORK_TREE="+root, "GIT_INDEX_FILE="+index, "GIT_OBJECT_DIRECTORY="+objects, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+alternate)
	g.dir = root
	return g
}

// settings keep what the user has set from changing what is done.
var settings = []string{"core.hooksPath=" + os.DevNull, "core.fsmonitor=false", "core.splitIndex=false", "core.sparseCheckout=false", "submodule.recurse=false", "gc.auto=0", "maintenance.auto=false",
	"diff.noprefix=false", "diff.mnemonicPrefix=false", "diff.srcPrefix=a/", "diff.dstPrefix=b/", "core.safecrlf=false", "advice.addEmbeddedRepo=false"}

// failure is git's word on why it did not do something.
type failure struct {
	command string
	code    int
	stderr  string
	err     error
}

func (f *failure) Error() string {
	if f.stderr != "" {
		return "git " + f.command + ": " + f.stderr
	}
	return "git " + f.command + ": " + f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

func (g git) run(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	err := g.into(ctx, &out, nil, args...)
	return out.String(), err
}

func (g git) into(ctx context.Context, out io.Writer, in io.Reader, args ...string) error {
	var all []string
	for _, s := range settings {
		all = append(all, "-c", s)
	}
	cmd := exec.CommandContext(ctx, g.program, append(all, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout = g.dir, g.env, in, out
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	f := &failure{args[0], -1, strings.TrimSpace(stderr.String()), err}
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		f.code = e.ExitCode()
	}
	return f
}
