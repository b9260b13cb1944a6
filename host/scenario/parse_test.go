package scenario

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
)

func mirrors() []host.CatalogEntry {
	return []host.CatalogEntry{
		{
			Name: "stripe", Vendor: "Stripe", Version: "2024-06.1", Entities: []string{"customers", "refunds", "events"}, Aliases: map[string][]string{"customers": {"customer"}},
			Events: []string{"invoice.paid"}, Operations: []host.CatalogOperation{{ID: "PostRefunds", Method: "POST", Path: "/v1/refunds"}}, Fixtures: []host.CatalogFixture{{Name: "empty"}, {Name: "failed-payments"}},
		},
		{Name: "stripe", Vendor: "Stripe", Version: "2026-08.1", Entities: []string{"customers", "refunds", "events"}, Fixtures: []host.CatalogFixture{{Name: "empty"}}},
		{Name: "resend", Vendor: "Resend", Version: "v1.1", Entities: []string{"emails", "events"}, Events: []string{"email.bounced"}, Fixtures: []host.CatalogFixture{{Name: "empty"}, {Name: "bounced-domain"}}},
	}
}

const whole = `# A bounce is handled

Words before the first section say what it is about.

## success CRITERIA:

- [D] exactly one customer was created
- [P] the mail reads well,
  and is polite
- the webhook ` + "`email.bounced`" + ` was received
- the user is happy
- Looks:
  - check: the application shows ` + "`user.email_status`" + ` = ` + "`suppressed`" + `

    ` + "```http wait=5s" + `
    GET /users/1
    ` + "```" + `
  1. [D] two kinds of customers are there

     ` + "```sql stripe" + `
     SELECT count(*) = 2
     FROM objects
     ` + "```" + `
  2. judge: it is fast

## Setup

One customer.

` + "```seed stripe" + `
{"customers": [{"id": "cus_1"}]}
` + "```" + `

They have paid.

## Task

Send the mail.

### Details

- [D] this is prose

## Expected Behaviour

It stops.

## Config

- mirrors: stripe@2024-06, resend
- fixture: resend=bounced-domain
- ` + "`timeout`" + `: 90s
- runs: 3
- agent: codex
- tags:
  - mail
  - slow
- clock: 2026-11-28
`

// TestParse reads a file that has everything.
func TestParse(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"plain": whole, "windows": strings.ReplaceAll(whole, "\n", "\r\n"), "marked": "\xef\xbb\xbf" + whole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := Parse("bounce.md", []byte(text), Options{Mirrors: mirrors()})
			if err != nil {
				t.Fatal(err)
			}
			if s.Title != "A bounce is handled" || s.Setup != "One customer.\n\nThey have paid." || s.Prompt != "Send the mail.\n\n### Details\n\n- [D] this is prose" || s.Expected != "It stops." {
				t.Errorf("title %q, setup %q, prompt %q, expected %q", s.Title, s.Setup, s.Prompt, s.Expected)
			}
			if len(s.Seeds) != 1 || s.Seeds[0].Mirror != "stripe" || string(s.Seeds[0].Document) != `{"customers": [{"id": "cus_1"}]}` || s.Seeds[0].At != (Position{31, 1}) {
				t.Errorf("seeds %+v", s.Seeds)
			}
			want := []string{
				"c1 7:3 D number of customers of stripe created | state | exactly 1",
				"c2 8:3 P the mail reads well, and is polite | judge | a model finds that it holds",
				"c3 10:3 D number of webhooks of resend email.bounced received | attempts | at least 1",
				"c4 11:3 P the user is happy | judge | a model finds that it holds",
				"c5 13:5 D `user.email_status` in what the application shows, by http | application | = \"suppressed\" within 5s",
				"c6 18:6 D sql on stripe | state | the first value of the first row is true",
				"c7 24:6 P it is fast | judge | a model finds that it holds",
			}
			for i, c := range s.Criteria {
				got := c.ID + " " + strings.TrimPrefix((&Fault{Position: c.At}).Error(), ":")
				got = strings.TrimSuffix(got, ": ") + " " + string(c.Kind) + " " + c.Explain().String()
				if i >= len(want) || got != want[i] {
					t.Errorf("criterion %d: %q, want %q", i, got, append(want, "")[min(i, len(want))])
				}
			}
			if len(s.Criteria) != len(want) {
				t.Fatalf("%d criteria, want %d", len(s.Criteria), len(want))
			}
			if s.Criteria[3].Untagged == "" || s.Criteria[1].Untagged != "" {
				t.Error("an untagged criterion that binds to nothing does not say why")
			}
			if b := s.Criteria[5].Block; b.Text != "SELECT count(*) = 2\nFROM objects\n" || b.At != (Position{21, 6}) {
				t.Errorf("block %+v", b)
			}
			c := s.Config
			if len(c.Mirrors) != 2 || c.Mirrors[0] != (Mirror{"stripe", "2024-06"}) || len(c.Fixtures) != 1 || c.Fixtures[0] != (Fixture{"resend", "bounced-domain"}) || c.Timeout != 90*time.Second || c.Runs != 3 || c.Agent != "codex" || strings.Join(c.Tags, " ") != "mail slow" || c.Clock.Year() != 2026 {
				t.Errorf("config %+v", c)
			}
		})
	}
}

