package scenario

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// TestGuide checks the examples of the guide, and that it and the package have
// one grammar.
func TestGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	all := append(mirrors()[:1:1], mirrors()[2], host.CatalogEntry{Name: "twilio", Vendor: "Twilio"})
	all[0].Entities = append(all[0].Entities, "charges", "payment_intents")
	all[0].Events = append(all[0].Events, "invoice.created")
	blocks := regexp.MustCompile("(?s)````markdown\n(.*?)````").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 2 {
		t.Fatalf("%d examples in the guide, want 2", len(blocks))
	}
	for _, b := range blocks {
		if _, err := Parse("example.md", []byte(b[1]), Options{Mirrors: all}); err != nil {
			t.Errorf("%s\n%v", b[1], err)
		}
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
