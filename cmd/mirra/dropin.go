package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// dropInFiles are what makes clients go to the session that no variable of theirs
// leads there.
//
//go:embed dropin
var dropInFiles embed.FS

// dropIn is the folder of a session that an application's environment names. The
// server removes it when the session ends.
type dropIn struct {
	folder string
	hooks  string // folder of all sessions
	info   *host.ProxyInfo
	roots  bool // the system's roots were found

	upstream host.Upstream // what the environment said of proxies
	say      []string      // what a user should know beside
}

// dropInFolder is where the folders of sessions are.
func (c *Config) dropInFolder() string { return filepath.Join(c.Dirs.State, "sessions") }

func (c *Config) removeDropIn(id string) {
	_ = os.RemoveAll(filepath.Join(c.dropInFolder(), id)) // removeDropIns tries again
}

func (c *Config) removeDropIns() error { return os.RemoveAll(c.dropInFolder()) }

func (d *dropIn) file(name ...string) string {
	return filepath.Join(append([]string{d.folder}, name...)...)
}

// port is the proxy's.
func (d *dropIn) port() int {
	u, err := url.Parse(d.info.URL)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(u.Port())
	return n
}

// dropIn writes the folder of a session.
func (a *app) dropIn(ctx context.Context, c host.Proxies, id string) (*dropIn, error) {
	info, err := c.Proxy(ctx, id)
	if err != nil {
		return nil, err
	}
	d := &dropIn{folder: filepath.Join(a.cfg.dropInFolder(), id), hooks: a.cfg.hooksFolder(), info: info, upstream: upstream(os.Getenv)}
	if d.upstream != (host.Upstream{}) || info.Upstream != "" {
		// Whoever runs the application knows its network, not who started the server.
		if err := a.setUpstream(ctx, c, id, d); err != nil {
			return nil, err
		}
	}
	d.say = append(d.say, a.passing(d.info)...)
	ca := []byte(info.CA)
	roots := systemRoots(os.Getenv("SSL_CERT_FILE"))
	d.roots = len(roots) > 0
	extra := readOptional(os.Getenv("NODE_EXTRA_CA_CERTS")) // one variable of one file
	files := map[string][]byte{
		"ca.pem": ca, "bundle.pem": joinPEM(roots, ca), "node.pem": joinPEM(extra, ca), "truststore.jks": keyStore(joinPEM(roots, ca)),
		"php/mirra.ini": fmt.Appendf(nil, "curl.cainfo=%q\nopenssl.cafile=%q\nauto_prepend_file=%q\n", d.file("bundle.pem"), d.file("bundle.pem"), d.hook("php/mirra.php")),
	}
	for _, name := range sortedKeys(files) {
		if err := replaceFile(d.file(filepath.FromSlash(name)), files[name]); err != nil {
			return nil, &host.Error{Kind: host.KindForbidden, Code: "mirra.dropin.folder", Message: fmt.Sprintf("write what the application's environment names: %v", err),
				Hint: "is the folder another user's, by sudo? MIRRA_HOME=FOLDER keeps things of your own"}
		}
	}
	return d, a.cfg.writeHooks()
}

// hooksFolder is where the hooks are. They stay when sessions end: a Python that
// does not find its own goes to the real vendor.
func (c *Config) hooksFolder() string { return filepath.Join(c.Dirs.State, "hooks") }

// hook is a file or folder of them.
func (d *dropIn) hook(name string) string { return filepath.Join(d.hooks, name) }

func (c *Config) writeHooks() error {
	// A folder for each language: Python and Ruby search theirs for modules.
	for name, file := range map[string]string{"mirra.cjs": "mirra.cjs", "python/sitecustomize.py": "sitecustomize.py", "ruby/mirra_dropin.rb": "mirra_dropin.rb", "php/mirra.php": "mirra.php"} {
		text, err := dropInFiles.ReadFile("dropin/" + file)
		if err == nil {
			err = replaceFile(filepath.Join(c.hooksFolder(), filepath.FromSlash(name)), text)
		}
		if err != nil {
			return fmt.Errorf("write hook: %w", err)
		}
	}
	return nil
}

// replaceFile writes a file at once, for others that read it meanwhile. One that is
// the same is left alone.
func replaceFile(path string, text []byte) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // err says what is wrong
	}
	return err
}