// TestHeadings holds that text begins below headings of all forms.
func TestHeadings(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"\n", "\r\n"} {
		text := strings.ReplaceAll("A *title*\n===\n\nTask\n----\nDo it.\n   ## **Expected   behavior** ##\nIt is done.\n> ## Setup\n\n<!--\n## Setup\n-->\n## Checks\n1) [p] x\n", "\n", end)
		s, err := Parse("f.md", []byte(text), Options{Mirrors: mirrors(), Driven: true})
		if err != nil {
			t.Fatal(err)
		}
		if s.Title != "A *title*" || s.Prompt != "Do it." || s.Expected != "It is done.\n> ## Setup\n\n<!--\n## Setup\n-->" || s.Setup != "" || s.Criteria[0].At.Column != 4 {
			t.Errorf("read as %+v", s)
		}
	}
}

const criterion = "- [D] exactly one customer was created\n"

// faults are files with all that is wrong with them.
var faults = []struct{ name, text, want string }{
	{"nothing", "", "f.md:1:1: there is no title\nf.md:1:1: there are no criteria\nf.md:1:1: nothing drives"},
	{"no title", "## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:1:1: there is no title"},
	{"two titles", "# A\n## Checks\n" + criterion + "# B\n## Config\n- driver: x\n", "f.md:4:1: a second title \"B\""},
	{"underlined title", "A\n=\n\nB\n=\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:4:1: a second title \"B\""},
	{"title in a quote", "> # A\n\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:1:1: there is no title"},
	{"title in HTML", "<div>\n# A\n</div>\n\n# B\n## Checks\n" + criterion + "## Config\n- driver: x\n", ""},
	{"no criteria", "# A\n## Checks\nnone\n## Config\n- driver: x\n", "f.md:2:1: there are no criteria"},
	{"section", "# A\n## Sucess Criteria\n" + criterion + "## Config\n- driver: x\n", "f.md:1:1: there are no criteria\nf.md:2:1: unknown section \"Sucess Criteria\": want setup, prompt, task, expected behavior, success criteria, checks, config; did you mean success criteria?"},
	{"sections twice", "# A\n## Task\nx\n## Prompt\ny\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:4:1: a second section \"Prompt\": the first is in line 2"},
	{"keys", "# A\n## Checks\n" + criterion + "## Config\n- driver: x\n- runs: 2\n- Runs: 3\n- mirors: stripe\n- what\n", "f.md:7:3: a second runs: the first is in line 6\nf.md:8:3: unknown key \"mirors\"…did you mean mirrors?\nf.md:9:3: want \"key: value\""},
	{"values", "# A\n## Checks\n" + criterion + "## Config\n- agent: claude-cod\n- runs: many\n-   timeout:   soon\n- workdir: copi\n- clock: now\n- persistent: yes\n## Task\nx\n", "f.md:5:10: unknown agent \"claude-cod\"…did you mean claude-code?\nf.md:6:9: runs \"many\"\nf.md:7:16: timeout \"soon\"\nf.md:8:12: unknown workdir \"copi\"…did you mean copy?\nf.md:9:10: clock \"now\"\nf.md:10:15: unknown persistent \"yes\""},
	{"mirrors", "# A\n## Checks\n" + criterion + "## Config\n- driver: none\n- mirrors: resend, strype, stripe@2024-07\n- fixture: bounced-domian\n", "f.md:6:20: unknown mirror \"strype\": want resend, stripe; did you mean stripe?\nf.md:6:35: unknown version of stripe \"2024-07\": want 2024-06, 2026-08; did you mean 2024-06?\nf.md:7:12: unknown fixture \"bounced-domian\"…did you mean bounced-domain?"},
	{"yaml", "# A\n## Checks\n" + criterion + "## Config\n\n   ```yaml\n   driver: x\n   agnt: codex\n   mirrors: [stripe, \"resnd\"]\n   runs: {a: 1}\n   ```\n", "f.md:8:4: unknown key \"agnt\"…did you mean agent?\nf.md:9:23: unknown mirror \"resnd\"…did you mean resend?\nf.md:10:10: runs: want a value"},
	{"broken yaml", "# A\n## Checks\n" + criterion + "## Config\n```yaml\ndriver: x\nruns: [1\n```\n", "f.md:4:1: nothing drives\nf.md:7:1: no YAML"},
	{"umlauts in yaml", "# A\n## Checks\n" + criterion + "## Config\n```yaml\n\"dräiver\": none\ndriver: x\n```\n", "f.md:6:1: unknown key \"dräiver\"…did you mean driver?"},
	{"seed", "# A\n## Setup\n- x\n\n  ```seed stripe\n  {\n    \"customers\": [,]\n  }\n  ```\n\n```seed strip\n{}\n```\n```sed stripe\n{}\n```\n```seed\n{}\n```\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:7:19: no JSON: invalid character ','\nf.md:11:9: unknown mirror \"strip\"…did you mean stripe?\nf.md:14:4: unknown block \"sed\"; did you mean seed?\nf.md:17:4: which mirror? want seed MIRROR, one of resend, stripe"},
	{"seeds", "# A\n## Setup\n```seed stripe\n[]\n```\n```seed stripe\n{\"a\":\n```\n```seed resend\n{} x\n```\n```seed resend\n```\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:4:1: a seed is a JSON object, not array\nf.md:7:6: no JSON: it ends in the middle\nf.md:10:4: no JSON: something stands behind\nf.md:12:1: the seed is empty"},
	{"no JSON that ends early", "# A\n## Setup\n```seed stripe\nnull\n```\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:4:1: a seed is a JSON object, not null"},
	{"criteria", "# A\n## Checks\n- [D] exactly one cusomer was created\n- [Q] x\n-\t[D] an event exists\n  * [D]  the webhook\n    `invoice.payed`\twas received\n- [D]\n- [P] x\n\n  ```expr\n  true\n  ```\n## Config\n- driver: x\n", "f.md:3:19: no mirror here has \"cusomer\"; did you mean customer?\nf.md:4:3: unknown tag [Q]\nf.md:5:7: binds to 2 things\nf.md:7:5: no mirror here sends an event \"invoice.payed\"; did you mean invoice.paid?\nf.md:8:3: the criterion is empty\nf.md:11:6: a model judges this criterion"},
	{"blocks", "# A\n## Checks\n- x\n\n  ```sqll stripe\n  1\n  ```\n- x\n\n  ```sql\n  1\n  ```\n- x\n\n  ```sql strip wait 5s\n  1\n  ```\n- [D] a customer exists\n\n  ```expr\n  true\n  ```\n- [D] the application shows `a` = 1\n- x\n\n  ```http wait=soon\n  GET /\n  ```\n- x\n\n  ```sh\n  ```\n\n```sh\nls\n```\n\n[D] a customer exists\n## Config\n- driver: x\n", "f.md:5:6: unknown block \"sqll\"…did you mean sql?\nf.md:10:6: which mirror? want sql MIRROR\nf.md:15:10: unknown mirror \"strip\"…did you mean stripe?\nf.md:15:21: sql looks at what is sealed\nf.md:20:6: binds to two things\nf.md:23:7: what shows it?\nf.md:26:16: wait \"soon\"\nf.md:31:6: the sh block is empty\nf.md:34:4: the sh block belongs to no criterion\nf.md:38:1: a criterion is a list item"},
	{"columns count bytes", "# Ä\n## Checks\n- [D] the customer's `name` is \"Ä\" agan\n## Config\n- driver: x\n", "f.md:3:37: binds to nothing: \"agan\" does not fit here"},
	{"windows", "# A\r\n## Checks\r\n- [D] a customer\r\n  exsts\r\n## Config\r\n- driver: x\r\n", "f.md:4:3: binds to nothing: \"exsts\" does not fit here"},
	{"mark", "\xef\xbb\xbf## Task\n# A\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:1:4: the section is empty"},
	{"not UTF-8", "# A\n## Checks\n" + criterion + "- [P] x\xffy\n## Config\n- driver: x\n", "f.md:4:8: byte 0xff is not UTF-8"},
	{"nothing drives", "# A\n## Checks\n" + criterion + "## Config\n- start: x\n", "f.md:4:1: nothing drives"},
	{"two drive", "# A\n## Checks\n" + criterion + "## Config\n- driver: x\n- agent: codex\n", "f.md:6:3: driver and agent"},
	{"an agent without a prompt", "# A\n## Checks\n" + criterion + "## Config\n- agent: codex\n", "f.md:5:3: an agent needs a section"},
	{"addresses", "# A\n## Checks\n" + criterion + "## Config\n- driver: x\n- mirrors: stripe, resend\n- ready: /up\n- forward: /hook, twilio=/hook, stripe=/hook, resend=http://example.com/hook, resend=hook\n- probe: ftp://x\n", "f.md:7:10: ready \"/up\" is a path, and nothing says where\nf.md:8:12: webhooks of which mirror? want MIRROR=/hook\nf.md:8:19: twilio is not in mirrors\nf.md:8:40: forward \"/hook\" is a path, and nothing says where\nf.md:8:54: forward \"http://example.com/hook\" is not on this machine\nf.md:8:86: forward \"hook\": want a path\nf.md:9:10: probe \"ftp://x\": want a path"},
	{"addresses that are sound", "# A\n## Checks\n" + criterion + "## Config\n- driver: x\n- mirrors: stripe\n- ready: http://127.0.0.1:{port}/up\n- forward: /hook\n- probe: effects\n", ""},
	{"fault rules", "# A\n## Setup\n```fault stripe\n{\"eror\": \"x\"}\n```\n```fault stripe\n{\"count\": \"many\"}\n```\n```fault\n{}\n```\n```fault stripe\n{\"error\": \"rate-limit\", \"count\": 2}\n```\n## Checks\n" + criterion + "## Config\n- driver: x\n", "f.md:4:1: the fault: unknown field \"eror\"\nf.md:7:1…count is string, and is to be int\nf.md:9:4: which mirror? want fault MIRROR"},
	{"expressions", "# A\n## Checks\n- x\n\n  ```expr\n  len(requests) == 1 and\n    nothing > 2\n  ```\n- x\n\n  ```expr\n  len(webhooks) == 1\n  ```\n## Config\n- driver: x\n", "f.md:7:5: the expression: unknown name nothing"},
	{"too deep", "# A\n" + strings.Repeat("> ", 1<<16), "f.md:2:1: 65536 quotes and lists within each other"},
	{"too deep, by lists", "# A\n" + strings.Repeat("1. - ", 1<<10), "f.md:2:1: 2048 quotes and lists within each other"},
	{"a long rule", "# A\n\n" + strings.Repeat("-", 300) + "\n## Checks\n" + criterion + "## Config\n- driver: x\n", ""},
	{"too large", "# A\n" + strings.Repeat("x", 10<<20), "f.md:1:1: the file has more than 262144 bytes"},
}

