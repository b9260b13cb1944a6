package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/host/hosttest"
)

// Scripts run the real program, a server in the background included, each with
// folders of its own. Plugins and what they compile to are shared: building
// them takes longer than all scripts.
func TestMain(m *testing.M) {
	if folder := os.Getenv(warmVariable); folder != "" {
		if err := warm(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	testscript.Main(m, map[string]func(){
		"mirra": func() {
			embeddedPlugins = embed.FS{} // what `make build` put there is not these tests'
			main()
		},
		"greet":    greet,
		"hall":     hall,
		"peer":     peer,
		"requests": requests,
	})
}

// peer is `peer PORT STATUS FILE`: a program that answers every request with a
// file.
func peer() {
	status, err := strconv.Atoi(os.Args[2])
	var text []byte
	if err == nil {
		text, err = os.ReadFile(os.Args[3])
	}
	if err == nil {
		err = http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write(text) // a client that went away misses nothing
		}))
	}
	fmt.Fprintln(os.Stderr, "peer:", err)
	os.Exit(1)
}

// requests is `requests FILE`: sends what the lines of a file say to
// $STRIPE_API_BASE and prints the statuses. A line is [NAME =] METHOD TARGET
// [BODY] [HEADER:VALUE]...; {NAME} stands for the id that the answer NAME had.
func requests() {
	err := func() error {
		text, err := os.ReadFile(os.Args[1])
		if err != nil {
			return err
		}
		ids := []string{}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			words := strings.Fields(strings.NewReplacer(ids...).Replace(line))
			name := ""
			if words[1] == "=" {
				name, words = words[0], words[2:]
			}
			body := ""
			header := http.Header{"Authorization": {"Bearer sk_test_51RecorderOfTheTest"}}
			for _, w := range words[2:] {
				if key, v, ok := strings.Cut(w, ":"); ok && !strings.Contains(key, "=") {
					header.Set(key, strings.ReplaceAll(v, "+", " "))
				} else {
					body = w
					header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
			}
			req, err := http.NewRequest(words[0], os.Getenv("STRIPE_API_BASE")+words[1], strings.NewReader(body))
			if err != nil {
				return err
			}
			req.Header = header
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			var answer struct{ ID string }
			err = json.NewDecoder(resp.Body).Decode(&answer)
			resp.Body.Close()
			if err != nil && resp.StatusCode < 300 {
				return err
			}
			ids = append(ids, "{"+name+"}", answer.ID)
			fmt.Println(resp.StatusCode, words[0], words[1])
		}
		return nil
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "requests:", err)
		os.Exit(1)
	}
}

// warmVariable makes this test binary compile the plugins of a folder only.
const warmVariable = "MIRRA_TEST_WARM"

// buildShared builds examples/hello-mirror, varied by its manifest: builds 1
// and 2 of line v1, and line v2.
func buildShared(folder string) error {
	module, m, err := buildPlugin(context.Background(), filepath.Join("..", "..", "examples", "hello-mirror"), "", os.Stderr)
	if err != nil {
		return err
	}
	bare, err := cutManifest(module, m)
	if err != nil {
		return err
	}
	m.Detect = abi.Detect{
		NPM: []string{"hello-sdk"}, Go: []string{"example.com/hello-go"}, PyPI: []string{"hello-py"}, Gem: []string{"hello"}, Composer: []string{"hello/hello-php"},
		Maven: []string{"example.hello:hello-java"}, Env: []string{"HELLO_API_KEY"},
		Versions: map[string]string{"npm:hello-sdk@1": "v1", "npm:hello-sdk@2": "v2", "go:example.com/hello-go@2": "v2"},
	}
	m.Fixtures = []abi.Fixture{{Name: "busy", Summary: "never loaded here"}}
	for _, v := range []struct {
		file, line, api string
		build           int
	}{{"plugins/one.wasm", "v1", "v1", 1}, {"newer/two.wasm", "v1", "v1", 2}, {"plugins/other.wasm", "v2", "v2", 1}} {
		m.Line, m.Build, m.API.Default = v.line, v.build, v.api
		if err := writeModule(filepath.Join(folder, v.file), bare, m); err != nil {
			return err
		}
	}
	stripe, _, err := buildPlugin(context.Background(), filepath.Join("..", "..", "plugins", "stripe"), "", os.Stderr)
	if err == nil {
		err = os.MkdirAll(filepath.Join(folder, "vendors"), 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "vendors", "stripe.wasm"), stripe, 0o644)
	}
	if err != nil {
		return err
	}
	m.ABI = 99
	if err := writeModule(filepath.Join(folder, "bad", "abi.wasm"), bare, m); err != nil {
		return err
	}
	m.ABI = abi.Version
	for name, data := range map[string][]byte{"text.wasm": []byte("hello\n"), "bare.wasm": bare, "cut.wasm": module[:len(module)/2]} {
		if err := os.WriteFile(filepath.Join(folder, "bad", name), data, 0o644); err != nil {
			return err
		}
	}
	// A foreign module: sound WebAssembly that asks for what Mirra does not have.
	foreign := append([]byte("\x00asm\x01\x00\x00\x00"), 1, 4, 1, 0x60, 0, 0, 2, 9, 1, 3, 'e', 'n', 'v', 1, 'f', 0, 0)
	if err := writeModule(filepath.Join(folder, "bad", "foreign.wasm"), foreign, m); err != nil {
		return err
	}
	// The race detector makes compiling take a minute: this test binary without
	// it compiles for the cache.
	cmd := exec.Command("go", "test", "-count=1", ".")
	cmd.Env = append(os.Environ(), warmVariable+"="+folder, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile plugins: %w: %s", err, out)
	}
	return nil
}

