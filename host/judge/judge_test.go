package judge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
)

const (
	pass = `{"explanation":"Entry 3 is the refund.","result":"pass"}`
	fail = `{"explanation":"No refund is in the trace.","result":"fail"}`
)

// now makes the SDKs ask again at once.
var now = map[string]string{"Retry-After": "0"}

// both runs a test by both protocols.
func both(t *testing.T, run func(t *testing.T, provider string)) {
	t.Helper()
	t.Parallel()
	for _, provider := range []string{"anthropic", "openai"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			run(t, provider)
		})
	}
}

func mustJudge(t *testing.T, c Config) *Judge {
	t.Helper()
	j, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

var aCase = Case{Scenario: "A refund", Criterion: "the customer got the money back", Trace: []host.TraceEntry{
	{Seq: 3, Type: host.EventTraffic, Mirror: "stripe", Method: "POST", Path: "/v1/refunds", Status: 200, Response: &host.TraceMessage{Body: host.TraceBody(`{"id":"re_1"}`)}},
}}

func TestDecide(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		for _, test := range []struct {
			name    string
			steps   []answer
			outcome host.Outcome
			reason  string
			asked   int
			tokens  int64 // of input; each message has 1000
		}{
			{"pass", []answer{{text: pass}}, host.Passed, "Entry 3 is the refund.", 1, 1000},
			{"fail", []answer{{text: fail}}, host.Failed, "No refund is in the trace.", 1, 1000},
			{"fenced", []answer{{text: "```json\n" + pass + "\n```\n"}}, host.Passed, "Entry 3 is the refund.", 1, 1000},
			{"wrong, then right", []answer{{text: "It holds."}, {text: fail}}, host.Failed, "No refund is in the trace.", 2, 2000},
			{"empty, then right", []answer{{}, {text: pass}}, host.Passed, "Entry 3 is the refund.", 2, 2000},
			{"cut, then right", []answer{{text: `{"explanation":"Ent`, stop: "max_tokens"}, {text: pass}}, host.Passed, "Entry 3 is the refund.", 2, 2000},
			{"limited, then right", []answer{{status: 429, message: "slow down", headers: now}, {text: pass}}, host.Passed, "Entry 3 is the refund.", 2, 1000},
			{"overloaded, then right", []answer{{status: 529, message: "Overloaded", headers: now}, {text: pass}}, host.Passed, "Entry 3 is the refund.", 2, 1000},
			{"no schema, then right", []answer{{status: 400, message: "json_schema is not supported by this model"}, {text: pass}}, host.Passed, "Entry 3 is the refund.", 2, 1000},
			{"for the terminal", []answer{{text: `{"explanation":"\u001b[31mred\u001b[0m\n\ntwo","result":"pass"}`}}, host.Passed, "[31mred [0m two", 1, 1000},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				v := newVendor(t, test.steps...)
				j := mustJudge(t, v.config(provider))
				a, err := j.Decide(t.Context(), aCase)
				if err != nil {
					t.Fatal(err)
				}
				if a.Outcome != test.outcome || a.Explanation != test.reason || a.Model != "model-1" || a.Cached || a.Warning != "" {
					t.Errorf("got %+v, want %s because %q", a, test.outcome, test.reason)
				}
				if got := len(v.received()); got != test.asked {
					t.Errorf("%d requests, want %d", got, test.asked)
				}
				if a.InputTokens != test.tokens || a.OutputTokens != test.tokens/20 {
					t.Errorf("%d and %d tokens, want %d and %d", a.InputTokens, a.OutputTokens, test.tokens, test.tokens/20)
				}
				if u := j.Usage(); u.Model != "model-1" || u.Calls != 1 || u.Cached != 0 || u.InputTokens != test.tokens || u.OutputTokens != test.tokens/20 || u.CostUSD != nil {
					t.Errorf("usage %+v", u)
				}
			})
		}
	})
}

