package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/conformance/vendorsuite"
)

func (a *app) fidelityDriftCommand() *cobra.Command {
	var f fidelityFlags
	to, explain := "", false
	cmd := &cobra.Command{
		Use: "drift SCRIPT", Short: "Compare the mirror with what the vendor answers now",
		Long: `Send the requests of a plugin's drift script to the vendor, with a key of its test
mode from the variable that the script names, then to the mirror, and compare the
answers. What the script made at the vendor is removed in the end, also when it
fails or is interrupted.`,
		Example: "  STRIPE_TEST_KEY=sk_test_... mirra fidelity drift plugins/stripe/drift.yaml",
		Args:    exactArgs(1, "a drift script"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			if explain {
				f.explain = args[0]
			}
			return a.fidelityDrift(cmd.Context(), args[0], to, &f)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&to, "to", "", "the vendor's base URL; else its own")
	cmd.Flags().BoolVar(&explain, "explain", false, "show the exchanges one by one")
	return cmd
}

func (a *app) fidelityDrift(ctx context.Context, path, to string, f *fidelityFlags) error {
	script, err := vendorsuite.ReadScript(a.inWorkingDir(path))
	if err != nil {
		return err
	}
	key := os.Getenv(script.Key)
	if key == "" {
		return &usageError{text: script.Key + " is not set", hint: "it is a key of " + script.Vendor + "'s test mode, for a drift check of the vendor itself"}
	}
	rules := script.Rules()
	if live := rules.LiveKey(&vendorsuite.Exchange{RequestBody: key}); live != "" {
		return &usageError{text: fmt.Sprintf("%s is a key of live mode, %s", script.Key, live), hint: "a drift check makes objects: use a key of test mode"}
	}
	base, err := url.Parse(cmp.Or(to, "https://"+rules.MainHost()))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return &usageError{text: fmt.Sprintf("--to %q: want a base URL, https://%s", to, rules.MainHost())}
	}
	ref := cmp.Or(f.mirror, script.Vendor)
	if m := a.newestManifest(ctx, ref); m != nil {
		script.Ask(m.API.Default) // what the mirror is a mirror of
	}
	client := directClient()
	defer client.CloseIdleConnections()
	client.Timeout = time.Minute
	if to == "" {
		client.Transport = nil // the vendor may be behind a proxy
	}
	played, err := script.Play(ctx, func(ctx context.Context, r *vendorsuite.Request) (*vendorsuite.Response, error) {
		return send(ctx, client, strings.TrimSuffix(base.String(), "/"), r, nil)
	}, key, strings.ToLower(rand.Text()[:8]))
	for _, left := range played.Left {
		a.out.note("left at %s: %s", base.Host, printable(left))
	}
	if err == nil && len(played.Left) > 0 {
		err = fmt.Errorf("%s made by %s left at the vendor", plural(len(played.Left), "object"), path)
	}
	if err != nil {
		return errors.Join(err, errors.New(plural(played.Cleaned, "object")+" removed"))
	}
	f.checked = time.Now().UTC().Format(time.DateOnly)
	report, err := a.fidelityMeasure(ctx, played.Recordings, ref, f)
	if err != nil {
		return err
	}
	return a.fidelityReport(report, f)
}
