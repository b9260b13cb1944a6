package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/conformance/vendorsuite"
)

type recordFlags struct {
	vendor, to, out, source, listen string
	clientSecrets                   bool
}

func (a *app) fidelityRecordCommand() *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use: "record --vendor NAME --out FILE.jsonl [-- CMD]", Short: "Record what the vendor answers, for fidelity run",
		Long: `Record what the vendor answers. Requests that come to the printed URL are passed on
with the client's own key, which has to be one of the vendor's test mode, and are
appended to the file with their answers: without keys, cookies and secrets. With a
command, it runs with the variables set that lead it here, and the recording ends
with it; else Ctrl-C ends it.`,
		Example: "  mirra fidelity record --vendor stripe --out mine.jsonl -- npm test\n  mirra fidelity run mine.jsonl",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return &usageError{text: fmt.Sprintf("unexpected %q", args[0]), hint: "a command goes behind --"}
			}
			rules, to, err := f.check()
			if err != nil {
				return err
			}
			return a.fidelityRecord(cmd.Context(), rules, to, &f, args)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.vendor, "vendor", "", "whose API: stripe, resend, twilio")
	fs.StringVar(&f.to, "to", "", "the base URL to pass requests on to; else the vendor's own")
	fs.StringVar(&f.out, "out", "", "file to append to, .jsonl")
	fs.StringVar(&f.source, "source", "", "name of the cassette; else the moment it begins")
	fs.StringVar(&f.listen, "listen", "127.0.0.1:0", "where to listen")
	fs.BoolVar(&f.clientSecrets, "client-secrets", false, "keep client secrets, which the vendor hands to browsers")
	return cmd
}

