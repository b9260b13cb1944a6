package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// project writes files and returns their folder.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// imported lists what scanImports finds, as kind:name.
func imported(t *testing.T, files map[string]string) []string {
	t.Helper()
	all, note := scanImports(project(t, files))
	if note != "" {
		t.Error(note)
	}
	var out []string
	for _, d := range all {
		out = append(out, d.kind+":"+d.name)
	}
	return out
}

func TestImportsOfALanguage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, text string
		want       []string
	}{
		"go":                 {"a.go", "package a\n\n// import \"x.example/comment\"\nimport \"fmt\"\nimport (\n\ts \"github.com/stripe/stripe-go/v79/customer\"\n\t_ `github.com/twilio/twilio-go`\n)\nvar x = `import \"x.example/text\"`\n", []string{"go:fmt", "go:github.com/stripe/stripe-go/v79/customer", "go:github.com/twilio/twilio-go"}},
		"go, unfinished":     {"a.go", "package a\nimport \"github.com/stripe/stripe-go\"\nfunc {", []string{"go:github.com/stripe/stripe-go"}},
		"go, no go at all":   {"a.go", "hello", nil},
		"import":             {"a.mjs", "import Stripe from 'stripe'\nimport * as t from \"twilio\";\nimport {\n  a,\n  b,\n} from '@acme/x/deep';\nimport 'side-effect';import type { T } from \"not-at-a-start\"", []string{"npm:stripe", "npm:twilio", "npm:@acme/x", "npm:side-effect"}},
		"export":             {"a.ts", "export { Stripe } from 'stripe';\nexport const name = 'twilio'\nexport * from './own'", []string{"npm:stripe"}},
		"require":            {"a.cjs", "const stripe = require('stripe')(key), t = require( \"twilio\" );\nrequire('./stripe'); require('node:fs'); require('fs');", []string{"npm:stripe", "npm:twilio", "npm:fs"}},
		"dynamic":            {"a.tsx", "const { default: Stripe } = await import('stripe')\nimport T = require('twilio/lib/x')", []string{"npm:stripe", "npm:twilio"}},
		"comments and texts": {"a.js", "// import Stripe from 'stripe'\n/*\nimport Stripe from 'stripe'\nconst s = require('stripe')\n*/\nconst url = 'https://x' // require('stripe')\nconst text = \"require('stripe')\"\nthis.require('stripe'); const re = /'/\nimport t from 'twilio'", []string{"npm:twilio"}},
		"vue":                {"a.vue", "<template>don't</template>\n<script setup>\nimport { loadStripe } from '@stripe/stripe-js'\n</script>", []string{"npm:@stripe/stripe-js"}},
		"python":             {"a.py", "import os, stripe as s, twilio.rest\nfrom resend import Emails\nfrom .stripe_own import x\nfrom . import y\n  import deep\n# import comment\n\"\"\"\nimport docstring\n\"\"\"\nimportant = 1\n", []string{"pypi:os", "pypi:stripe", "pypi:twilio", "pypi:deep", "pypi:resend"}},
		"ruby":               {"a.rb", "require 'stripe'\nrequire \"twilio-ruby/rest\"\nrequire_relative 'own'\n# require 'comment'\n", []string{"gem:stripe", "gem:twilio-ruby/rest"}},
		"php":                {"a.php", "<?php\nnamespace App;\nuse Stripe\\StripeClient;\nuse function Twilio\\f;\n// use Comment\\X;\n$x = new \\Resend\\Client();\nuse Trait1;\n", []string{"composer:Stripe", "composer:Twilio", "composer:Resend"}},
		"java":               {"A.java", "package a;\nimport com.stripe.Stripe;\nimport static com.twilio.Twilio.init;\n// import com.comment.X;\n", []string{"maven:com.stripe.Stripe", "maven:com.twilio.Twilio.init"}},
		"kotlin":             {"a.kt", "import com.stripe.model.*\n", []string{"maven:com.stripe.model"}},
		"packed":             {"a.min.js", "require('stripe')", nil},
		"another file":       {"a.txt", "import stripe", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := imported(t, map[string]string{tc.file: tc.text}); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// Other people's sources and the project's own modules are not its imports.
func TestImportsThatAreNot(t *testing.T) {
	t.Parallel()
	got := imported(t, map[string]string{
		"node_modules/x/a.js": "require('stripe')", "vendor/x/a.go": "package x\nimport \"github.com/stripe/stripe-go\"", ".git/a.py": "import stripe",
		"env/lib/site-packages/a.py": "import stripe", "venv/a.py": "import stripe", "dist/a.js": "require('stripe')",
		"stripe/__init__.py": "", "shop/a.py": "import stripe", "shop/twilio.py": "", "shop/b.py": "import twilio", "c.py": "import twilio",
	})
	if want := []string{"pypi:twilio"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: of c.py, which has no twilio.py beside it", got, want)
	}
}

// A package is told once, with the file nearest to the root.
func TestImportsAreToldOnce(t *testing.T) {
	t.Parallel()
	all, _ := scanImports(project(t, map[string]string{
		"a/b/c.js": "require('stripe')", "z.js": "require('stripe'); require('stripe')", "a/x.js": "require('stripe'); require('stripe/lib/x')",
		"node_modules/stripe/package.json": `{"version":"16.1.0"}`,
	}))
	want := dependency{kind: kindNPM, name: "stripe", version: "16.1.0", file: "z.js", imported: true, others: 2}
	if len(all) != 1 || all[0] != want {
		t.Fatalf("got %+v, want %+v", all, want)
	}
	u := usage{dependency: all[0]}
	if got, want := u.String(), "z.js and 2 other files import stripe (npm)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A large project is not read to its end: what is nearest to the root is, and
// the rest is said to be missing.
func TestImportsAreBounded(t *testing.T) {
	t.Parallel()
	files := map[string]string{"z.js": "require('stripe')", "b/late.js": "require('twilio')", "huge.js": strings.Repeat("\n", maxSourceBytes) + "require('resend')"}
	for i := range maxSources {
		files[fmt.Sprintf("a/%d.js", i)] = ""
	}
	all, note := scanImports(project(t, files))
	if len(all) != 1 || all[0].name != "stripe" {
		t.Errorf("got %+v, want stripe alone", all)
	}
	if want := fmt.Sprintf("only the %d nearest", maxSources); !strings.Contains(note, want) {
		t.Errorf("note %q, want %q in it", note, want)
	}
	// Exactly as many as are read are all.
	delete(files, "b/late.js")
	delete(files, "z.js")
	delete(files, "huge.js")
	if _, note := scanImports(project(t, files)); note != "" {
		t.Errorf("note %q on a project of %d sources", note, maxSources)
	}
	deep := strings.Repeat("d/", maxSourceDepth)
	if all, note := scanImports(project(t, map[string]string{deep + "a.js": "require('stripe')", deep[2:] + "a.js": "require('twilio')"})); len(all) != 1 || all[0].name != "twilio" || note == "" {
		t.Errorf("got %+v and note %q, want what is not too deep", all, note)
	}
}

// No source makes a reader panic.
func FuzzImports(f *testing.F) {
	for _, s := range []string{"import a from 'b'", "require(\"", "from x import y", "\"\"\"", "/*", "use A\\B;", "package a\nimport (\n\"", "`"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range []string{"a.go", "a.js", "a.py", "a.rb", "a.php", "a.java"} {
			for _, d := range importsOf(name)(filepath.Join("none", name), "none", text) {
				if d.name == "" {
					t.Errorf("%s: an import without a name in %q", name, text)
				}
			}
		}
	})
}