// notes are what a user should know of the environment that is changed.
func (d *dropIn) notes() []string {
	var out []string
	if !d.roots {
		out = append(out, "no file of the system's root certificates was found; SSL_CERT_FILE=FILE names one. Until then tools that take theirs from the environment trust the mirrors alone")
	}
	return append(out, d.say...)
}

// upstream is what an environment says of proxies, or said before Mirra's own stood
// there.
func upstream(get func(string) string) host.Upstream {
	// Upper case goes first, as httpproxy has it.
	u := host.Upstream{HTTP: cmp.Or(get("HTTP_PROXY"), get("http_proxy")), HTTPS: cmp.Or(get("HTTPS_PROXY"), get("https_proxy")), NoProxy: cmp.Or(get("NO_PROXY"), get("no_proxy"))}
	if own := get("MIRRA_PROXY"); own != "" && u.HTTPS == own {
		u = host.Upstream{HTTP: get("MIRRA_HTTP_PROXY"), HTTPS: get("MIRRA_HTTPS_PROXY"), NoProxy: get("MIRRA_NO_PROXY")}
	}
	if u.HTTP == "" && u.HTTPS == "" {
		return host.Upstream{}
	}
	return u
}

// setUpstream tells the session of the application's own proxy. One that cannot be used
// is no fault: other hosts are reached directly, and the user hears of it.
func (a *app) setUpstream(ctx context.Context, c host.Proxies, id string, d *dropIn) error {
	err := c.SetUpstream(ctx, id, d.upstream)
	if e, ok := errors.AsType[*host.Error](err); ok && (e.Kind == host.KindInvalid || e.Kind == host.KindForbidden) {
		d.say = append(d.say, e.Message+"; "+e.Hint)
		err = nil
	}
	if err == nil {
		d.info, err = c.Proxy(ctx, id)
	}
	if err == nil && d.info.Upstream != "" {
		d.say = append(d.say, "other hosts are reached through the proxy that was set: "+d.info.Upstream)
	}
	return err
}

// passing says what leaves for the real vendor.
func (a *app) passing(info *host.ProxyInfo) []string {
	var passed, kept []string
	for _, e := range info.PassThrough {
		if name, served := strings.CutPrefix(e, "!"); served {
			kept = append(kept, name)
		} else {
			passed = append(passed, e)
		}
	}
	var out []string
	if passed != nil {
		line := "passes to the real vendor: " + strings.Join(passed, ", ")
		if kept != nil {
			line += ", but for what is mirrored: " + strings.Join(kept, ", ")
		}
		out = append(out, line)
	}
	if want := []string(a.cfg.File.PassThrough); !slices.Equal(want, passed) && len(want) > 0 {
		if info.NoEgress {
			out = append(out, "refused, for --no-egress goes before pass-through: "+strings.Join(want, ", "))
		} else {
			out = append(out, "pass-through of mirra.yaml is not this session's, which lived before: mirra up --new starts another")
		}
	}
	return out
}

