package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// exampleApp is an application of examples/apps, which knows nothing of Mirra, in a
// session of its own.
type exampleApp struct {
	*project
	mirror string // URL of its vendor's mirror
	base   string // of the application
}

// apps is the folder of the applications.
const apps = "../../examples/apps/"

// runApp starts a session of a vendor whose events go to a path of the application,
// and the application under `mirra exec`.
func runApp(t *testing.T, folder, mirror, hook string, upArgs, command []string) *exampleApp {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
	l.Close() // the application takes it in a moment
	p := &exampleApp{project: &project{t: t, folder: folder, home: home}, base: "http://127.0.0.1:" + port}
	var u upped
	args := append([]string{"up", "--json", "--new", "--mirrors", mirror, "--forward", mirror + "=" + p.base + hook}, upArgs...)
	if err := json.Unmarshal([]byte(p.mirra(args...)), &u); err != nil {
		t.Fatal(err)
	}
	p.id, p.mirror = u.SessionID, u.Mirrors[0].URL
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	cmd := exec.Command(binary, append([]string{"exec", "--quiet", "--"}, command...)...)
	cmd.Dir, cmd.Env = p.folder, environment(home, "MIRRA_SESSION="+p.id, "PORT="+port)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = cmd.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), port) {
			break
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, out) // until it ends
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // exec passes it on
		<-drained
		_ = cmd.Wait()
	})
	if !strings.Contains(said.String(), port) {
		t.Fatalf("the application ended:\n%s", &said)
	}
	return p
}

// ask asks the application.
func (p *exampleApp) ask(method, path string, form url.Values) (status int, body string) {
	p.t.Helper()
	return p.askAt(p.base, method, path, form)
}

