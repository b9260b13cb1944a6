package judge

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestGuide holds the figures of the guide against those of the package.
func TestGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/judge.md")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		fmt.Sprintf("| trace | %d KB |", traceBytes>>10), fmt.Sprintf("| state | %d KB |", stateBytes>>10), fmt.Sprintf("| changes | %d KB |", diffBytes>>10),
		fmt.Sprintf("| driver's output | %d KB |", outputBytes>>10), fmt.Sprintf("| criterion | %d KB |", criterionBytes>>10),
		fmt.Sprintf("| setup, expected behavior | %d KB each |", setupBytes>>10), fmt.Sprintf("at most %d KB", PromptBytes>>10),
		fmt.Sprintf("bodies beyond %d KB, or %d bytes,", bodyBytes[2]>>10, bodyBytes[1]), fmt.Sprintf("beyond %d KB of each", objectBytes>>10),
		"within " + strings.TrimSuffix(fmt.Sprint(defaultTimeout.Seconds()), ".0") + " s", fmt.Sprintf("%d,%03d at most", answerTokens/1000, answerTokens%1000),
	}
	for model, p := range prices {
		want = append(want, fmt.Sprintf("| `%s` | %v | %v |\n", model, p.input, p.output))
	}
	for _, v := range vendors {
		want = append(want, fmt.Sprintf("| `%s` | %s is asked; without another word its `%s` |", v.key, v.title, v.model), "| `"+v.base+"` |")
		for _, p := range v.prefixes {
			want = append(want, "`"+p+"…`")
		}
	}
	for _, s := range want {
		if !strings.Contains(string(text), s) {
			t.Errorf("the guide does not say %q", s)
		}
	}
	if got := strings.Count(string(text), "\n| `claude-") + strings.Count(string(text), "\n| `gpt-"); got != len(prices)+2 {
		t.Errorf("%d rows of models, want %d prices and two of names", got, len(prices))
	}
}
