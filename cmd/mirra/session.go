package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

// sessionFlag gives a command --session.
func (a *app) sessionFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&a.flags.session, "session", "", "id or name of the session; else MIRRA_SESSION, else the project's newest")
	return cmd
}

// session returns the session a command is about.
func (a *app) session(ctx context.Context) (host.Control, *host.SessionInfo, error) {
	c, _, err := a.connect(ctx, false)
	if errors.Is(err, errNoServer) {
		return nil, nil, noSession("no session lives")
	}
	if err != nil {
		return nil, nil, err
	}
	if a.cfg.Session != "" {
		s, err := c.Session(ctx, a.cfg.Session)
		return c, s, err
	}
	s, err := a.projectSession(ctx, c)
	if err == nil && s == nil {
		err = noSession("no session lives for " + a.cfg.ProjectRoot)
	}
	return c, s, err
}

func noSession(text string) error {
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.session.not_found", Message: text, Hint: "start one: mirra up; or name another project's: --session ID (mirra sessions lists them)"}
}

// projectSession returns the project's newest session, nil if there is none.
func (a *app) projectSession(ctx context.Context, c host.Control) (*host.SessionInfo, error) {
	var newest *host.SessionInfo
	err := eachSession(ctx, c, host.SessionQuery{Project: a.cfg.ProjectRoot}, func(s *host.SessionInfo) { newest = s })
	return newest, err
}

// eachSession goes through all pages of a list.
func eachSession(ctx context.Context, c host.Control, q host.SessionQuery, f func(*host.SessionInfo)) error {
	for {
		page, err := c.Sessions(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Sessions {
			f(&page.Sessions[i])
		}
		if page.NextCursor == "" {
			return nil
		}
		q.Cursor = page.NextCursor
	}
}

// title names a session for people.
func title(s *host.SessionInfo) string {
	if s.Name != "" {
		return fmt.Sprintf("%s (%s)", s.SessionID, s.Name)
	}
	return s.SessionID
}

// onlyMirror returns the mirror a command is about when it names none.
func onlyMirror(s *host.SessionInfo) (*host.MirrorInfo, error) {
	if len(s.Mirrors) == 1 {
		return &s.Mirrors[0], nil
	}
	return nil, &usageError{text: "the session has several mirrors: name one", hint: mirrorNames(s)}
}

func mirrorNames(s *host.SessionInfo) string {
	names := "its mirrors:"
	for _, m := range s.Mirrors {
		names += " " + m.Name
	}
	return names
}

// mirrorArg checks that the session has a mirror of that name.
func mirrorArg(s *host.SessionInfo, name string) (*host.MirrorInfo, error) {
	if m := s.Mirror(name); m != nil {
		return m, nil
	}
	return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.session.no_such_mirror", Message: fmt.Sprintf("session %s has no mirror %q", s.SessionID, name), Hint: mirrorNames(s)}
}