func (p *exampleApp) askAt(base, method, path string, form url.Values) (status int, body string) {
	p.t.Helper()
	req, err := http.NewRequest(method, base+path, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.SetBasicAuth("sk_test_123456789", "")
	resp, err := direct.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (p *exampleApp) want(status int, method, path string, form url.Values) string {
	p.t.Helper()
	got, body := p.ask(method, path, form)
	if got != status {
		p.t.Fatalf("%s %s answers %d %s, want %d", method, path, got, body, status)
	}
	return body
}

// TestGoWithResend: an application that writes no more to addresses that bounce.
func TestGoWithResend(t *testing.T) {
	t.Parallel()
	built := filepath.Join(t.TempDir(), "welcome")
	build := exec.Command("go", "build", "-o", built, ".")
	build.Dir = apps + "go-resend"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := runApp(t, apps+"go-resend", "resend", "/webhooks", nil, []string{built})
	for _, to := range []string{"delivered@resend.dev", "bounced@resend.dev"} {
		p.want(202, "POST", "/welcome", url.Values{"email": {to}})
	}
	p.mirra("clock", "advance", "1m")
	if got := p.want(200, "GET", "/closed", nil); strings.TrimSpace(got) != `["bounced@resend.dev"]` {
		t.Errorf("closed are %s", got)
	}
	p.want(409, "POST", "/welcome", url.Values{"email": {"bounced@resend.dev"}})
	p.want(202, "POST", "/welcome", url.Values{"email": {"delivered@resend.dev"}})
}

// TestExpressWithTwilio: an application that is patient with the limit, and answers
// text messages.
func TestExpressWithTwilio(t *testing.T) {
	t.Parallel()
	p := runApp(t, apps+"express-twilio", "twilio", "/sms", []string{"--seed", "twilio:verified-numbers"}, []string{"node", "app.mjs"})
	p.mirra("fault", "add", "--mirror", "twilio", "--method", "POST", "--error", "rate-limit", "--count", "1")
	p.want(202, "POST", "/remind", url.Values{"to": {"+15558675310"}})
	p.mirra("simulate", "message.received", "from=+15558675310", "to=+15555550123", "body=Yes, I am")
	p.mirra("clock", "advance", "1m")
	if got := p.want(200, "GET", "/answers", nil); got != `{"+15558675310":"Yes, I am"}` {
		t.Errorf("answers are %s", got)
	}
	if state := p.mirra("state", "twilio", "messages"); !strings.Contains(state, "See you tomorrow.") {
		t.Errorf("no reply among %s", state)
	}
}

// TestFlaskWithStripe: an application that sells something.
func TestFlaskWithStripe(t *testing.T) {
	t.Parallel()
	p := runApp(t, apps+"flask-stripe", "stripe", "/webhooks", nil, pythonCommand(t, "app.py").Args)
	order := func(cart string) (id string) {
		var made struct{ Order string }
		if err := json.Unmarshal([]byte(p.want(201, "POST", "/orders", url.Values{"cart": {cart}})), &made); err != nil {
			t.Fatal(err)
		}
		return made.Order
	}
	good, bad := order("one"), order("two")
	if again := order("one"); again != good {
		t.Errorf("the same cart is charged as %s and %s", good, again)
	}
	for id, card := range map[string]string{good: "pm_card_visa", bad: "pm_card_visa_chargeDeclined"} {
		p.askAt(p.mirror, "POST", "/v1/payment_intents/"+id+"/confirm", url.Values{"payment_method": {card}}) // what a browser would do
	}
	p.mirra("clock", "advance", "1m")
	var orders map[string]string
	if err := json.Unmarshal([]byte(p.want(200, "GET", "/orders", nil)), &orders); err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{good: "paid", bad: "declined: Your card was declined."}; fmt.Sprint(orders) != fmt.Sprint(want) {
		t.Errorf("orders are %v, want %v", orders, want)
	}
}

// nextFolder is for who runs Next.js in the folder of its example, and who copies that.
var nextFolder sync.Mutex

// TestNextWithStripe: an application that sells seats. It is copied, as it has a file
// with its secret, and Next.js writes into its folder.
func TestNextWithStripe(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tickets")
	if _, err := os.Stat(apps + "nextjs-stripe/node_modules/next"); err != nil {
		t.Fatalf("no Next.js: run make deps (%v)", err)
	}
	nextFolder.Lock() // so that nobody writes into it meanwhile
	copied := sync.OnceFunc(nextFolder.Unlock)
	defer copied()
	// By links, of what is 300 MB; Next.js takes none that lead out of its folder.
	if _, err := exec.Command("cp", "-Rl", apps+"nextjs-stripe", folder).CombinedOutput(); err != nil {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-R", apps+"nextjs-stripe", folder).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	copied()
	if err := os.RemoveAll(filepath.Join(folder, ".next")); err != nil { // of who ran it there
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ".env.local"), []byte("STRIPE_WEBHOOK_SECRET="+webhookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := runApp(t, folder, "stripe", "/webhooks", []string{"--no-egress"}, []string{"env", "NEXT_TELEMETRY_DISABLED=1", "node", "node_modules/next/dist/bin/next", "dev", "--hostname", "127.0.0.1"})
	// Next.js compiles a route when it is asked first.
	if body := p.want(400, "POST", "/webhooks", url.Values{"type": {"payment_intent.succeeded"}}); !strings.Contains(body, "stripe-signature") {
		t.Errorf("a webhook that nobody signed is answered %s", body)
	}
	p.want(422, "POST", "/orders", url.Values{"seats": {"11"}})
	order := func(seats string) (id string) {
		var made struct{ Order string }
		if err := json.Unmarshal([]byte(p.want(201, "POST", "/orders", url.Values{"seats": {seats}})), &made); err != nil {
			t.Fatal(err)
		}
		return made.Order
	}
	good, bad := order("3"), order("2")
	for id, card := range map[string]string{good: "pm_card_visa", bad: "pm_card_visa_chargeDeclined"} {
		p.askAt(p.mirror, "POST", "/v1/payment_intents/"+id+"/confirm", url.Values{"payment_method": {card}}) // what a browser would do
	}
	p.mirra("clock", "advance", "1m")
	page := p.want(200, "GET", "/", nil)
	for id, want := range map[string]string{good: "3 seats are yours", bad: "declined: Your card was declined."} {
		if !strings.Contains(page, id+": "+want) {
			t.Errorf("the page does not say that %s is %q:\n%s", id, want, page)
		}
	}
	if env := p.mirra("env"); !strings.Contains(env, webhookSecret) {
		t.Errorf("webhooks are not signed with the secret of .env.local:\n%s", env)
	}
}