// cutManifest returns a module as it was before m was appended.
func cutManifest(module []byte, m *abi.Manifest) ([]byte, error) {
	empty := []byte("\x00asm\x01\x00\x00\x00")
	section, err := abi.AppendManifest(empty, m)
	return module[:len(module)-len(section)+len(empty)], err
}

func writeModule(path string, bare []byte, m *abi.Manifest) error {
	file, err := abi.AppendManifest(bare, m)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, file, 0o644)
	}
	return err
}

func warm(folder string) error {
	for _, name := range []string{"plugins/one.wasm", "newer/two.wasm", "plugins/other.wasm", "vendors/stripe.wasm"} {
		file, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = assembly.Compile(context.Background(), filepath.Join(folder, "cache", "mirra"), file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestScripts(t *testing.T) {
	shared := t.TempDir()
	if err := buildShared(shared); err != nil {
		t.Fatal(err)
	}
	cassettes, err := filepath.Abs("../../conformance/vendorsuite/testdata")
	if err != nil {
		t.Fatal(err)
	}
	documented, err := filepath.Abs("../../plugins/stripe/testdata/documented")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"CONFIG", "STATE", "DATA"} {
				e.Setenv("XDG_"+name+"_HOME", filepath.Join(e.WorkDir, ".home", strings.ToLower(name)))
			}
			e.Setenv("HOME", filepath.Join(e.WorkDir, ".home"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(shared, "cache"))
			e.Setenv("SHARED", shared)
			e.Setenv("CASSETTES", cassettes)
			e.Setenv("DOCUMENTED", documented)
			e.Setenv("DRIFT", filepath.Join(documented, "..", "..", "drift.yaml"))
			e.Setenv("MIRRA_PLUGIN_PATH", filepath.Join(shared, "plugins"))
			e.Setenv("MIRRA_PORT", "0")
			e.Setenv("MIRRA_IDLE_EXIT", "60s")
			state := filepath.Join(e.WorkDir, ".home", "state", "mirra", "server.json")
			e.Defer(func() { endServer(state) })
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fetch": fetchCommand, "jsonenv": jsonEnvCommand, "listen": listenCommand, "received": receivedCommand, "killserver": killServerCommand, "takeport": takePortCommand, "edit": editCommand, "serve": serveScript, "certify": certifyCommand, "model": modelCommand, "asked": askedCommand,
		},
	})
}

// endServer kills the server that a script started.
func endServer(state string) {
	if s, err := readState(state); err == nil {
		if p, err := os.FindProcess(s.PID); err == nil {
			_ = p.Kill() // it may have ended by itself
		}
	}
}

// fetchCommand is `fetch STATUS METHOD URL [HEADER: VALUE | BODY]...`: the
// answer is left in the file named answer. Names of https URLs all lead here;
// ca.pem, which certify writes, is trusted.
func fetchCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fetch STATUS METHOD URL [HEADER: VALUE | BODY]...")
	}
	var body string
	header := http.Header{}
	for _, a := range args[3:] {
		if name, value, ok := strings.Cut(a, ": "); ok && !strings.HasPrefix(a, "{") {
			header.Add(name, value)
		} else {
			body = a
		}
	}
	req, err := http.NewRequest(args[1], args[2], strings.NewReader(body))
	ts.Check(err)
	req.Header = header
	if h := header.Get("Host"); h != "" {
		req.Host = h
	}
	transport := http.DefaultTransport
	if req.URL.Scheme == "https" {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(ts.ReadFile("ca.pem")))
		transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+req.URL.Port())
		}}
	}
	resp, err := transport.RoundTrip(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), text, 0o644))
	if got := strconv.Itoa(resp.StatusCode); got != args[0] {
		ts.Fatalf("%s %s answers %s, want %s: %s", args[1], args[2], got, args[0], text)
	}
}

