package backoff

import (
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	const none = 0
	for _, c := range []struct {
		waits, asked []int // ms
		wrong        string
	}{
		{[]int{500, 1000}, []int{none, none}, ""},
		{[]int{572, 1040}, []int{none, none}, ""}, // doubled, as it is measured
		{[]int{500, 450, 1000}, []int{none, none, none}, ""},
		{[]int{500, 390, 1000}, []int{none, none, none}, "waits less before retry 2"},
		{[]int{500, 850}, []int{none, none}, "does not back off"},
		{[]int{400, 400, 400}, []int{none, none, none}, "does not back off"},
		{[]int{100, 240}, []int{none, none}, "240ms at most"},
		{[]int{100}, []int{none}, ""}, // too few to tell
		{[]int{1000, 985}, []int{1000, 1000}, ""},
		{[]int{1000, 970}, []int{1000, 1000}, "retry 2 comes 970ms after"},
		{[]int{50, 1000, 60}, []int{none, 1000, none}, "does not back off"},
	} {
		ms := func(list []int) (out []time.Duration) {
			for _, n := range list {
				out = append(out, time.Duration(n)*time.Millisecond)
			}
			return out
		}
		got := Judge(ms(c.waits), ms(c.asked))
		if c.wrong == "" && got != "" || !strings.Contains(got, c.wrong) {
			t.Errorf("%v, asked %v: %q, want %q", c.waits, c.asked, got, c.wrong)
		}
	}
}