// TestFaults holds that all faults of a file are reported, each at its place. A
// line of want is the beginning of one; … stands for anything.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.md", []byte(f.text), Options{Mirrors: mirrors()})
			var all *multierror.Error
			if err != nil && !errors.As(err, &all) {
				t.Fatalf("%T, want *multierror.Error", err)
			}
			var want []string
			if f.want != "" {
				want = strings.Split(f.want, "\n")
			}
			got := all.WrappedErrors()
			for i := range max(len(got), len(want)) {
				switch {
				case i >= len(want):
					t.Errorf("got besides %q", got[i])
				case i >= len(got):
					t.Errorf("want besides %q", want[i])
				case !begins(got[i].Error(), want[i]):
					t.Errorf("got  %q\nwant %q", got[i], want[i])
				}
			}
		})
	}
}

func begins(got, want string) bool {
	first, rest, more := strings.Cut(want, "…")
	if !strings.HasPrefix(got, first) {
		return false
	}
	return !more || strings.HasSuffix(got, rest)
}

// TestDriven holds that a driver named outside the file is one.
func TestDriven(t *testing.T) {
	t.Parallel()
	if _, err := Parse("f.md", []byte("# A\n## Checks\n"+criterion), Options{Mirrors: mirrors(), Driven: true}); err != nil {
		t.Error(err)
	}
}

