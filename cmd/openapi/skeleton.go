package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"net/url"
	"regexp"
	"strings"
	"text/template"
)

// Skeleton is a plugin that serves a description by the engine alone.
type Skeleton struct {
	Name string // of the mirror, as a plugin's name
	File string // the description, as the go:generate line names it
	// Module is the path for a go.mod; "" where the folder belongs to a module.
	// Version is that of Mirra, and Replace a folder of Mirra's source instead.
	Module, Version, Replace string
}

// goVersion is what the sdk needs; a test holds it against go.mod.
const goVersion = "1.26.0"

// Files returns the files of the plugin's folder by name.
func (d *Description) Files(s Skeleton) (map[string][]byte, error) {
	tables, err := Generate(Options{Package: "main", Lists: true}, d)
	if err != nil {
		return nil, err
	}
	host, base := d.server()
	data := map[string]any{"S": s, "Host": host, "Base": base, "Vendor": strings.ToUpper(s.Name[:1]) + s.Name[1:], "Env": strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))}
	out := map[string][]byte{"tables_gen.go": tables}
	for name, t := range map[string]*template.Template{"main.go": skeletonMain, "main_test.go": skeletonTest} {
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return nil, err
		}
		if out[name], err = format.Source(b.Bytes()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if s.Module != "" {
		text := "module " + s.Module + "\n\ngo " + goVersion + "\n\nrequire github.com/mirrahq/mirra " + s.Version + "\n"
		if s.Replace != "" {
			text += "\nreplace github.com/mirrahq/mirra => " + s.Replace + "\n"
		}
		out["go.mod"] = []byte(text)
	}
	return out, nil
}

var errName = errors.New("want lower-case letters, digits and single dashes, with a letter first")

var skeletonName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// CheckName tells whether a plugin may be called so.
func CheckName(name string) error {
	if !skeletonName.MatchString(name) {
		return fmt.Errorf("%q: %w", name, errName)
	}
	return nil
}

// server returns the host and the path below which the operations are.
func (d *Description) server() (host, base string) {
	for _, s := range d.spec.Servers {
		u, err := url.Parse(s.URL)
		if err != nil || u.Host == "" || strings.Contains(u.Host, "{") || !strings.Contains(u.Host, ".") {
			continue
		}
		return strings.ToLower(u.Hostname()), strings.TrimSuffix(u.Path, "/")
	}
	return "", ""
}

var skeletonMain = template.Must(template.New("").Parse(`// {{.Vendor}} mirrors {{.Vendor}}'s API as its description has it: plain operations
// keep what they are sent, those with a meaning of their own answer 501 by name.
// What the vendor really does is written beside this, operation by operation.
package main

import (
	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

//go:generate mirra-gen -lists -out tables_gen.go {{.S.File}}

var mirror = sdk.New(sdk.Manifest{
	Name: "{{.S.Name}}", Vendor: "{{.Vendor}}", Line: "v1", Build: 1,
	Summary: "The plain operations of {{.Vendor}}'s description",
	API:     sdk.API{Default: "v1"},
	Hosts:   []sdk.Host{ {ID: "api", Name: "{{or .Host (printf "api.%s.example" .S.Name)}}"} },
	// Whatever is sent is taken for a key.
	Credentials: []sdk.Credentials{ {Class: "key", Scheme: "bearer", Pattern: ` + "`.+`" + `} },
	Env:         []sdk.EnvVar{ {Name: "{{.Env}}_BASE_URL", Value: "{url}"} },
	Errors: []sdk.ErrorSpec{
		sdk.JSONError("internal", 500, "{message}"),
		sdk.JSONError("live-key", 401, "{message}"),
		sdk.JSONError("rate-limit", 429, "slow down"),
	},
})

func init() {
	engine := &resource.Engine{Tables: &tables}
	engine.Mirror(mirror, "{{.Base}}")
	mirror.Serve()
}

func main() { sdk.Main() }
`))

var skeletonTest = template.Must(template.New("").Parse(`package main

import (
	"testing"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestOperations: what is served answers, what is not says so by name.
func TestOperations(t *testing.T) {
	m := sdktest.Start(t, sdktest.Header("Authorization", "Bearer test"))
	served := 0
	for _, op := range mirror.Manifest.Operations {
		if op.Level != sdk.None {
			served++
			continue
		}
		m.Request(op.Method, op.Path, "").Want(501)
	}
	t.Logf("%d of %d operations are served", served, len(mirror.Manifest.Operations))
	if served == 0 {
		t.Error("none is served")
	}
}
`))