// TestPromptIsSent holds what is shown against what is sent.
func TestPromptIsSent(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		v := newVendor(t, answer{text: "no JSON"}, answer{text: pass})
		c := aCase
		c.DriverOutput = "the environment: KEY=" + testKey
		if _, err := mustJudge(t, v.config(provider)).Decide(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		c.DriverOutput = "the environment: KEY=[masked]"
		first, second := v.received()[0], v.received()[1]
		if got, want := first.system+"\n\n"+first.user, Prompt(c); got != want {
			t.Errorf("sent %q\nwant %q", got, want)
		}
		if !first.structured || first.maxTokens != "max_tokens" || first.model != "model-1" {
			t.Errorf("sent %+v", first)
		}
		added, ok := strings.CutPrefix(second.user, first.user)
		if !ok || !strings.Contains(added, "not the JSON object that was asked for") || strings.Contains(added, "no JSON") {
			t.Errorf("asked again with %q, want the fault alone", added)
		}
	})
}

// TestFaults is of criteria that end up errored.
func TestFaults(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		variable := map[string]string{"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}[provider]
		for _, test := range []struct {
			name  string
			step  answer
			code  string
			kind  host.Kind
			says  []string
			asked int
		}{
			{"wrong twice", answer{text: `{"result":"maybe","explanation":"x"}`}, "mirra.judge.unreadable", host.KindUnavailable, []string{"model-1", `"maybe"`, "once more"}, 2},
			{"no explanation", answer{text: `{"result":"pass"}`}, "mirra.judge.unreadable", host.KindUnavailable, []string{"model-1", "no explanation"}, 2},
			{"empty", answer{}, "mirra.judge.unreadable", host.KindUnavailable, []string{"model-1", "empty"}, 2},
			{"cut", answer{text: pass, stop: "max_tokens"}, "mirra.judge.unreadable", host.KindUnavailable, []string{"model-1", "cut at 8192 tokens"}, 2},
			{"refused", answer{text: "I cannot help with that.", stop: "refusal"}, "mirra.judge.refused", host.KindUnprocessed, []string{"model-1", "refused", "I cannot help with that."}, 1},
			{"limited for ever", answer{status: 429, message: "tokens per minute: 30,000", headers: now}, "mirra.judge.limited", host.KindLimited, []string{"model-1", "429", "tokens per minute: 30,000"}, 3},
			{"limited for an hour", answer{status: 429, message: "later", headers: map[string]string{"Retry-After": "3600"}}, "mirra.judge.limited", host.KindLimited, []string{"model-1", "429"}, 1},
			{"overloaded for ever", answer{status: 529, message: "Overloaded", headers: now}, "mirra.judge.failed", host.KindUnavailable, []string{"model-1", "529", "Overloaded"}, 3},
			{"no such model", answer{status: 404, message: "model: model-1"}, "mirra.judge.model", host.KindNotFound, []string{"model-1", "404"}, 1},
			{"forbidden", answer{status: 403, message: "no access"}, "mirra.judge.key", host.KindForbidden, []string{"model-1", variable, "no access"}, 1},
			{"too long", answer{status: 400, message: "prompt is too long"}, "mirra.judge.failed", host.KindUnprocessed, []string{"model-1", "400", "prompt is too long"}, 1},
			{"repeats the key", answer{status: 400, message: "the key " + testKey + " has no \x1b[31m credit"}, "mirra.judge.failed", host.KindUnprocessed, []string{"the key [key] has no [31m credit"}, 1},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				v := newVendor(t, test.step)
				c := v.config(provider)
				c.CacheDir = filepath.Join(t.TempDir(), "judge")
				a, err := mustJudge(t, c).Decide(t.Context(), aCase)
				checkFault(t, a, err, test.code, test.kind, test.says...)
				if got := len(v.received()); got != test.asked {
					t.Errorf("%d requests, want %d", got, test.asked)
				}
				if _, err := os.Stat(c.CacheDir); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("something is kept: %v", err)
				}
			})
		}
	})
}

