package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/host/httpapi"
)

// serveCommand runs a server in the foreground, for a team or a container.
func (a *app) serveCommand() *cobra.Command {
	var bind, caFile string
	var c assembly.Config
	var up upFlags
	cmd := &cobra.Command{
		Use: "serve", Short: "Run the server in the foreground, for a team or a container",
		Long: `Run the server in the foreground. Its sessions end with it, but persistent ones.
Its own token is MIRRA_TOKEN, else a new one that is printed. Who shares the
server gets a token of a name: mirra serve token add NAME.

With --name it has a session from the start, made as mirra up makes it, which the
proxy knows by that name: HTTPS_PROXY=http://NAME:x@HOST:4401 leads a container
there, and --ca-file is the certificate that it is to trust.`,
		Args:    noArgs,
		Example: "  mirra serve\n  mirra serve --bind 0.0.0.0 --name shop --mirrors stripe --ca-file /ca/ca.pem",
		RunE: func(cmd *cobra.Command, _ []string) error {
			control, vendor := a.cfg.ports()
			_, p, _ := net.SplitHostPort(control)
			_, q, _ := net.SplitHostPort(vendor)
			c.ControlAddr, c.VendorAddr = net.JoinHostPort(bind, p), net.JoinHostPort(bind, q)
			file := &a.cfg.File
			if !cmd.Flags().Changed("domain") {
				c.Domains = file.Domains
			}
			if c.TLS = (assembly.TLSFiles{Cert: file.TLSCert, Key: file.TLSKey}); c.TLS == (assembly.TLSFiles{}) && cmd.Flags().Changed("tls-port") {
				return &usageError{text: "there is a port for TLS and no certificate", hint: "--tls-cert FILE --tls-key FILE"}
			}
			c.TLSAddr = net.JoinHostPort(bind, strconv.Itoa(file.TLSPort))
			c.Token = a.cfg.Token
			tokens := a.cfg.tokens()
			if _, err := tokens.list(); err != nil {
				return err
			}
			c.NamedToken = tokens.whose
			c.Log = slog.New(slog.NewTextHandler(a.stderr, nil))
			named := cmd.Flags().Changed("name")
			if !named {
				for _, flag := range []string{"mirrors", "no-egress", "ca-file"} {
					if cmd.Flags().Changed(flag) {
						return &usageError{text: "--" + flag + " is for the session that the server starts with, which has no name", hint: "mirra serve --name shop --mirrors stripe"}
					}
				}
			}
			c.ProxyByName = named
			started := false
			defer func() {
				if started && caFile != "" {
					_ = os.Remove(caFile) // it is of no use any more
				}
			}()
			return a.serve(cmd.Context(), c, func(s *serverState) error {
				if named {
					if err := a.firstSession(cmd.Context(), s, &up, caFile); err != nil {
						return err
					}
					started = true
				}
				if a.flags.json {
					return a.out.object(s)
				}
				a.out.summary("✓ control API %s", s.Control)
				a.out.summary("✓ mirrors     %s", s.Vendor)
				if s.TLS != "" {
					a.out.summary("✓ over TLS    %s", s.TLS)
				}
				a.out.summary("  token       %s", s.Token)
				a.out.say("Ctrl-C ends it.")
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&bind, "bind", "127.0.0.1", "address to listen on")
	f.StringArrayVar(&c.Hosts, "host", nil, "name by which the control API may be called beside loopback ones (repeatable)")
	f.StringArrayVar(&c.Domains, "domain", nil, "name whose subdomains reach mirrors, *.mirra.example.com (repeatable)")
	f.String("tls-cert", "", "certificate for the domains, PEM, its chain behind it: mirrors are reached over TLS; a renewed one is used at once")
	f.String("tls-key", "", "key of the certificate, PEM")
	f.Int("tls-port", defaultTLSPort, "port of TLS; 0 takes any")
	f.StringArrayVar(&c.WebhookHosts, "webhook-host", nil, "host that webhooks may go to beside loopback (repeatable)")
	f.BoolVar(&c.Private, "private-webhooks", false, "let webhooks go to private networks: in a container")
	f.String("name", "", "start with a session of this name, as mirra.yaml and --mirrors say")
	f.StringSliceVar(&up.mirrors, "mirrors", nil, "mirrors of that session")
	f.BoolVar(&up.noEgress, "no-egress", false, "refuse what goes through the proxy to hosts that no mirror claims")
	f.StringVar(&caFile, "ca-file", "", "write the certificate that the proxy's clients are to trust to this file")
	cmd.AddCommand(a.tokenCommand())
	return cmd
}

// firstSession makes the session that a server starts with, and writes the certificate
// of its proxy.
func (a *app) firstSession(ctx context.Context, state *serverState, f *upFlags, caFile string) error {
	plan, err := a.plan(ctx, f)
	if err == nil {
		err = plan.nothing
	}
	if err != nil {
		return err
	}
	if plan.request.TimeoutSeconds == nil {
		plan.request.TimeoutSeconds = new(int) // it lasts as long as the server
	}
	c := httpapi.NewClient(state.Control, state.Token)
	s, _, err := c.PutSession(ctx, plan.request.Name, plan.request)
	if err != nil {
		return err
	}
	if caFile != "" {
		info, err := c.Proxy(ctx, s.SessionID)
		if err != nil {
			return err
		}
		// Applications of other users read it.
		if err := os.WriteFile(caFile, []byte(info.CA), 0o644); err != nil {
			return fmt.Errorf("write --ca-file: %w", err)
		}
	}
	for _, m := range s.Mirrors {
		a.out.note("session %s: %s", title(s), m.Version)
	}
	return nil
}

// tokenCommand manages the named tokens of this user's `mirra serve`.
func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Named tokens of those who share the server", Args: a.noCommand,
		Long: `Named tokens of those who share the server that mirra serve runs here. Each may do
all that the server's own token may; the server's log says who changed what. They
are kept as hashes. A running server takes changes at once.`,
		Example: "  mirra serve token add ci\n  MIRRA_URL=http://mirra.example.com:4400 MIRRA_TOKEN=mt_pat_... mirra up",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	add := &cobra.Command{
		Use: "add NAME", Short: "Make a token and print it, this once", Args: exactArgs(1, "a name"),
		RunE: func(_ *cobra.Command, args []string) error {
			t, text, err := a.cfg.tokens().add(args[0], time.Now())
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.out.object(map[string]any{"name": t.Name, "token": text, "createdAt": t.CreatedAt})
			}
			a.out.say("✓ token %s added; it is shown only now:", t.Name)
			a.out.summary("%s", text)
			return nil
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "List the tokens' names", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			all, err := a.cfg.tokens().list()
			if err != nil {
				return err
			}
			if a.flags.json {
				named := []map[string]any{}
				for _, t := range all {
					named = append(named, map[string]any{"name": t.Name, "createdAt": t.CreatedAt})
				}
				return a.out.object(map[string]any{"tokens": named})
			}
			if len(all) == 0 {
				a.out.summary("No named tokens.")
				return nil
			}
			var rows [][]string
			for _, t := range all {
				rows = append(rows, []string{t.Name, t.CreatedAt.Format(time.RFC3339)})
			}
			a.out.table([]string{"NAME", "CREATED"}, rows)
			return nil
		},
	}
	revoke := &cobra.Command{
		Use: "revoke NAME...", Short: "Make tokens invalid, at once", Args: rangeArgs(1, -1, "names of tokens"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.cfg.tokens().revoke(args); err != nil {
				return err
			}
			if a.flags.json {
				return a.out.object(map[string]any{"revoked": args})
			}
			a.out.summary("✓ revoked: %s", strings.Join(args, ", "))
			return nil
		},
	}
	cmd.AddCommand(add, list, revoke)
	return cmd
}
