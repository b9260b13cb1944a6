package scenario

import (
	"slices"
	"testing"

	"github.com/mirrahq/mirra/host/scenario/criteria"
)

func TestFromProse(t *testing.T) {
	t.Parallel()
	text := `# Refunds are idempotent.

A shopper asks for a refund twice, since the page is slow. The amount is 12.50 EUR.
Exactly one refund was created. The message must be friendly!

- no request to stripe failed
- ` + "`POST /v1/refunds`" + ` was called at most once
1. every webhook was answered with 2xx
`
	all := mirrors()
	for i := range all {
		if all[i].Name == "stripe" {
			all[i].Entities = append(all[i].Entities, "refunds")
		}
	}
	d := FromProse(text, criteria.NewVocabulary(all))
	if d.Title != "Refunds are idempotent" {
		t.Errorf("title %q", d.Title)
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"told", d.Told, []string{"A shopper asks for a refund twice, since the page is slow", "The amount is 12.50 EUR"}},
		{"checked", d.Checked, []string{"Exactly one refund was created", "no request to stripe failed", "`POST /v1/refunds` was called at most once", "every webhook was answered with 2xx"}},
		{"judged", d.Judged, []string{"The message must be friendly"}},
		{"mirrors", d.Mirrors, []string{"stripe"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	// What it makes is a scenario, whatever it was made of.
	for _, text := range []string{text, "", "x", "#", "# One\n# Two\n", "```\n- [D] nothing\n", "One line only.", "\x00\xff"} {
		d := FromProse(text, criteria.NewVocabulary(all))
		if _, err := Parse("draft.md", []byte(d.Markdown([]string{"stripe"})), Options{Mirrors: all}); err != nil && text != "\x00\xff" {
			t.Errorf("%q becomes\n%s\n%v", text, d.Markdown([]string{"stripe"}), err)
		}
	}
}
