package criteria

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// examples returns the criteria of testdata.
func examples(tb testing.TB) []string {
	tb.Helper()
	text, err := os.ReadFile("testdata/criteria.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	if len(out) < 200 {
		tb.Fatalf("%d examples, want 200", len(out))
	}
	return out
}

// TestTooLong holds that length is bounded before anything is read.
func TestTooLong(t *testing.T) {
	t.Parallel()
	_, err := NewVocabulary(catalogue()).Bind("a customer exists" + strings.Repeat(" ", MaxBytes))
	if err == nil || !strings.Contains(err.Error(), "at most 4096 bytes") {
		t.Errorf("got %v, want that it is too long", err)
	}
}

// TestNothingToName holds that an empty vocabulary says so.
func TestNothingToName(t *testing.T) {
	t.Parallel()
	_, err := NewVocabulary(nil).Bind("no request to stripe failed")
	if err == nil || !strings.Contains(err.Error(), `no mirror "stripe" here: no mirrors at all`) {
		t.Errorf("got %v", err)
	}
}

// TestLines holds that lines of one mirror are no two things.
func TestLines(t *testing.T) {
	t.Parallel()
	v := NewVocabulary(append(catalogue(), catalogue()...))
	for _, c := range []string{"exactly one customer was created", "the webhook `invoice.paid` was received", "POST /v1/refunds was called once"} {
		if q, err := v.Bind(c); err != nil || q.Mirror != "stripe" {
			t.Errorf("%q: %v, %v", c, q, err)
		}
	}
}

func FuzzBind(f *testing.F) {
	for _, c := range examples(f) {
		f.Add(c)
	}
	v := NewVocabulary(catalogue())
	f.Fuzz(func(t *testing.T, text string) {
		q, err := v.Bind(text)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Message == "" || e.Offset < 0 || e.Offset > len(text) {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		if e := q.Explain(); e.Query == "" || e.Expected == "" || e.Source == "" {
			t.Fatalf("%q: %#v is explained as %q", text, q, e)
		}
	})
}

// BenchmarkBind binds 1,000 criteria of all kinds, 40 wrong ones of 200
// included, to mirrors of the real ones' size. They are to take 50 ms at most.
func BenchmarkBind(b *testing.B) {
	mirrors := catalogue()
	for i := range mirrors {
		for n := range 700 {
			mirrors[i].Operations = append(mirrors[i].Operations, host.CatalogOperation{ID: fmt.Sprintf("Post%d", n), Method: "POST", Path: fmt.Sprintf("/v1/things%d/{id}/parts", n)})
		}
		for n := range 100 {
			mirrors[i].Entities = append(mirrors[i].Entities, fmt.Sprintf("%s_thing_%ds", mirrors[i].Name, n))
			mirrors[i].Events = append(mirrors[i].Events, fmt.Sprintf("%s.thing%d.created", mirrors[i].Name, n))
		}
	}
	v, all := NewVocabulary(mirrors), examples(b)
	for b.Loop() {
		for n := range 1000 {
			_, _ = v.Bind(all[n%len(all)]) // some are wrong on purpose
		}
	}
}
