package e2e

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the table of clients in docs/drop-in.md anew")

// dropInClient is a client of the programs in dropin, which know nothing of Mirra.
type dropInClient struct {
	language, name string
	version        string // of what runs it, where there are several
	mirror         string // that it calls, stripe for ""
	command        []string
	miss           string // why it does not reach its session, "" if it does
}

// String returns "Node 22, stripe".
func (c *dropInClient) String() string {
	return strings.TrimSpace(c.language+" "+c.version) + ", " + c.name
}

// dropInClients are the rows of the table in docs/drop-in.md.
func dropInClients(t *testing.T) []*dropInClient {
	t.Helper()
	folder, err := filepath.Abs("dropin")
	if err != nil {
		t.Fatal(err)
	}
	built := t.TempDir()
	goclients := filepath.Join(built, "goclients")
	for _, command := range [][]string{{"go", "build", "-o", goclients, "./dropin/goclients"}, {"javac", "-d", built, "dropin/Clients.java"}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	var all []*dropInClient
	add := func(language string, mirrors map[string]string, command []string, names ...string) {
		for _, n := range names {
			all = append(all, &dropInClient{language: language, name: n, mirror: mirrors[n], command: append(command[:len(command):len(command)], n)})
		}
	}
	tenants := "tenants" // of examples/tenants-mirror
	for _, version := range nodeVersions {
		add("Node", map[string]string{"twilio": "twilio", "resend": "resend", "nodemailer": "resend", "auth0": tenants, "@shopify/shopify-api": tenants, "@clerk/backend": tenants, "@workos-inc/node": tenants},
			[]string{nodeProgram(t, version), filepath.Join(folder, "clients.mjs")},
			"stripe", "stripe 16", "stripe with fetch", "twilio", "resend", "auth0", "@shopify/shopify-api", "@clerk/backend", "@workos-inc/node", "axios",
			"https", "https with an agent and certificates", "http, at an address that it looked up", "fetch", "undici", "nodemailer", "http2", "tls", "a child process", "a worker thread")
		for _, c := range all {
			if c.language == "Node" && c.version == "" {
				c.version = version
			}
		}
	}
	add("Go", map[string]string{"twilio-go": "twilio", "resend-go": "resend"}, []string{goclients}, "stripe-go", "twilio-go", "resend-go", "net/http")
	add("Python", map[string]string{"smtplib": "resend"}, []string{python, "-B", filepath.Join(folder, "clients.py")},
		"http.client", "urllib", "requests", "requests without its environment", "urllib3", "stripe", "asyncio", "httpx", "aiohttp", "aiohttp on uvloop", "uvloop", "smtplib", "a child process")
	add("Ruby", map[string]string{"net/smtp": "resend"}, []string{"ruby", filepath.Join(folder, "clients.rb")}, "net/http", "net/http with a store of its own", "net/smtp", "a child process")
	add("PHP", nil, []string{"php", filepath.Join(folder, "clients.php")}, "curl", "curl with a bundle of its own", "curl with the bundle of stripe-php",
		"Guzzle", "Guzzle without curl", "Symfony HttpClient", "Symfony HttpClient without curl", "streams")
	add("Java", nil, []string{"java", "-cp", built, "Clients"}, "HttpClient", "HttpURLConnection")
	post := `curl -sS --fail-with-body -u sk_test_dropin1234567890: -d name=curl https://api.stripe.com/v1/customers | sed -n 's/.*"id": *"\(cus_[A-Za-z0-9]*\)".*/\1/p'`
	for _, c := range [][2]string{{"curl", post}, {"HTTP/1.1", strings.Replace(post, "curl", "curl --http1.1", 1)}} {
		all = append(all, &dropInClient{language: "curl", name: c[0], command: []string{"sh", "-c", c[1]}})
	}
	misses := map[string]string{
		"PHP, curl with a bundle of its own": "it trusts nobody else: give it the mirror's URL",
		"PHP, streams":                       "they know no proxy but one that their context names, and go to the vendor: give them the mirror's URL",
	}
	found := 0
	for _, c := range all {
		if c.miss = misses[c.String()]; c.miss != "" {
			found++
		}
	}
	if found != len(misses) {
		t.Fatalf("%d of %d misses are rows", found, len(misses))
	}
	return all
}

// run runs a client under mirra exec and returns what it prints. What points it at
// the mirror without the proxy is taken away.
func (c *dropInClient) run(p *project, args ...string) (string, error) {
	return p.try(append(append(append([]string{"exec", "--quiet"}, args...), "--", "env", "-u", "RESEND_BASE_URL", "-u", "STRIPE_API_BASE"), c.command...)...)
}

// reach runs programs unchanged and says of each what it made, which is in its session.
// It returns the table of the guide. left returns what left the machine since it was
// called last; nil where nobody looks.
func reach(t *testing.T, left func() []string) (table string) {
	t.Helper()
	clients := dropInClients(t)
	p := newProject(t)
	plugin := filepath.Join(p.folder, "tenants.wasm")
	if out, err := exec.Command(binary, "plugin", "build", "../../examples/tenants-mirror", "-o", plugin).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.mirra("plugin", "install", "./tenants.wasm")
	p.mirra("up", "--mirrors", "stripe,twilio,resend,tenants", "--limits", "off", "--detach", "--quiet")
	t.Cleanup(func() { p.mirra("down") })
	run := func(c *dropInClient) {
		out, err := c.run(p)
		id := strings.TrimSpace(out)
		if c.miss != "" {
			if err == nil && id != "" {
				t.Errorf("%s works: take its miss away", c)
			}
			return
		}
		if err != nil || id == "" || strings.ContainsAny(id, " \n") {
			t.Errorf("%s: printed %q, %v", c, out, err)
			return
		}
		state, err := p.try("state", cmp.Or(c.mirror, "stripe"), "--json")
		if err != nil || !strings.Contains(state, `"`+id+`"`) {
			t.Errorf("%s: %s is not in the session (%v)", c, id, err)
		}
	}
	slots := make(chan struct{}, 4)
	var all sync.WaitGroup
	for _, c := range clients {
		if c.miss == "" {
			all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				run(c)
			})
		}
	}
	all.Wait()
	if left != nil {
		if seen := left(); seen != nil {
			t.Errorf("left the machine: %v", seen)
		}
	}
	for _, c := range clients {
		if c.miss != "" {
			run(c)
		}
	}
	return tableOf(clients)
}

