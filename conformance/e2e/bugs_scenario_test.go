package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// bugScenarios are those that judge the variants of a drill, in the folder bugs.
var bugScenarios = map[string][]string{
	"stripe.signature": {"signature.md"},
	"twilio.backoff":   {"backoff.md", "retry-after.md", "refusal.md"},
	"resend.bounce":    {"bounce.md"},
}

// Criteria by which wrong variants fail.
const (
	taken    = "signature.md: c1 [D] the webhook `payment_intent.succeeded` was answered with 2xx within 5s"
	verified = "signature.md: c2 [D] the webhook signature was verified"
	grows    = "backoff.md: c3 [D] retries to Twilio backed off"
	heeded   = "retry-after.md: c2 [D] retries to Twilio backed off"
	givesUp  = "retry-after.md: c3 [D] Twilio was called at most 6 times"
	once     = "refusal.md: c2 [D] exactly one request to Twilio returned 400"
	closed   = "bounce.md: c2 [D] exactly one email was sent to delivered+ada@resend.dev"
	goesOn   = "bounce.md: c3 [D] 2 emails were sent to delivered+eve@resend.dev"
)

// failsBy are the criteria of which a wrong variant must fail one, by its name, or by its
// drill where that drill's usual bug is its own.
var failsBy = map[string][]string{
	"stripe.signature": {verified},
	"twilio.backoff":   {grows, heeded}, // too fast for both, but pauses are longer on a busy machine
	"resend.bounce":    {closed},

	"stripe-parsed-body":  {taken},
	"stripe-wrong-secret": {taken},
	"twilio-auto-retry":   {heeded}, // its pauses are random: they may grow
	"twilio-multiplied":   {heeded}, // likewise
	"twilio-unbounded":    {givesUp},
	"twilio-early":        {heeded},
	"twilio-any-error":    {once},
	"resend-newest-user":  {goesOn},
}

// TestBugsByScenario: the same scenarios find each variant's verdict, by the criterion
// that is about its bug.
func TestBugsByScenario(t *testing.T) {
	t.Parallel()
	judged, seen := 0, map[string]int{}
	for drill, files := range bugScenarios {
		var all sync.WaitGroup
		// Variants of Twilio wait most of the time.
		turns := make(chan struct{}, map[bool]int{true: 5, false: 2}[drill == "twilio.backoff"])
		eachVariant(t, drill, func(v variant, command []string) {
			// Drills judge all each time. By scenario some of each kind stand for the others,
			// unless all are asked for, as make bugs does.
			kind := v.Drill + " " + v.Verdict
			if seen[kind]++; seen[kind]%4 != 1 && os.Getenv("MIRRA_E2E_ALL") == "" {
				return
			}
			judged++
			folder := t.TempDir() // of its own for what it keeps
			all.Go(func() {
				turns <- struct{}{}
				defer func() { <-turns }()
				judgeByScenario(t, v, append([]string{"env", "TMPDIR=" + folder}, command...), files)
			})
		})
		t.Cleanup(all.Wait)
	}
	if want := len(variants(t)); judged != want && (os.Getenv("MIRRA_E2E_ALL") != "" || judged < want/4) {
		t.Errorf("%d variants were judged, of %d", judged, want)
	}
}

func judgeByScenario(t *testing.T, v variant, command, files []string) {
	var words []string
	for _, word := range command {
		words = append(words, quote(word))
	}
	started := strings.Join(words, " ")
	var posts []string // paths
	for _, r := range v.Routes {
		if path, ok := strings.CutPrefix(r, "POST "); ok {
			posts = append(posts, path)
		}
	}
	env := []string{"APP=exec " + started}
	folder := bugs // of the scenarios
	switch {
	case v.Drill == "stripe.signature":
		env = append(env, "WEBHOOKS="+strings.Join(posts, " "))
	case v.Drill == "resend.bounce":
		env = append(env, "MAIL="+posts[0], "WEBHOOK="+posts[1])
	case len(posts) > 0:
		env = append(env, `SEND=curl --silent --show-error --fail --data-urlencode to=+15558675310 -d body=Hello "$MIRRA_APPLICATION_URL`+posts[0]+`"`)
	default: // a job
		env = append(env, "SEND="+started)
		var err error
		if folder, err = withoutStart(t.TempDir(), files); err != nil {
			t.Error(err)
			return
		}
	}
	args := []string{"--parallel", "3"}
	for _, file := range files {
		path, err := filepath.Abs(filepath.Join(folder, file))
		if err != nil {
			t.Error(err)
			return
		}
		args = append(args, path)
	}
	r := runScenarios(t, bugs+v.Dir, env, args...)
	failed := r.failed()
	want := map[string]int{"pass": 0, "fail": 1}[v.Verdict]
	if r.code != want || v.Verdict == "pass" && len(failed) > 0 {
		t.Errorf("%s ends with %d, not %d: %s", v.Name, r.code, want, r.out)
	}
	if v.Verdict == "pass" {
		return
	}
	must := failsBy[v.Name]
	if must == nil {
		must = failsBy[v.Drill]
	}
	if !slices.ContainsFunc(must, func(criterion string) bool { return failed[criterion] != "" }) {
		t.Errorf("%s fails by %q, and by none of %q: %s", v.Name, failed, must, r.out)
	}
}

// withoutStart copies scenarios for what does not listen.
func withoutStart(folder string, files []string) (string, error) {
	for _, file := range files {
		text, err := os.ReadFile(bugs + file)
		if err != nil {
			return "", err
		}
		text = bytes.Replace(text, []byte("- start: eval \"$APP\"\n"), nil, 1)
		if err := os.WriteFile(filepath.Join(folder, file), text, 0o600); err != nil {
			return "", err
		}
	}
	return folder, nil
}
