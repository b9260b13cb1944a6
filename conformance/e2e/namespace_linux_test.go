package e2e

import (
	"bufio"
	wire "encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// inNamespace is set in the test binary that runs within a network and mount
// namespace of its own, to the folder where clients were built.
const inNamespace = "MIRRA_E2E_NAMESPACE"

// TestNothingLeaves runs TestWithinNamespace where this test is the name server of
// everything, and every vendor: unshare makes a network of loopback alone.
func TestNothingLeaves(t *testing.T) {
	t.Parallel()
	resolv := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(resolv, []byte(nameServers), 0o644); err != nil {
		t.Fatal(err)
	}
	built := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(built, "goclients"), "./dropin/goclients").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	within(t, "TestWithinNamespace", resolv, "/etc/resolv.conf", inNamespace+"="+built)
}

// within runs a test of this binary in a network of loopback alone, with file in the
// place of one of the system's.
func within(t *testing.T, test, file, place, env string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := `mount --bind "$1" "$2" && ip link set lo up && exec "$3" -test.run "^$4\$" -test.v`
	flags := "-mn"
	if os.Getuid() != 0 {
		flags = "-rmn"
	}
	cmd := exec.Command("unshare", flags, "sh", "-c", script, "sh", file, place, self, test)
	cmd.Env = append(environment(t.TempDir(), env), "MIRRA="+binary)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+test) {
		t.Errorf("%v (a kernel that permits unshare %s is needed)\n%s", err, flags, out)
	}
}

// outside is all there is but Mirra: it answers for every name, and notes who asks.
type outside struct {
	mu    sync.Mutex
	asked []string // names looked up, and connections made
}

func (o *outside) note(format string, args ...any) {
	o.mu.Lock()
	o.asked = append(o.asked, fmt.Sprintf(format, args...))
	o.mu.Unlock()
}

// take returns what was asked since the last time.
func (o *outside) take() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.asked
	o.asked = nil
	return all
}

// nameServers is the resolv.conf that names it.
const nameServers = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"

// vendorAddress is where every name leads.
const vendorAddress = "127.9.9.9"

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{}
	names, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { names.Close() })
	go func() {
		for b := make([]byte, 1500); ; {
			n, from, err := names.ReadFrom(b)
			if err != nil {
				return
			}
			name, answer := answerName(b[:n])
			o.note("look-up of %s", name)
			_, _ = names.WriteTo(answer, from) // who asks again gets it again
		}
	}()
	for _, port := range []string{"80", "443", "465", "587"} {
		l, err := net.Listen("tcp", vendorAddress+":"+port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				o.note("connection to port %s", port)
				c.Close()
			}
		}()
	}
	return o
}

// answerName answers a query for an address, RFC 1035 section 4.
func answerName(q []byte) (name string, answer []byte) {
	if len(q) < 12 {
		return "", nil
	}
	at := 12
	for at < len(q) && q[at] != 0 {
		end := min(at+1+int(q[at]), len(q))
		name += string(q[at+1:end]) + "."
		at = end
	}
	end := min(at+5, len(q))
	answer = append([]byte{}, q[:end]...)
	wire.BigEndian.PutUint16(answer[2:], 0x8580) // an answer, with authority
	clear(answer[6:12])
	if end-at == 5 && wire.BigEndian.Uint16(q[at+1:]) == 1 { // an IPv4 address
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, net.ParseIP(vendorAddress).To4()...)
	}
	return strings.TrimSuffix(name, "."), answer
}

// undeclared are names below claimed domains that no mirror serves.
var undeclared = []string{"stripe.com", "dashboard.stripe.com", "connect.stripe.com", "a.b.stripe.com", "API2.STRIPE.COM", "twilio.com", "conversations.twilio.com", "smtp.resend.com", "www.resend.com"}

// callers try to reach $1 in every way that clients have. They may fail.
var callers = map[string]string{
	"node": `node -e 'const h = process.argv[1]; const done = []; for (const f of [() => fetch("https://" + h), () => fetch("http://" + h), () => require("dns").promises.lookup(h), () => require("dns").promises.resolve4(h), ...[80, 443, 465, 587].map((p) => () => new Promise((ok, no) => require("net").connect(p, h).on("error", no).on("connect", function () { this.end(); ok(); })))]) done.push(f().catch(() => {})); Promise.all(done).then(() => process.exit())' "$1"`,
	"python": python + ` -B -c 'import sys, socket, http.client, urllib.request, asyncio, requests; h = sys.argv[1]; t = lambda f: [None for _ in [0] if not attempt(f)]
def attempt(f):
    try: f()
    except Exception: pass
for f in (lambda: http.client.HTTPSConnection(h).request("GET", "/"), lambda: urllib.request.urlopen("http://" + h), lambda: requests.get("https://" + h), lambda: socket.create_connection((h, 465)), lambda: socket.create_connection((h, 587)), lambda: socket.socket().connect((h, 443)), lambda: socket.gethostbyname(h), lambda: asyncio.run(asyncio.open_connection(h, 443)), lambda: (__import__("uvloop").install(), asyncio.run(asyncio.open_connection(h, 443)))): attempt(f)' "$1"`,
	"ruby": `ruby -rsocket -rnet/http -e 'h = ARGV[0]; [-> { Net::HTTP.get(URI("https://#{h}/")) }, -> { Net::HTTP.new(h, 80, nil).get("/") }, -> { TCPSocket.new(h, 465) }, -> { TCPSocket.new(h, 587) }, -> { Socket.tcp(h, 443) { } }, -> { IPSocket.getaddress(h) }, -> { Addrinfo.getaddrinfo(h, 443) }].each { |f| begin; f.call; rescue StandardError; end }' "$1"`,
	"curl": `curl -sk "https://$1/" || true; curl -sk "http://$1/" || true; curl -sk "https://$1:587/"`,
}