// tableOf is the table of the guide. Versions with the same result share a line.
func tableOf(clients []*dropInClient) string {
	var lines []string
	versions := map[string][]string{}
	for _, c := range clients {
		reaches := "yes"
		if c.miss != "" {
			reaches = "no: " + c.miss
		}
		line := fmt.Sprintf("| %s%%s | %s | %s |", c.language, c.name, reaches)
		if versions[line] == nil {
			lines = append(lines, line)
		}
		versions[line] = append(versions[line], c.version)
	}
	table := "| language | client | reaches its session |\n| --- | --- | --- |\n"
	for _, line := range lines {
		table += strings.TrimSpace(fmt.Sprintf(line, strings.TrimSuffix(" "+strings.Join(versions[line], ", "), " "))) + "\n"
	}
	return table
}

// tableFile is the variable with the file that TestDropIn leaves its table in.
const tableFile = "MIRRA_E2E_TABLE"

// TestDropIn: what each client makes is in its session, in a network of its own where
// there is one. The table of the guide says which do.
func TestDropIn(t *testing.T) {
	t.Parallel()
	const guide, begin, end = "../../docs/drop-in.md", "<!-- clients -->\n", "<!-- end of clients -->\n"
	table := reachAlone(t)
	if t.Failed() {
		return
	}
	if file := os.Getenv(tableFile); file != "" {
		if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
			t.Error(err)
		}
	}
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	old, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no table of clients between %q and %q", guide, begin, end)
	}
	if old == table {
		return
	}
	if *update {
		if err := os.WriteFile(guide, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s says otherwise of what works: go test -run TestDropIn -update, and review the difference. It is\n%s", guide, table)
}

// TestExecPassesThrough: the command's output is alone on stdout, its exit code and
// signals pass, its session and what was written for it end with it.
func TestExecPassesThrough(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.home = t.TempDir()
	t.Cleanup(func() { p.mirra("down", "--all") })
	run := func(args ...string) (stdout, stderr string, code int) {
		cmd := exec.Command(binary, args...)
		cmd.Dir, cmd.Env = p.folder, environment(p.home)
		var out, diagnostics bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &diagnostics
		_ = cmd.Run() // the code says it
		return out.String(), diagnostics.String(), cmd.ProcessState.ExitCode()
	}
	out, diagnostics, code := run("exec", "--mirrors", "stripe", "--", "sh", "-c", "echo $MIRRA_CA_FILE; cat >/dev/null $MIRRA_CA_FILE && exit 7")
	ca := strings.TrimSpace(out)
	if code != 7 || !filepath.IsAbs(ca) || strings.Contains(ca, "\n") {
		t.Errorf("code %d, stdout %q, stderr %q", code, out, diagnostics)
	}
	if _, err := os.Stat(filepath.Dir(ca)); !os.IsNotExist(err) {
		t.Errorf("%s is left behind (%v)", filepath.Dir(ca), err)
	}
	if out, _, _ := run("sessions"); !strings.Contains(out, "No sessions") {
		t.Errorf("left behind: %s", out)
	}
	if _, _, code := run("exec", "--mirrors", "stripe", "--", "sh", "-c", "kill -KILL $$"); code != 128+9 {
		t.Errorf("a killed command ends with %d", code)
	}
	if _, diagnostics, code := run("exec", "--mirrors", "stripe"); code != 64 || !strings.Contains(diagnostics, "mirra exec -- CMD") {
		t.Errorf("no command: %d %s", code, diagnostics)
	}
	// SIGTERM is for the command, which decides what it means.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "exec", "--mirrors", "stripe", "--", "sh", "-c", `trap 'echo terminated; exit 5' TERM; echo ready; while :; do sleep 1 & wait $!; done`)
	cmd.Dir, cmd.Env = p.folder, environment(p.home)
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, len("ready\n"))
	if _, err := stdout.Read(ready); err != nil || string(ready) != "ready\n" {
		t.Fatalf("%q %v", ready, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(stdout); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the code says it
	if code := cmd.ProcessState.ExitCode(); code != 5 || rest.String() != "terminated\n" {
		t.Errorf("SIGTERM: %d %q", code, rest.String())
	}
}

// TestPrepended: what PHP ran in front of scripts before the hook was there runs still.
func TestPrepended(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	for name, text := range map[string]string{
		"own/own.ini": "auto_prepend_file=" + filepath.Join(p.folder, "first.php"), "first.php": "<?php $first = 'first';", "script.php": "<?php echo $first, ' ', count(spl_autoload_functions());",
	} {
		file := filepath.Join(p.folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out := p.mirra("exec", "--quiet", "--mirrors", "stripe", "--", "sh", "-c", "PHP_INI_SCAN_DIR=:own$PHP_INI_SCAN_DIR php script.php"); out != "first 1" {
		t.Errorf("printed %q", out)
	}
}

// TestNoEgress: hosts without a mirror are refused for every client, and named in the
// end.
func TestNoEgress(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	for name, command := range map[string]string{
		"curl":   "curl -sS https://refused.example",
		"node":   `node -e 'fetch("https://refused.example").catch((e) => { console.error(e.cause?.message ?? e); process.exit(1) })'`,
		"python": python + ` -c 'import http.client; http.client.HTTPSConnection("refused.example").request("GET", "/")'`,
		"ruby":   `ruby -rsocket -e 'TCPSocket.new("refused.example", 443)'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := p.try("up", "--new", "--no-egress", "--mirrors", "stripe", "--", "sh", "-c", command)
			if err == nil || !strings.Contains(err.Error(), "refused, as no mirror answers for it: refused.example:443") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestDropInURLs: what answers say of themselves are the vendor's own URLs, also of
// another of its hosts.
func TestDropInURLs(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.mirra("up", "--mirrors", "twilio", "--detach", "--quiet")
	t.Cleanup(func() { p.mirra("down") })
	curl := func(args ...string) string {
		return p.mirra(append([]string{"exec", "--quiet", "--", "curl", "-sS", "--fail-with-body", "-u", twilioAccount + ":" + twilioToken}, args...)...)
	}
	var service struct {
		SID, URL string
		Links    map[string]string
	}
	if err := json.Unmarshal([]byte(curl("https://verify.twilio.com/v2/Services", "-d", "FriendlyName=App")), &service); err != nil {
		t.Fatal(err)
	}
	if want := "https://verify.twilio.com/v2/Services/" + service.SID; service.URL != want || service.Links["verifications"] != want+"/Verifications" {
		t.Errorf("%+v", service)
	}
	var page struct{ Meta struct{ URL string } }
	if err := json.Unmarshal([]byte(curl("https://messaging.twilio.com/v1/Services?PageSize=1")), &page); err != nil || !strings.HasPrefix(page.Meta.URL, "https://messaging.twilio.com/v1/Services") {
		t.Errorf("%+v %v", page, err)
	}
}
