package session

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// Kinds of catalogue entries.
const (
	kindSession = "session"
	kindArchive = "archive"
)

// archiveLife is how long an ended persistent session is kept.
const archiveLife = 7 * 24 * time.Hour

// record is what the catalogue keeps of a persistent session; its state is in
// the databases.
type record struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Seed           [32]byte       `json:"seed"`
	SeedValue      string         `json:"seedValue,omitempty"`
	Created        time.Time      `json:"created"`
	Timeout        time.Duration  `json:"timeout_ns"`
	Limits         LimitMode      `json:"limits"`
	Strict         bool           `json:"strict,omitempty"`
	RefuseVersions bool           `json:"refuseVersions,omitempty"`
	AllowLive      bool           `json:"allowLive,omitempty"`
	Clock          ClockState     `json:"clock"`
	Faults         []FaultRule    `json:"faults,omitempty"`
	Mirrors        []mirrorRecord `json:"mirrors"`
	ArchivedAt     time.Time      `json:"archivedAt,omitzero"`
}

type mirrorRecord struct {
	Digest   string         `json:"digest"`
	Forwards []string       `json:"forwards,omitempty"`
	Secrets  []secretRecord `json:"secrets,omitempty"`
}

type secretRecord struct {
	NamedSecret
	Text string `json:"text"`
}

func (g *Manager) checkPersistent(o Options) error {
	switch {
	case g.cfg.Directory == "" || g.cfg.Catalogue == nil:
		return &host.Error{Kind: host.KindUnprocessed, Code: "mirra.session.no_directory", Message: "this server keeps no persistent sessions", Hint: "start it with a data directory"}
	case o.Name == "":
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.session.name_missing", Message: "a persistent session needs a name", Hint: "--persistent --name=N"}
	}
	return nil
}

// folder is where the databases of a persistent session are.
func (s *Session) folder() string {
	return filepath.Join(s.cfg.Directory, strings.TrimPrefix(s.id, idPrefix))
}

func (g *Manager) openFile(s *Session, sp *spec) (host.Store, error) {
	if err := os.MkdirAll(s.folder(), 0o700); err != nil {
		return nil, fmt.Errorf("session folder: %w", err)
	}
	return g.cfg.Stores.Persistent(&sp.schema, filepath.Join(s.folder(), sp.manifest.Name+".db"))
}

// save writes a persistent session's record.
func (s *Session) save() error {
	if !s.persistent {
		return nil
	}
	return s.put(kindSession, time.Time{})
}

func (s *Session) put(kind string, archived time.Time) error {
	r := record{
		ID: s.id, Name: s.name, Seed: s.seed, SeedValue: s.seedValue, Created: s.created, Timeout: s.timeout,
		Limits: s.Limits(), Strict: s.strict, RefuseVersions: s.refuseVersions, AllowLive: s.allowLive, Clock: s.clock.state(), Faults: s.Faults(), ArchivedAt: archived,
	}
	for _, m := range s.mirrors {
		mr := mirrorRecord{Digest: m.Digest(), Forwards: m.Forwards()}
		for _, n := range m.named {
			mr.Secrets = append(mr.Secrets, secretRecord{n, n.Text})
		}
		r.Mirrors = append(r.Mirrors, mr)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("save session %s: %w", s.id, err)
	}
	due := int64(0)
	if !archived.IsZero() {
		due = archived.Add(archiveLife).UnixNano()
	}
	if err := s.cfg.Catalogue.Put(host.CatalogueEntry{Kind: kind, ID: s.id, JSON: text, DueNS: due}); err != nil {
		return fmt.Errorf("save session %s: %w", s.id, err)
	}
	return nil
}

// putAway archives or deletes what an ended persistent session has on disk.
func (g *Manager) putAway(s *Session, purge bool) error {
	if purge {
		return g.purge(s.id, s.folder())
	}
	if err := s.put(kindArchive, g.cfg.Clock.Now()); err != nil {
		return err
	}
	return g.cfg.Catalogue.Delete(kindSession, s.id)
}