// interrupted call a vendor, print what became of it, and once they are told call
// again, by the connection that they have and by another.
var interrupted = map[string]string{
	"node": `node -e 'const call = (more) => fetch("https://api.stripe.com/v1/customers", { headers: { authorization: "Bearer sk_test_dropin1234567890", ...more } }).then((r) => r.text()).then(() => "answered", () => "failed");
call().then((was) => { console.log(was); process.stdin.once("data", async () => { console.log(await call() + " " + await call({ connection: "close" })); process.exit(); }); });'`,
	"python": python + ` -B -c 'import http.client
def call(c):
    try:
        c.request("GET", "/v1/customers", headers={"Authorization": "Bearer sk_test_dropin1234567890"})
        c.getresponse().read()
        return "answered"
    except OSError: return "failed"
    except http.client.HTTPException: return "failed"
c = http.client.HTTPSConnection("api.stripe.com")
print(call(c), flush=True)
input()
print(call(c), call(http.client.HTTPSConnection("api.stripe.com")))'`,
	"ruby": `ruby -rnet/http -e 'call = ->(c) { begin; c.start unless c.started?; c.get("/v1/customers", "Authorization" => "Bearer sk_test_dropin1234567890"); "answered"; rescue StandardError; "failed"; end }
other = -> { Net::HTTP.new("api.stripe.com", 443).tap { |c| c.use_ssl = true } }
c = other.call
puts call.call(c)
$stdout.flush
gets
puts call.call(c) + " " + call.call(other.call)'`,
	"curl": `call() { curl -sS -u sk_test_dropin1234567890: https://api.stripe.com/v1/customers >/dev/null && echo answered || echo failed; }; call; read -r told; echo $(call) $(call)`,
}

// interrupt kills the server, as SIGKILL does, while clients run that have called a
// vendor, and lets them go on.
func interrupt(t *testing.T, p *project, env string) {
	t.Helper()
	type client struct {
		caller string
		cmd    *exec.Cmd
		tell   io.WriteCloser
		said   *bufio.Reader
	}
	var clients []*client
	for caller, script := range interrupted {
		cmd, tell, out := p.piped("sh", "-c", env+script)
		c := &client{caller, cmd, tell, bufio.NewReader(out)}
		if line, err := c.said.ReadString('\n'); err != nil || line != "answered\n" {
			t.Errorf("%s, in front of the end: %q %v", caller, line, err)
		}
		clients = append(clients, c)
	}
	kill(t, p.home)
	for _, c := range clients {
		if _, err := io.WriteString(c.tell, "go on\n"); err != nil {
			t.Errorf("%s: %v", c.caller, err)
		}
		if line, err := c.said.ReadString('\n'); err != nil || line != "failed failed\n" {
			t.Errorf("%s, behind the end: %q %v", c.caller, line, err)
		}
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("%s: %v", c.caller, err)
		}
	}
}