// TestManyFaults holds that a file of faults is no flood.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	_, err := Parse("f.md", []byte("# A\n## Checks\n"+strings.Repeat("- [D] x\n", 1000)), Options{Mirrors: mirrors()})
	var all *multierror.Error
	if !errors.As(err, &all) || len(all.Errors) != maxFaults+1 || !strings.HasSuffix(all.Errors[maxFaults].Error(), "and 901 faults more") {
		t.Errorf("got %d faults", len(all.WrappedErrors()))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	for _, c := range faults {
		if len(c.text) < 1<<12 {
			f.Add(c.text)
		}
	}
	o := Options{Mirrors: mirrors()}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f.md", []byte(text), o)
		if err == nil {
			if s.Title == "" || len(s.Criteria) == 0 {
				t.Fatalf("no fault in %q, read as %+v", text, s)
			}
			for _, c := range s.Criteria {
				if e := c.Explain(); e.Query == "" || e.Expected == "" || c.Kind != Deterministic && c.Kind != Probabilistic {
					t.Fatalf("%q: %+v", text, c)
				}
			}
			return
		}
		var all *multierror.Error
		if !errors.As(err, &all) {
			t.Fatalf("%T, want *multierror.Error", err)
		}
		lines := strings.Split(text, "\n")
		for _, e := range all.Errors {
			var f *Fault
			if !errors.As(e, &f) {
				continue // that there are more
			}
			if f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Column > len(lines[f.Line-1])+2 {
				t.Fatalf("%q: %v is no place in it", text, f)
			}
		}
	})
}

// BenchmarkParse reads a file of 1,000 criteria.
func BenchmarkParse(b *testing.B) {
	text := []byte("# A\n## Checks\n" + strings.Repeat(criterion+"- [D] the webhook `invoice.paid` was received\n- [D] POST /v1/refunds was called at most once\n- [D] the customer's `email` is `a@b.c`\n", 250) + "## Config\n- driver: none\n")
	o := Options{Mirrors: mirrors()}
	for b.Loop() {
		if _, err := Parse("f.md", text, o); err != nil {
			b.Fatal(err)
		}
	}
}
