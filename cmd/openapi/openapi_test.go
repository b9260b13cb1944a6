package openapi

import (
	"bytes"
	"compress/gzip"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func library(t *testing.T) *Description {
	t.Helper()
	d, err := Read(filepath.Join("testdata", "library.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestUnseenDescription: a description that the generator was not made for
// becomes a mirror that keeps what it is sent, in its own process as an author
// has it.
func TestUnseenDescription(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	d := library(t)
	files, err := d.Files(Skeleton{Name: "library", File: "library.yaml", Module: "example.com/library", Version: "v0.0.0", Replace: root})
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"go.sum": filepath.Join(root, "go.sum"), "library_test.go": filepath.Join("testdata", "library_test.go.txt")} {
		if files[name], err = os.ReadFile(from); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "test", "-count=1", ".")
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestLeftOut: what cannot be read is named with its place, and the rest goes on.
func TestLeftOut(t *testing.T) {
	d := library(t)
	text, err := Generate(Options{Package: "x"}, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "x.go", text, 0); err != nil {
		t.Error(err)
	}
	faults := strings.Join(d.Faults(), "\n")
	for _, want := range []string{"library.yaml: a $ref leads nowhere: #/components/schemas/Nowhere", `library.yaml: maxLength: "a lot"`} {
		if !strings.Contains(faults, want) {
			t.Errorf("faults\n%s\nwant %s", faults, want)
		}
	}
	for _, want := range []string{`Pattern: "POST /loans", Verb: resource.Create`, `Pattern: "POST /shelves/{shelf_id}/tidy"},`, `Name: "next", Kind: resource.Object`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the tables lack %s", want)
		}
	}
}

// TestVersions: what only some descriptions have knows which.
func TestVersions(t *testing.T) {
	parse := func(text string) *Description {
		d, err := Parse("x.json", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const form = `{"paths":{"/things":{"post":{"operationId":"Make","requestBody":{"content":{"application/json":{"schema":{"type":"object","properties":{"kind":{"type":"string","enum":[%E]},%P}}}}},
		"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/thing"}}}}}}}%O},
		"components":{"schemas":{"thing":{"type":"object","required":["object"],"properties":{%M,"object":{"type":"string","enum":["thing"]}}}}}}`
	make := func(enum, params, operations, members string) string {
		return strings.NewReplacer("%E", enum, "%P", params, "%O", operations, "%M", members).Replace(form)
	}
	first := parse(make(`"a","b"`, `"old":{"type":"string"}`, ``, `"old":{"type":"string","nullable":true}`))
	second := parse(make(`"b","c"`, `"new":{"type":"integer"}`, `,"/other":{"get":{"operationId":"Other","responses":{}}}`, `"new":{"type":"integer"}`))
	text, err := Generate(Options{Package: "x", Lead: []string{"object"}}, first, second)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{ID: "Other", Pattern: "GET /other", In: 2}`,
		`{Name: "kind", Type: sdk.TString, Enum: &enum0, EnumIn: "\x01\x03\x02"}`,
		`{Name: "new", Type: sdk.TInteger, In: 2}`,
		`{Name: "old", Type: sdk.TString, In: 1}`,
		`{Name: "object", Kind: resource.Text, First: "thing"},`,
		`{Name: "new", Kind: resource.Integer, Bits: resource.Optional, In: 2},`,
		`{Name: "old", Kind: resource.Text, Bits: resource.Nullable, In: 1},`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestRenamedComponent: a member whose component a later description calls
// otherwise keeps the members that it had before.
func TestRenamedComponent(t *testing.T) {
	parse := func(name, members string) *Description {
		d, err := Parse("x.json", []byte(strings.NewReplacer("%N", name, "%M", members).Replace(`{"paths":{"/shops":{"post":{"operationId":"Open","responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/shop"}}}}}}}},
			"components":{"schemas":{
				"shop":{"type":"object","properties":{"at":{"$ref":"#/components/schemas/%N"},"doors":{"type":"array","items":{"$ref":"#/components/schemas/%N"}}}},
				"%N":{"type":"object","properties":{"near":{"$ref":"#/components/schemas/%N"},%M}}}}}`)))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	text, err := Generate(Options{Package: "x"}, parse("place", `"city":{"type":"string"}`), parse("address", `"city":{"type":"string"},"zip":{"type":"string"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, shape, _ := strings.Cut(string(text), `{Name: "shop.at", Members`)
	shape, _, _ = strings.Cut(shape, "}},")
	for _, want := range []string{`{Name: "city", Kind: resource.Text, Bits: resource.Optional},`, `{Name: "zip", Kind: resource.Text, Bits: resource.Optional, In: 2},`} {
		if !strings.Contains(shape, want) {
			t.Errorf("no %s in %s of\n%s", want, shape, text)
		}
	}
}

// TestAlternatives: a parameter that is one of several objects may be any of them.
func TestAlternatives(t *testing.T) {
	d, err := Parse("x.json", []byte(`{"paths":{"/shops":{"post":{"operationId":"Open","requestBody":{"content":{"application/x-www-form-urlencoded":{"schema":{"type":"object","properties":{
		"by":{"anyOf":[{"type":"object","required":["how"],"properties":{"how":{"type":"string","enum":["letter","phone"]},"when":{"type":"integer"}}},
			{"type":"object","required":["how"],"properties":{"how":{"type":"string","enum":["online"]}}}]}}}}}},
		"responses":{"200":{"content":{"application/json":{"schema":{"type":"object"}}}}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := Generate(Options{Package: "x"}, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{Name: "how", Type: sdk.TString, Required: true, Enum: &enum`, `sdk.Enum{"letter", "phone", "online"}`, `{Name: "when", Type: sdk.TInteger}`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestNoDescriptions: what is none says so, whatever it is.
func TestNoDescriptions(t *testing.T) {
	var cut bytes.Buffer
	z := gzip.NewWriter(&cut)
	_, _ = z.Write([]byte(`{"paths":{}}`)) // a buffer never fails
	_ = z.Close()
	for name, text := range map[string]string{
		"empty": "", "text": "hello", "number": "7", "cut JSON": `{"paths":{"/a":`, "no paths": `{"openapi":"3.0.0"}`, "YAML with a tab": "a:\n\t- b",
		"cut gzip": cut.String()[:cut.Len()/2], "aliases in a circle": "paths: &a\n  x: *a\n",
	} {
		if _, err := Parse(name, []byte(text)); err == nil {
			t.Errorf("%s is taken for a description", name)
		}
	}
	if _, err := Generate(Options{Package: "x", Operations: []string{"GET /nothing"}}, library(t)); err == nil || !strings.Contains(err.Error(), "GET /nothing") {
		t.Errorf("an operation that is not there: %v", err)
	}
}

// TestGoVersion holds the version of generated modules against Mirra's own.
func TestGoVersion(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\ngo "+goVersion+"\n") {
		t.Errorf("modules are generated for go %s; go.mod:\n%.80s", goVersion, text)
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile(filepath.Join("testdata", "library.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"paths":{"/a":{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/a"}}}}}}}},"components":{"schemas":{"a":{"allOf":[{"$ref":"#/components/schemas/a"}]}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := Parse("x", text)
		if err != nil {
			return
		}
		if _, err := Generate(Options{Package: "x", Lists: true}, d); err != nil {
			t.Logf("refused: %v", err)
		}
	})
}