// TestWithinNamespace is TestNothingLeaves's other half.
func TestWithinNamespace(t *testing.T) {
	built := os.Getenv(inNamespace)
	if built == "" {
		return // TestNothingLeaves runs it
	}
	o := newOutside(t)
	p := newProject(t)
	p.home = t.TempDir()
	p.mirra("up", "--mirrors", "stripe,resend", "--detach", "--quiet") // Twilio's domain is claimed without a mirror
	t.Cleanup(func() { p.mirra("down", "--all") })

	// The outside sees what leaves.
	for caller, script := range callers {
		_, _ = p.try("exec", "--quiet", "--", "sh", "-c", script, "sh", "outside.example") // nobody answers there
		if seen := strings.Join(o.take(), ", "); !strings.Contains(seen, "look-up of outside.example") || !strings.Contains(seen, "connection to port") {
			t.Errorf("%s to another host was not seen: %q", caller, seen)
		}
	}
	env := p.mirra("env", "--shell", "sh")
	asked := 0
	try := func(state string) {
		for caller, script := range callers {
			for _, name := range undeclared {
				cmd := exec.Command("sh", "-c", env+script, "sh", name)
				cmd.Dir, cmd.Env = p.folder, environment(p.home)
				out, _ := cmd.CombinedOutput() // most fail, and should
				if seen := o.take(); seen != nil {
					t.Errorf("%s, %s to %s: %v\n%s", state, caller, name, seen, out)
				}
				asked++
			}
		}
		for _, client := range []string{"stripe-go", "twilio-go", "net/http"} {
			cmd := exec.Command("sh", "-c", env+`exec "$@"`, "sh", filepath.Join(built, "goclients"), client)
			cmd.Dir, cmd.Env = p.folder, environment(p.home)
			_, _ = cmd.CombinedOutput() // fails once there is no session
			if seen := o.take(); seen != nil {
				t.Errorf("%s, %s: %v", state, client, seen)
			}
		}
	}
	try("session lives")
	p.mirra("down")
	try("session ended")
	p.mirra("down", "--all")
	try("server ended")
	p.mirra("up", "--mirrors", "stripe,resend", "--detach", "--quiet")
	env = p.mirra("env", "--shell", "sh")
	interrupt(t, p, env)
	if seen := o.take(); seen != nil {
		t.Errorf("server killed, while clients run: %v", seen)
	}
	try("server killed")
	if asked != 4*len(callers)*len(undeclared) {
		t.Errorf("%d calls", asked)
	}
	killedWithin(t, p, o)
	passThrough(t, p, o)
}

// piped starts a command of the project that is told when to go on.
func (p *project) piped(command ...string) (cmd *exec.Cmd, in io.WriteCloser, out io.ReadCloser) {
	p.t.Helper()
	cmd = exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = p.folder, environment(p.home)
	in, err := cmd.StdinPipe()
	if err == nil {
		out, err = cmd.StdoutPipe()
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return cmd, in, out
}

// killedWithin: a command whose server is killed in the middle of it reaches nobody
// from then on.
func killedWithin(t *testing.T, p *project, o *outside) {
	t.Helper()
	script := `read -r go
curl -sS --fail-with-body -u sk_test_dropin1234567890: https://api.stripe.com/v1/customers >/dev/null && echo answered
node -e 'fetch("https://api.stripe.com/v1/customers").then(() => console.log("answered"), () => {})'
curl -sS http://api.stripe.com/ && echo answered
` + "set -- api.stripe.com\n"
	for _, caller := range callers {
		script += "( " + caller + " )\n"
	}
	cmd, in, out := p.piped(binary, "exec", "--quiet", "--mirrors", "stripe", "--", "sh", "-c", "echo ready\n"+script+"echo over\n")
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("exec printed %q", lines.Text())
	}
	var server struct{ PID int }
	text, err := os.ReadFile(filepath.Join(p.home, "state", "server.json"))
	if err == nil {
		err = json.Unmarshal(text, &server)
	}
	if err != nil || server.PID <= 1 {
		t.Fatalf("the server's state is %q, %v", text, err)
	}
	if err := syscall.Kill(server.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	o.take()
	fmt.Fprintln(in, "go")
	over := false
	for lines.Scan() {
		if lines.Text() == "answered" {
			t.Error("a client was answered by nobody")
		}
		over = over || lines.Text() == "over"
	}
	_ = cmd.Wait() // it misses its server
	if seen := o.take(); seen != nil || !over {
		t.Errorf("once the server was killed: %v, over %v", seen, over)
	}
}

// passThrough: what mirra.yaml excepts reaches the vendor from every client, and nothing
// else does; with --no-egress nothing at all.
func passThrough(t *testing.T, p *project, o *outside) {
	t.Helper()
	const excepted = "pass-through: [dashboard.stripe.com, '*.stripe.com', conversations.twilio.com]\n"
	if err := os.WriteFile(filepath.Join(p.folder, "mirra.yaml"), []byte("mirrors: [stripe, resend]\n"+excepted), 0o600); err != nil {
		t.Fatal(err)
	}
	leaves := map[string]bool{"dashboard.stripe.com": true, "connect.stripe.com": true, "a.b.stripe.com": true, "API2.STRIPE.COM": true, "conversations.twilio.com": true}
	for _, state := range []struct {
		name string
		args []string
	}{{"pass-through", nil}, {"--no-egress", []string{"--no-egress"}}} {
		p.mirra(append([]string{"up", "--detach", "--quiet"}, state.args...)...)
		env := p.mirra("env", "--shell", "sh")
		o.take()
		for caller, script := range callers {
			for _, name := range append(slices.Clone(undeclared), "api.stripe.com") {
				cmd := exec.Command("sh", "-c", env+script, "sh", name)
				cmd.Dir, cmd.Env = p.folder, environment(p.home)
				out, _ := cmd.CombinedOutput() // nobody answers there
				seen := strings.Join(o.take(), ", ")
				want := leaves[name] && state.args == nil
				if left := strings.Contains(seen, "connection to port"); left != want || !want && seen != "" {
					t.Errorf("%s, %s to %s: %q\n%s", state.name, caller, name, seen, out)
				}
			}
		}
		p.mirra("down")
	}
}
