package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
)

// tokenPrefix starts every named token, so that people and scanners for leaked
// secrets know one when they see it.
const tokenPrefix = "mt_pat_"

// tokenStore is the file of named tokens, which commands write and a server
// reads. It holds hashes only. A token is 26 random characters of 32, more than
// anyone can try, so that a plain digest keeps it as well as a slow one would.
type tokenStore struct{ path string }

// namedToken is one entry of the file.
type namedToken struct {
	Name      string    `json:"name"`
	Hash      string    `json:"hash"` // "sha256:" and hex digits
	CreatedAt time.Time `json:"createdAt"`
}

// tokens returns the store of this user.
func (c *Config) tokens() tokenStore { return tokenStore{filepath.Join(c.Dirs.Data, "tokens.json")} }

type tokenFile struct {
	Tokens []namedToken `json:"tokens"`
}

// Bounds of the file.
const (
	maxTokens     = 1000
	maxTokenBytes = 1 << 20
)

// tokenName is what a token may be called: it stands in commands and logs.
var tokenName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$`)

// list returns the tokens by name. No file is no token.
func (s tokenStore) list() ([]namedToken, error) {
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read named tokens: %w", err)
	}
	defer f.Close()
	var all tokenFile
	text, err := io.ReadAll(io.LimitReader(f, maxTokenBytes))
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, &host.Error{Kind: host.KindInternal, Code: "mirra.token.damaged", Message: "read named tokens: " + s.path, Hint: "restore the file, or delete it and add the tokens anew", Err: err}
	}
	return all.Tokens, nil
}

// whose returns the name of a token, "" if it is nobody's. The file is read
// anew each time, so that what was revoked is invalid at once.
func (s tokenStore) whose(token string) (string, error) {
	if !strings.HasPrefix(token, tokenPrefix) {
		return "", nil
	}
	all, err := s.list()
	if err != nil {
		return "", err
	}
	hash := []byte(hashToken(token))
	for _, t := range all {
		if subtle.ConstantTimeCompare(hash, []byte(t.Hash)) == 1 {
			return t.Name, nil
		}
	}
	return "", nil
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// add makes a token and returns its text, which is kept nowhere.
func (s tokenStore) add(name string, now time.Time) (t namedToken, text string, err error) {
	if !tokenName.MatchString(name) {
		return t, "", &usageError{text: fmt.Sprintf("name %q: want at most 64 lower-case letters, digits, dots, dashes and underscores", name), hint: "such as ci, or jenny.laptop"}
	}
	text = tokenPrefix + rand.Text()
	t = namedToken{Name: name, Hash: hashToken(text), CreatedAt: now.UTC().Truncate(time.Second)}
	return t, text, s.change(func(all []namedToken) ([]namedToken, error) {
		if slices.ContainsFunc(all, func(t namedToken) bool { return t.Name == name }) {
			return nil, &host.Error{Kind: host.KindConflict, Code: "mirra.token.name_taken", Message: "there is a token " + name + " already", Hint: "choose another name, or replace it: mirra serve token revoke " + name}
		}
		if len(all) >= maxTokens {
			return nil, &host.Error{Kind: host.KindConflict, Code: "mirra.token.too_many", Message: fmt.Sprintf("there are %d tokens, which is the limit", len(all)), Hint: "revoke those that nobody uses: mirra serve token list"}
		}
		return append(all, t), nil
	})
}

// revoke removes tokens: all that are named, or none and an error that says
// which are not there.
func (s tokenStore) revoke(names []string) error {
	return s.change(func(all []namedToken) ([]namedToken, error) {
		var faults *multierror.Error
		for _, n := range names {
			if !slices.ContainsFunc(all, func(t namedToken) bool { return t.Name == n }) {
				faults = multierror.Append(faults, fmt.Errorf("there is no token %s", n))
			}
		}
		if faults != nil {
			faults.ErrorFormat = lines
			return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.token.not_found", Message: faults.Error(), Hint: "nothing was revoked; mirra serve token list shows them"}
		}
		return slices.DeleteFunc(all, func(t namedToken) bool { return slices.Contains(names, t.Name) }), nil
	})
}

// change replaces the file; commands that do so wait for each other.
func (s tokenStore) change(f func([]namedToken) ([]namedToken, error)) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	l := flock.New(s.path + ".lock")
	if err := l.Lock(); err != nil {
		return fmt.Errorf("lock %s: %w", s.path, err)
	}
	defer l.Unlock() // the process's end releases it too
	all, err := s.list()
	if err == nil {
		all, err = f(all)
	}
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b namedToken) int { return strings.Compare(a.Name, b.Name) })
	return writePrivate(s.path, tokenFile{all})
}
