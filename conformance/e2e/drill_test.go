package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// drilled is what `mirra drill --json` prints, as far as the tests look at it.
type drilled struct {
	Verdict, Reason, Advice string
	Routes                  []struct {
		URL    string
		Probes []struct {
			Kind   string
			Status int
			OK     bool
		}
	}
	Phases []struct {
		Kind    string
		Calls   int
		GapsMS  []int64
		Verdict string
	}
}

// drill runs a drill of a folder's application, and returns its exit code.
func (p *project) drill(folder, name string, command ...string) (d drilled, code int) {
	p.t.Helper()
	cmd := exec.Command(binary, append([]string{"drill", name, "--json", "--timeout", "2m", "--"}, command...)...)
	cmd.Dir, cmd.Env = folder, environment(p.home)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	code = cmd.ProcessState.ExitCode()
	if e := json.Unmarshal(out, &d); e != nil {
		p.t.Fatalf("drill %s: %v, printed %s%s", name, err, out, &said)
	}
	return d, code
}

// TestDrillSignature: an example's application, which knows nothing of drills.
func TestDrillSignature(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	d, code := p.drill("../../examples/apps/flask-stripe", "stripe.signature", python, "app.py")
	if code != 0 || d.Verdict != "pass" || len(d.Routes) != 1 || !strings.HasSuffix(d.Routes[0].URL, "/webhooks") || len(d.Routes[0].Probes) != 5 {
		t.Errorf("code %d: %+v", code, d)
	}
}

// patient sends by twilio-node and backs off, as its vendor asks.
const patient = `import { createServer } from 'node:http';
import twilio from 'twilio';

const client = twilio(process.env.TWILIO_ACCOUNT_SID ?? 'AC0123456789abcdef0123456789abcdef', process.env.TWILIO_AUTH_TOKEN ?? 'secret');
const send = async (to, body) => {
  for (let n = 0; ; n++) {
    try {
      return await client.messages.create({ to, from: '+15555550123', body });
    } catch (e) {
      if (e.status !== 429 || n === 2) throw e;
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** n));
    }
  }
};
createServer(async (request, response) => {
  if (request.url !== '/reminders/sms') return response.writeHead(404).end();
  let body = '';
  for await (const chunk of request) body += chunk;
  try {
    const { phone, text } = JSON.parse(body);
    await send(phone, text);
    response.end();
  } catch (e) {
    response.writeHead(502).end(String(e));
  }
}).listen(process.env.PORT);
`

// TestDrillBackoff: an application that is asked, and one route of it found by its source.
func TestDrillBackoff(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	if err := os.WriteFile(filepath.Join(p.folder, "server.mjs"), []byte(patient), 0o600); err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("node/node_modules")
	if err == nil {
		err = os.Symlink(modules, filepath.Join(p.folder, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	d, code := p.drill(p.folder, "twilio.backoff", "node", "server.mjs")
	if code != 0 || d.Verdict != "pass" || len(d.Phases) != 3 || d.Phases[0].Calls != 3 || d.Phases[2].Calls != 1 {
		t.Errorf("code %d: %+v", code, d)
	}
}