// jsonEnvCommand is `jsonenv VARIABLE FILE PATH`: a value of a JSON document,
// such as mirrors.0.url.
func jsonEnvCommand(ts *testscript.TestScript, _ bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &v))
	for _, key := range strings.Split(args[2], ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			i, err := strconv.Atoi(key)
			ts.Check(err)
			if i >= len(x) {
				ts.Fatalf("%s: there are %d", args[2], len(x))
			}
			v = x[i]
		default:
			ts.Fatalf("%s: nothing at %s", args[2], key)
		}
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

// listener records what is sent to it.
type listener struct {
	mu     sync.Mutex
	bodies []string
}

var listeners sync.Map // by URL

// listenCommand is `listen VARIABLE`: an application that takes webhooks.
func listenCommand(ts *testscript.TestScript, _ bool, args []string) {
	l := &listener{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var head strings.Builder
		_ = r.Header.Write(&head)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.bodies = append(l.bodies, head.String()+string(b))
	}))
	ts.Defer(s.Close)
	listeners.Store(s.URL, l)
	ts.Setenv(args[0], s.URL)
}

// receivedCommand is `received URL PATTERN [COUNT]`: waits until so many
// requests that match have come.
func receivedCommand(ts *testscript.TestScript, neg bool, args []string) {
	l, _ := listeners.Load(args[0])
	want := 1
	if len(args) > 2 {
		want, _ = strconv.Atoi(args[2])
	}
	pattern := regexp.MustCompile(args[1])
	got := 0
	for range 200 {
		got = 0
		l.(*listener).mu.Lock()
		for _, b := range l.(*listener).bodies {
			if pattern.MatchString(b) {
				got++
			}
		}
		l.(*listener).mu.Unlock()
		if neg || got >= want {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if neg && got > 0 || !neg && got != want {
		ts.Fatalf("%d requests match %s: %q", got, args[1], l.(*listener).bodies)
	}
}

// killServerCommand kills the server as a crash would.
func killServerCommand(ts *testscript.TestScript, _ bool, _ []string) {
	s, err := readState(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "mirra", "server.json"))
	ts.Check(err)
	p, err := os.FindProcess(s.PID)
	ts.Check(err)
	ts.Check(p.Kill())
	for range 200 {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.Control, "http://"))
		if err != nil {
			return
		}
		c.Close()
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("the server does not die")
}

// serveScript is `serve [FLAG...]`: mirra serve in the background, once it
// listens. SERVE_URL, SERVE_MIRRORS and SERVE_TOKEN say where; its log is the
// file serve.log.
func serveScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! serve")
	}
	log, err := os.OpenFile(ts.MkAbs("serve.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	defer log.Close() // the child has its own
	bin := ""
	for _, folder := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(folder, "mirra"+ts.Getenv("exe")); bin == "" {
			if _, err := os.Stat(path); err == nil {
				bin = path
			}
		}
	}
	cmd := exec.Command(bin, append([]string{"serve", "--json"}, args...)...)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), log
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SYSTEMROOT", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "MIRRA_PLUGIN_PATH", "MIRRA_PORT"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	})
	var s serverState
	if err := json.NewDecoder(out).Decode(&s); err != nil {
		ts.Fatalf("mirra serve: %v: %s", err, ts.ReadFile("serve.log"))
	}
	ts.Setenv("SERVE_URL", s.Control)
	ts.Setenv("SERVE_MIRRORS", s.Vendor)
	ts.Setenv("SERVE_TLS", s.TLS)
	ts.Setenv("SERVE_TOKEN", s.Token)
}

// certifyCommand is `certify CERT KEY NAME...`: writes a certificate, its key,
// and whom to trust for it as ca.pem.
func certifyCommand(ts *testscript.TestScript, _ bool, args []string) {
	ca, err := hosttest.NewAuthority()
	ts.Check(err)
	cert, key, err := ca.Issue(1, args[2:]...)
	ts.Check(err)
	for name, text := range map[string][]byte{"ca.pem": ca.PEM, args[0]: cert, args[1]: key} {
		ts.Check(os.WriteFile(ts.MkAbs(name), text, 0o600))
	}
}

// takePortCommand is `takeport VARIABLE`: a port that another program has.
func takePortCommand(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
}

// editCommand is `edit FILE OLD NEW`.
func editCommand(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o644))
}
