package scenario

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestGuide checks the examples of the guide, and that it and the package have
// one grammar.
func TestGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	// Those that the guide's commands write are run with real mirrors by another test.
	example := regexp.MustCompile("(?s)```markdown\n(.*?)```").FindStringSubmatch(string(text))
	if example == nil {
		t.Fatal("no example in the guide")
	}
	if _, err := Parse("example.md", []byte(example[1]), Options{Mirrors: mirrors()}); err != nil {
		t.Errorf("%s\n%v", example[1], err)
	}
	source, err := os.ReadFile("criteria/doc.go")
	if err != nil {
		t.Fatal(err)
	}
	grammar := regexp.MustCompile("(?s)```ebnf\n(.*?)```").FindStringSubmatch(string(text))
	if grammar == nil {
		t.Fatal("no grammar in the guide")
	}
	var commented strings.Builder
	for line := range strings.Lines(grammar[1]) {
		if line == "\n" {
			commented.WriteString("//\n")
		} else {
			commented.WriteString("//\t" + line)
		}
	}
	if !strings.Contains(string(source), commented.String()) {
		t.Error("the grammars of the guide and of the package's comment differ")
	}
	for _, k := range Keys {
		if !strings.Contains(string(text), "`"+k+"`") {
			t.Errorf("the guide does not have the key %s", k)
		}
	}
}
