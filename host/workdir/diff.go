package workdir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// MaxDiff bounds what Diff returns, its note of what was cut included.
const MaxDiff = 256 << 10

// noteRoom is what of MaxDiff is for the note.
const noteRoom = 4 << 10

// Diff returns what was changed in the copy since it was made, committed or not, in
// git's format: new files, renames, modes; binary files by name. Ignored files are not in
// it. At most MaxDiff bytes are returned; lines that begin with "# " say at its end what
// is left out.
func (c *Copy) Diff(ctx context.Context) (string, error) {
	out := &head{most: MaxDiff - noteRoom}
	unread, err := c.write(ctx, out)
	if err != nil {
		return "", err
	}
	var notes strings.Builder
	if cut := out.cut(); cut > 0 {
		fmt.Fprintf(&notes, "# %d more bytes of the diff are left out\n", cut)
	}
	for _, line := range unread {
		fmt.Fprintf(&notes, "# %s\n", line)
	}
	note := notes.String()
	if len(note) > noteRoom {
		note = note[:strings.LastIndexByte(note[:noteRoom], '\n')+1]
	}
	return out.kept.String() + note, nil
}

// Keep writes the whole diff to a file, with binary files, for `git apply` to take.
func (c *Copy) Keep(ctx context.Context, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = c.write(ctx, f, "--binary", "--full-index")
	return errors.Join(err, f.Close())
}

func (c *Copy) write(ctx context.Context, out io.Writer, args ...string) (unread []string, err error) {
	if _, err := os.Stat(c.root); err != nil {
		return nil, fmt.Errorf("the copy of the work tree is gone: %w", err)
	}
	own := filepath.Join(c.folder, ownFolder)
	index := filepath.Join(own, "now")
	if err := copyFile(filepath.Join(own, "index"), index); err != nil {
		return nil, err
	}
	defer os.Remove(index)
	now, unread, err := c.tree(ctx, index)
	if err != nil {
		return nil, err
	}
	all := append([]string{"diff", "--no-ext-diff", "--no-textconv", "--no-color", "-M", "-O/dev/null", "--ignore-submodules=none"}, args...)
	return unread, c.git.into(ctx, out, nil, append(all, c.base, now)...)
}

// tree returns the tree of what is in the copy now, and git's words on what it could not
// read. It changes the index, which is one of its own.
func (c *Copy) tree(ctx context.Context, index string) (string, []string, error) {
	g := c.git
	g.env = append(g.env[:len(g.env):len(g.env)], "GIT_INDEX_FILE="+index)
	var unread []string
	_, err := g.run(ctx, "add", "--all", "--ignore-errors", ".")
	if f, ok := errors.AsType[*failure](err); ok && f.code == 1 {
		unread = strings.Split(f.stderr, "\n")
	} else if err != nil {
		return "", nil, err
	}
	id, err := g.run(ctx, "write-tree")
	return strings.TrimSpace(id), unread, err
}

// head keeps the beginning of what is written to it, and counts the rest.
type head struct {
	kept bytes.Buffer
	most int
	all  int
}

func (h *head) Write(b []byte) (int, error) {
	h.all += len(b)
	if room := h.most - h.kept.Len(); room > 0 {
		h.kept.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// cut takes the line off that is not whole, and returns how much is not kept.
func (h *head) cut() int {
	if h.all == h.kept.Len() {
		return 0
	}
	h.kept.Truncate(bytes.LastIndexByte(h.kept.Bytes(), '\n') + 1)
	return h.all - h.kept.Len()
}