func (g *Manager) purge(id, folder string) error {
	var faults *multierror.Error
	for _, kind := range []string{kindSession, kindArchive} {
		if err := g.cfg.Catalogue.Delete(kind, id); err != nil {
			faults = multierror.Append(faults, err)
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		faults = multierror.Append(faults, err)
	}
	return flatten(faults)
}

// Load brings the persistent sessions back, after a restart or a crash. One
// that cannot be loaded is reported and left as it is on disk; the others live.
func (g *Manager) Load(ctx context.Context) error {
	if g.cfg.Catalogue == nil {
		return nil
	}
	var faults *multierror.Error
	var records []record
	err := g.cfg.Catalogue.List(kindSession, func(e host.CatalogueEntry) bool {
		var r record
		if err := json.Unmarshal(e.JSON, &r); err != nil {
			faults = multierror.Append(faults, fmt.Errorf("session %s: %w", e.ID, err))
			return true
		}
		records = append(records, r)
		return true
	})
	if err != nil {
		return fmt.Errorf("load sessions: %w", err)
	}
	for _, r := range records {
		if err := g.load(ctx, r); err != nil {
			faults = multierror.Append(faults, fmt.Errorf("load session %s (%s): %w", r.ID, r.Name, err))
		}
	}
	return faults.ErrorOrNil()
}

// load makes a session of its record and databases.
func (g *Manager) load(ctx context.Context, r record) error {
	s := g.newSession()
	s.id, s.name, s.persistent = r.ID, r.Name, true
	s.seed, s.seedValue, s.created, s.timeout, s.strict, s.refuseVersions = r.Seed, r.SeedValue, r.Created, r.Timeout, r.Strict, r.RefuseVersions
	s.allowLive = s.allowLive || r.AllowLive
	s.limits.Store(r.Limits)
	s.faults.rand = mrand.New(mrand.NewChaCha8(s.seed))
	s.clock.restore(r.Clock)
	for i := range r.Faults {
		s.faults.add(&r.Faults[i])
		s.faults.next++
	}
	if err := g.reserve(s); err != nil {
		return err
	}
	for _, mr := range r.Mirrors {
		if err := g.loadMirror(ctx, s, mr); err != nil {
			g.release(s)
			s.discard()
			return err
		}
	}
	s.lifecycle("loaded")
	if err := g.publish(s); err != nil {
		return err
	}
	s.wake()
	return nil
}

func (g *Manager) loadMirror(ctx context.Context, s *Session, mr mirrorRecord) error {
	p, err := g.cfg.Programs.Program(ctx, mr.Digest)
	if err != nil {
		return err
	}
	sp, err := g.spec(p)
	if err != nil {
		return err
	}
	m := &Mirror{s: s, name: sp.manifest.Name, spec: sp}
	m.forwards.Store(&mr.Forwards)
	m.key = mirrorKey(s.seed, m.name, 0)
	for _, n := range mr.Secrets {
		n.NamedSecret.Text = n.Text
		m.named = append(m.named, n.NamedSecret)
	}
	if m.store, err = g.openFile(s, sp); err != nil {
		return err
	}
	s.mirrors = append(s.mirrors, m)
	m.keepBlobs()
	if err := m.ledger.load(m.store); err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	// What was sent when the server died has no outcome: it is sent again, as
	// the vendor would.
	for _, d := range m.ledger.deliveries {
		d.Started = false
	}
	if err := m.migrate(ctx); err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	return m.catchUp()
}

// migrate lets the plugin bring data of an older build to this one's schema;
// the database has the new tables already.
func (m *Mirror) migrate(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	has, err := m.store.Version()
	if err != nil || has == m.spec.schema.Version {
		return err
	}
	req := abi.Request{Kind: abi.KindMigrate, SchemaVersion: has, Context: abi.Context{Session: m.s.id, Mirror: m.name}}
	inv := m.invoke(ctx, abi.KindMigrate, nil, func(now, peer int64, _ *call) []byte {
		req.Context.NowNS, req.Context.PeerNS = now, peer
		return req.Append(nil)
	}, func([]byte, putter) error { return m.store.SetVersion(m.spec.schema.Version) })
	return inv.err
}

// catchUp moves the clock on to where the database is, if that is later: the
// record is written less often.
func (m *Mirror) catchUp() error {
	return m.store.Values(keyClock, func(_ string, value []byte) bool {
		if len(value) == 8 {
			at := time.Unix(0, int64(binary.LittleEndian.Uint64(value))).UTC()
			if at.UnixNano() > m.s.clock.nowNS() {
				m.s.clock.set(at)
			}
		}
		return true
	})
}

// keepBlobs makes the mirror's blobs files beside its database.
func (m *Mirror) keepBlobs() {
	folder := filepath.Join(m.s.folder(), "blobs")
	file := func(digest string) (string, error) {
		name, ok := strings.CutPrefix(digest, "sha256:")
		if !ok || len(name) != 64 || strings.Trim(name, "0123456789abcdef") != "" {
			return "", fmt.Errorf("blob %q: not a digest", digest)
		}
		return filepath.Join(folder, name), nil
	}
	m.blobs.save = func(digest string, b []byte) error {
		path, err := file(digest)
		if err == nil {
			err = os.MkdirAll(folder, 0o700)
		}
		if err == nil {
			err = os.WriteFile(path+".tmp", b, 0o600)
		}
		if err == nil {
			err = os.Rename(path+".tmp", path)
		}
		return err
	}
	m.blobs.load = func(digest string) ([]byte, error) {
		path, err := file(digest)
		if err != nil {
			return nil, err
		}
		return os.ReadFile(path)
	}
}

// Revive brings an archived session back under its name; nil if there is none.
func (g *Manager) Revive(ctx context.Context, name string) (*Session, error) {
	if g.cfg.Catalogue == nil {
		return nil, nil
	}
	var found *record
	err := g.cfg.Catalogue.List(kindArchive, func(e host.CatalogueEntry) bool {
		var r record
		if json.Unmarshal(e.JSON, &r) == nil && r.Name == name && (found == nil || r.ArchivedAt.After(found.ArchivedAt)) {
			found = &r
		}
		return true
	})
	if err != nil || found == nil {
		return nil, err
	}
	if err := g.load(ctx, *found); err != nil {
		return nil, fmt.Errorf("revive session %s: %w", found.ID, err)
	}
	s, err := g.Session(found.ID)
	if err == nil {
		err = s.save()
	}
	if err == nil {
		err = g.cfg.Catalogue.Delete(kindArchive, found.ID)
	}
	return s, err
}

// Tidy deletes archives that are older than a week and folders that belong to
// no session: what a crash left while one was created or deleted. It may run
// while sessions come and go.
func (g *Manager) Tidy() error {
	if g.cfg.Catalogue == nil {
		return nil
	}
	var faults *multierror.Error
	// The folders come first: a session has its id reserved before it has a
	// folder, so what is listed here and not found below is nobody's.
	folders, err := os.ReadDir(g.cfg.Directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		faults = multierror.Append(faults, err)
	}
	known := map[string]bool{}
	var old []string
	now := g.cfg.Clock.Now().UnixNano()
	for _, kind := range []string{kindSession, kindArchive} {
		if err := g.cfg.Catalogue.List(kind, func(e host.CatalogueEntry) bool {
			if kind == kindArchive && e.DueNS > 0 && e.DueNS < now {
				old = append(old, e.ID)
				return true
			}
			known[strings.TrimPrefix(e.ID, idPrefix)] = true
			return true
		}); err != nil {
			return fmt.Errorf("tidy: %w", err)
		}
	}
	g.mu.RLock()
	for id := range g.sessions { // those that are just being created too
		known[strings.TrimPrefix(id, idPrefix)] = true
	}
	g.mu.RUnlock()
	for _, id := range old {
		if known[strings.TrimPrefix(id, idPrefix)] {
			continue // it has just been brought back
		}
		if err := g.purge(id, filepath.Join(g.cfg.Directory, strings.TrimPrefix(id, idPrefix))); err != nil {
			faults = multierror.Append(faults, err)
		}
	}
	for _, e := range folders {
		if e.IsDir() && !known[e.Name()] {
			if err := os.RemoveAll(filepath.Join(g.cfg.Directory, e.Name())); err != nil {
				faults = multierror.Append(faults, err)
			}
		}
	}
	return faults.ErrorOrNil()
}