// checkFault holds an error against what it must say, and that it has no key in it.
func checkFault(t *testing.T, a *Answer, err error, code string, kind host.Kind, says ...string) {
	t.Helper()
	e, ok := errors.AsType[*host.Error](err)
	if !ok || a != nil {
		t.Fatalf("got %+v and %v, want an Error", a, err)
	}
	if e.Code != code || e.Kind != kind || e.Hint == "" && code != "mirra.judge.interrupted" {
		t.Errorf("%s (%s) hint %q, want %s (%s)", e.Code, e.Kind, e.Hint, code, kind)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q does not say %q", err, s)
		}
	}
	if all := fmt.Sprintf("%v %+v %#v %s", err, e, e.Err, e.Hint); strings.Contains(all, testKey) {
		t.Errorf("%s holds the key", all)
	}
}

func TestKey(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		variable := map[string]string{"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}[provider]
		v := newVendor(t, answer{text: pass})
		v.key = "sk-test-another"
		a, err := mustJudge(t, v.config(provider)).Decide(t.Context(), aCase)
		checkFault(t, a, err, "mirra.judge.key", host.KindUnauthorized, "model-1", variable, "401", "not accepted")
		if strings.Contains(err.Error(), "sk-") {
			t.Errorf("%q repeats the vendor's words", err)
		}
		if provider == "openai" {
			c := v.config(provider)
			c.APIKey = ""
			a, err = mustJudge(t, c).Decide(t.Context(), aCase)
			checkFault(t, a, err, "mirra.judge.key", host.KindUnauthorized, variable+" is not set")
			v.key = "" // a server of one's own
			if _, err = mustJudge(t, c).Decide(t.Context(), aCase); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestTime(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		v := newVendor(t, answer{wait: true})
		c := v.config(provider)
		c.Timeout = time.Millisecond
		a, err := mustJudge(t, c).Decide(t.Context(), aCase)
		checkFault(t, a, err, "mirra.judge.timeout", host.KindUnavailable, "model-1", "within 1ms")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want the deadline in its chain", err)
		}

		c.Timeout = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		a, err = mustJudge(t, c).Decide(ctx, aCase)
		checkFault(t, a, err, "mirra.judge.interrupted", host.KindUnavailable, "model-1", "given up after")
	})
}

func TestNetwork(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		c := Config{Provider: provider, Model: "model-1", BaseURL: "http://me:hush-hush@" + address, APIKey: testKey}
		a, err := mustJudge(t, c).Decide(t.Context(), aCase)
		checkFault(t, a, err, "mirra.judge.unreachable", host.KindUnavailable, "model-1 at http://"+address, "refused")
		if strings.Contains(err.Error(), "hush-hush") {
			t.Errorf("%q holds the password", err)
		}

		other := newVendor(t, answer{text: pass})
		v := newVendor(t, answer{status: 307, headers: map[string]string{"Location": other.URL + "/v1/messages"}})
		a, err = mustJudge(t, v.config(provider)).Decide(t.Context(), aCase)
		checkFault(t, a, err, "mirra.judge.unreachable", host.KindUnavailable, "redirects to "+strings.TrimPrefix(other.URL, "http://"))
		if len(other.received()) != 0 {
			t.Error("the key went to where the answer pointed")
		}
	})
}

// TestPlain: a server that knows no schema is asked with one once.
func TestPlain(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		v := newVendor(t, answer{status: 400, message: "This response_format type is unavailable now"}, answer{text: pass})
		j := mustJudge(t, v.config(provider))
		for range 2 {
			if _, err := j.Decide(t.Context(), aCase); err != nil {
				t.Fatal(err)
			}
		}
		var got []bool
		for _, r := range v.received() {
			got = append(got, r.structured)
		}
		if fmt.Sprint(got) != "[true false false]" {
			t.Errorf("schemas: %v", got)
		}
	})
}