// environ returns the variables that lead clients to the session; get returns those
// that there are.
func (d *dropIn) environ(get func(string) string) map[string]string {
	// Within mirra exec a hook is there already.
	before := func(item, separator, list string) string {
		if list == "" || strings.Contains(list, item) {
			return cmp.Or(list, item)
		}
		return item + separator + list
	}
	behind := func(list, separator, item string) string {
		if list == "" || strings.Contains(list, item) {
			return cmp.Or(list, item)
		}
		return list + separator + item
	}
	none := d.noProxy(get("NO_PROXY"), get("no_proxy"))
	list := string(os.PathListSeparator)
	env := map[string]string{
		"MIRRA_PROXY": d.info.URL, "MIRRA_CA_FILE": d.file("ca.pem"),
		// Not HTTP_PROXY: twilio-node makes an agent of its own for it, which then
		// meets the proxy that its HTTP library takes from HTTPS_PROXY.
		"HTTPS_PROXY": d.info.URL, "https_proxy": d.info.URL, "http_proxy": d.info.URL, "NO_PROXY": none, "no_proxy": none,
		"SSL_CERT_FILE": d.file("bundle.pem"), "REQUESTS_CA_BUNDLE": d.file("bundle.pem"), "CURL_CA_BUNDLE": d.file("bundle.pem"),
		"NODE_EXTRA_CA_CERTS": d.file("node.pem"),
		"PHP_INI_SCAN_DIR":    behind(get("PHP_INI_SCAN_DIR"), list, d.file("php")),
	}
	if get("PHP_INI_SCAN_DIR") == "" {
		env["PHP_INI_SCAN_DIR"] = list + d.file("php") // an empty one is PHP's own
	}
	if get("HTTP_PROXY") != "" {
		env["HTTP_PROXY"] = "" // Go and others take it before http_proxy
	}
	if d.upstream != (host.Upstream{}) {
		// For a mirra exec within this one.
		env["MIRRA_HTTP_PROXY"], env["MIRRA_HTTPS_PROXY"], env["MIRRA_NO_PROXY"] = d.upstream.HTTP, d.upstream.HTTPS, d.upstream.NoProxy
	}
	if d.info.Door == "" {
		return env // hooks have nowhere to lead to
	}
	env["MIRRA_DOOR"], env["MIRRA_DOMAINS"], env["MIRRA_PASS_THROUGH"], env["MIRRA_EGRESS"] = d.info.Door, strings.Join(d.info.Domains, ","), strings.Join(d.info.PassThrough, ","), "yes"
	if d.info.NoEgress {
		env["MIRRA_EGRESS"] = "no"
	}
	host, port, _ := net.SplitHostPort(d.info.Door)
	env["NODE_OPTIONS"] = behind(get("NODE_OPTIONS"), " ", "--require "+strconv.Quote(d.hook("mirra.cjs")))
	env["PYTHONPATH"] = before(d.hook("python"), list, get("PYTHONPATH"))
	env["RUBYLIB"] = before(d.hook("ruby"), list, get("RUBYLIB"))
	env["RUBYOPT"] = behind(get("RUBYOPT"), " ", "-rmirra_dropin")
	java := ""
	for _, scheme := range []string{"http", "https"} {
		java += fmt.Sprintf(" -D%s.proxyHost=%s -D%s.proxyPort=%s", scheme, host, scheme, port)
	}
	env["JAVA_TOOL_OPTIONS"] = behind(get("JAVA_TOOL_OPTIONS"), " ", strings.TrimSpace(java+" -Dhttp.nonProxyHosts=localhost|127.*|[::1]|*.localhost -Djavax.net.ssl.trustStoreType=jks "+strconv.Quote("-Djavax.net.ssl.trustStore="+d.file("truststore.jks"))))
	return env
}

// noProxy keeps what users except from proxies, unless that would lead claimed names
// past Mirra.
func (d *dropIn) noProxy(lists ...string) string {
	kept := []string{"localhost", "127.0.0.1", "::1", ".localhost"}
	if u, err := url.Parse(d.info.URL); err == nil && u.Hostname() != "127.0.0.1" {
		kept = append(kept, u.Hostname()) // mirrors have URLs there
	}
	for _, list := range lists {
	next:
		for entry := range strings.SplitSeq(list, ",") {
			entry = strings.TrimSpace(entry)
			name := strings.ToLower(strings.TrimLeft(entry, "*."))
			if h, _, err := net.SplitHostPort(name); err == nil {
				name = h
			}
			if name == "" {
				continue
			}
			for _, domain := range d.info.Domains {
				if name == domain || strings.HasSuffix(name, "."+domain) || strings.HasSuffix(domain, "."+name) {
					continue next
				}
			}
			for _, k := range kept {
				if k == entry {
					continue next
				}
			}
			kept = append(kept, entry)
		}
	}
	return strings.Join(kept, ",")
}

// tried says which hosts a session's clients asked for that no mirror answers, beyond what
// they had asked for before; of a session that has ended meanwhile nothing.
func tried(ctx context.Context, c host.Proxies, id string, before []host.TriedHost) []string {
	info, err := c.Proxy(ctx, id)
	if err != nil {
		return nil
	}
	var lines, refused, passed []string
	for _, h := range info.Tried {
		if slices.Contains(before, h) {
			continue // it was not asked for again
		}
		if h.Alert != "" {
			lines = append(lines, refusedCertificate(h))
		} else if h.Refused > 0 {
			refused = append(refused, printable(h.Host))
		} else {
			passed = append(passed, printable(h.Host))
		}
	}
	if refused != nil {
		lines = append(lines, "refused, as no mirror answers for it: "+strings.Join(refused, ", "))
	}
	if passed != nil {
		lines = append(lines, "reached for real: "+strings.Join(passed, ", "))
	}
	return lines
}

// readOptional returns what a file has, nothing for one that cannot be read.
func readOptional(path string) []byte {
	if path == "" {
		return nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return b
}