// check finds the vendor and where its API is.
func (f *recordFlags) check() (*vendorsuite.Rules, *url.URL, error) {
	var names []string
	var rules *vendorsuite.Rules
	for _, r := range vendorsuite.All() {
		names = append(names, r.Vendor)
		if r.Vendor == f.vendor {
			rules = r
		}
	}
	var faults []string
	if rules == nil {
		faults = append(faults, fmt.Sprintf("--vendor %q: want one of %s", f.vendor, strings.Join(names, ", ")))
	}
	if ext := filepath.Ext(f.out); ext != ".jsonl" && ext != ".ndjson" {
		faults = append(faults, fmt.Sprintf("--out %q: want a file named .jsonl", f.out))
	}
	if rules != nil && f.to == "" {
		if slices.ContainsFunc(rules.Hosts, func(h string) bool { return strings.HasPrefix(h, "*") }) {
			faults = append(faults, "--to: "+f.vendor+" has several hosts; name one, https://"+strings.Replace(rules.Hosts[0], "*", "api", 1))
		}
		f.to = "https://" + rules.Hosts[0]
	}
	to, err := url.Parse(f.to)
	if f.to != "" && (err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Host == "") {
		faults = append(faults, fmt.Sprintf("--to %q: want a base URL, https://api.stripe.com", f.to))
	}
	if host, _, err := net.SplitHostPort(f.listen); err != nil || !isLoopback(host) {
		faults = append(faults, fmt.Sprintf("--listen %q: want a loopback address and port, 127.0.0.1:0", f.listen))
	}
	if faults != nil {
		return nil, nil, &usageError{text: strings.Join(faults, "; ")}
	}
	return rules, to, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (a *app) fidelityRecord(ctx context.Context, rules *vendorsuite.Rules, to *url.URL, f *recordFlags, command []string) error {
	source := cmp.Or(f.source, "recorded "+time.Now().UTC().Format(time.RFC3339))
	file, err := vendorsuite.NewRecorder(a.inWorkingDir(f.out), source, rules, f.clientSecrets)
	if err != nil {
		return err
	}
	p := &recordingProxy{rules: rules, to: to, file: file, note: a.out.note}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	server := &http.Server{Handler: p.handler(), ReadHeaderTimeout: 30 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String()
	if rules.Live == nil {
		a.out.note("keys of %s do not tell test from live: see to it that yours does no harm", rules.Vendor)
	}
	code := 0
	if len(command) > 0 {
		a.out.note("recording %s at %s", to, base)
		code, err = a.execute(command, a.recordEnv(ctx, rules.Vendor, base))
	} else {
		if a.flags.json {
			err = a.out.object(map[string]any{"url": base, "to": to.String(), "file": f.out, "source": source})
		} else {
			a.out.summary("→ recording %s at %s; Ctrl-C ends it", to, base)
		}
		if err == nil {
			select {
			case <-ctx.Done(): // the way it ends
			case err = <-served:
			}
		}
	}
	// Requests under way are still recorded.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, server.Shutdown(late), file.Close())
	if err != nil {
		return err
	}
	if n := p.refused.Load(); n > 0 {
		a.out.note("%s with live keys refused", plural(int(n), "request"))
	}
	if len(command) > 0 && a.flags.json {
		err = a.out.object(map[string]any{"file": f.out, "source": source, "exchanges": file.Len()})
	} else {
		a.out.summary("✓ %s in %s; compare with: mirra fidelity run %s", plural(file.Len(), "exchange"), f.out, f.out)
	}
	if err == nil && code != 0 {
		err = &exitError{code}
	}
	return err
}

// recordEnv are the variables that lead a command's requests here: those of the
// vendor's mirror that hold nothing but the place.
func (a *app) recordEnv(ctx context.Context, vendor, base string) map[string]string {
	env := map[string]string{"MIRRA_" + strings.ToUpper(vendor) + "_URL": base, "MIRRA_RECORD_URL": base}
	u, err := url.Parse(base)
	m := a.newestManifest(ctx, vendor)
	if m == nil || err != nil {
		return env
	}
	place := strings.NewReplacer("{url}", base, "{host}", u.Hostname(), "{port}", u.Port())
	for _, v := range m.Env {
		if value := place.Replace(v.Value); !strings.Contains(value, "{") {
			env[v.Name] = value
		}
	}
	return env
}

// recordingProxy passes requests on and writes what came back.
type recordingProxy struct {
	rules   *vendorsuite.Rules
	to      *url.URL
	file    *vendorsuite.Recorder
	note    func(format string, args ...any)
	refused atomic.Int64
}

// maxRecordedBody bounds the bodies that are kept in memory.
const maxRecordedBody = 64 << 20

type exchangeKey struct{}

func (p *recordingProxy) handler() http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.to)
			r.Out.Host = p.to.Host
			r.Out.Header.Del("Accept-Encoding") // recordings are plain
		},
		Transport:      &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 30 * time.Second},
		ModifyResponse: p.record,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			p.note("%v", err)
			http.Error(w, "mirra fidelity record: "+err.Error(), http.StatusBadGateway)
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRecordedBody))
		if err != nil {
			http.Error(w, "mirra fidelity record: "+err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		e := &vendorsuite.Exchange{Method: r.Method, URL: p.vendorURL(r), RequestHeader: r.Header.Clone(), RequestBody: string(body)}
		if key := p.rules.LiveKey(e); key != "" {
			p.refused.Add(1)
			p.note("refused: %s %s has a live key, %s", r.Method, printable(r.URL.Path), key)
			http.Error(w, "mirra fidelity record: "+strconv.Quote(key)+" is a key of live mode; record with one of test mode", http.StatusForbidden)
			return
		}
		e.RequestHeader.Del("Accept-Encoding") // nor does the vendor see it
		e.RequestHeader.Del("Connection")
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)))
	})
}

// vendorURL is a request's URL as the vendor has it, also where another stands
// in for it.
func (p *recordingProxy) vendorURL(r *http.Request) string {
	host := p.to.Hostname()
	if !slices.Contains(p.rules.Hosts, host) && !strings.HasPrefix(p.rules.Hosts[0], "*") {
		host = p.rules.Hosts[0]
	}
	return "https://" + host + r.URL.RequestURI()
}

func (p *recordingProxy) record(resp *http.Response) error {
	e, ok := resp.Request.Context().Value(exchangeKey{}).(*vendorsuite.Exchange)
	if !ok {
		return errors.New("an answer to no request")
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRecordedBody+1))
	if e := resp.Body.Close(); err == nil {
		err = e
	}
	switch {
	case err != nil:
		return fmt.Errorf("read the answer to %s %s: %w", e.Method, resp.Request.URL.Path, err)
	case len(body) > maxRecordedBody:
		return fmt.Errorf("the answer to %s %s has more than %d bytes", e.Method, resp.Request.URL.Path, maxRecordedBody)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	e.Status, e.Header, e.Body, e.At = resp.StatusCode, resp.Header.Clone(), string(body), time.Now()
	return p.file.Add(e)
}