func TestCache(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		v := newVendor(t, answer{text: pass}, answer{text: fail})
		c := v.config(provider)
		c.CacheDir = filepath.Join(t.TempDir(), "cache", "judge")
		first, err := mustJudge(t, c).Decide(t.Context(), aCase)
		if err != nil {
			t.Fatal(err)
		}
		j := mustJudge(t, c)
		again, err := j.Decide(t.Context(), aCase)
		if err != nil {
			t.Fatal(err)
		}
		if !again.Cached || again.Outcome != first.Outcome || again.Explanation != first.Explanation || again.InputTokens != 0 {
			t.Errorf("got %+v, want %+v from the cache", again, first)
		}
		if u := j.Usage(); u.Calls != 1 || u.Cached != 1 || u.InputTokens != 0 || u.CostUSD == nil || *u.CostUSD != 0 {
			t.Errorf("usage %+v, want nothing spent", u)
		}
		if got := len(v.received()); got != 1 {
			t.Errorf("%d requests, want 1", got)
		}

		files, err := os.ReadDir(c.CacheDir)
		if err != nil || len(files) != 1 {
			t.Fatalf("files %v, %v; want one", files, err)
		}
		path := filepath.Join(c.CacheDir, files[0].Name())
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
		}
		sound, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(sound), testKey) {
			t.Errorf("%s, %v", sound, err)
		}
		// What is damaged, or stands under a name that is not its own, is asked for anew.
		for _, damaged := range []string{
			"", "{", strings.Replace(string(sound), `"result":"pass"`, `"result":"maybe"`, 1),
			strings.Replace(string(sound), `"key":"`, `"key":"0`, 1), strings.Replace(string(sound), "Entry", `\u001b[2J`, 1),
		} {
			if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
				t.Fatal(err)
			}
			a, err := mustJudge(t, c).Decide(t.Context(), aCase)
			if err != nil || a.Cached || a.Outcome != host.Failed {
				t.Errorf("%q: %+v, %v; want it asked anew", damaged, a, err)
			}
			if a, err = mustJudge(t, c).Decide(t.Context(), aCase); err != nil || !a.Cached || a.Outcome != host.Failed {
				t.Errorf("%q: %+v, %v; want it rewritten", damaged, a, err)
			}
		}

		asked := len(v.received())
		for name, change := range map[string]func(*Config, *Case){
			"model":     func(c *Config, _ *Case) { c.Model = "model-2" },
			"criterion": func(_ *Config, k *Case) { k.Criterion += "." },
			"off":       func(c *Config, _ *Case) { c.CacheDir = "" },
		} {
			changed, of := c, aCase
			change(&changed, &of)
			if a, err := mustJudge(t, changed).Decide(t.Context(), of); err != nil || a.Cached {
				t.Errorf("another %s: %+v, %v; want it asked", name, a, err)
			}
		}
		if got := len(v.received()) - asked; got != 3 {
			t.Errorf("%d requests, want 3", got)
		}
	})
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	v := newVendor(t, answer{text: pass})
	c := v.config("openai")
	c.CacheDir = filepath.Join(t.TempDir(), "file", "judge")
	if err := os.WriteFile(filepath.Dir(c.CacheDir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := mustJudge(t, c).Decide(t.Context(), aCase)
	if err != nil || a.Outcome != host.Passed || !strings.Contains(a.Warning, "model-1 is not kept") {
		t.Errorf("got %+v, %v; want it passed with a warning", a, err)
	}
}

func TestConcurrent(t *testing.T) {
	both(t, func(t *testing.T, provider string) {
		v := newVendor(t, answer{text: pass})
		c := v.config(provider)
		c.CacheDir = t.TempDir()
		j := mustJudge(t, c)
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				k := aCase
				k.Criterion = fmt.Sprintf("criterion %d", i%8)
				if a, err := j.Decide(t.Context(), k); err != nil || a.Outcome != host.Passed {
					t.Errorf("%+v, %v", a, err)
				}
			})
		}
		wg.Wait()
		u := j.Usage()
		if asked := len(v.received()); u.Calls != 16 || u.Calls-u.Cached != asked || u.InputTokens != int64(asked)*1000 {
			t.Errorf("usage %+v of %d requests", u, asked)
		}
	})
}

func TestNoCriterion(t *testing.T) {
	t.Parallel()
	v := newVendor(t, answer{text: pass})
	if a, err := mustJudge(t, v.config("openai")).Decide(t.Context(), Case{Scenario: "x"}); err == nil || len(v.received()) != 0 {
		t.Errorf("%+v, %v; want an error and no request", a, err)
	}
}
