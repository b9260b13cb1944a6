package lock_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/lock"
)

// Every file in testdata/parse is a case. " # ERROR column: message" at the end
// of a line is cut off before parsing and says which fault is expected there;
// "checksum AUTO" becomes the right checksum.
func TestParse(t *testing.T) {
	files, err := filepath.Glob("testdata/parse/*.lock")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".lock"), func(t *testing.T) {
			text, want := fixture(t, file)
			f, err := lock.Parse("mirra.lock", []byte(text))
			var got []string
			if all, ok := errors.AsType[*multierror.Error](err); ok {
				for _, e := range all.Errors {
					s, ok := errors.AsType[*lock.SyntaxError](e)
					if !ok || s.Hint == "" {
						t.Errorf("%v is not a SyntaxError with a hint", e)
						continue
					}
					got = append(got, e.Error())
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("got faults\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if want != nil {
				return
			}
			again, err := f.Encode()
			if err != nil || string(again) != text {
				t.Errorf("written again: %v\n%s", err, again)
			}
			windows, err := lock.Parse("mirra.lock", []byte(strings.ReplaceAll(text, "\n", "\r\n")))
			if err != nil {
				t.Errorf("with CRLF: %v", err)
			} else if again, err := windows.Encode(); err != nil || string(again) != text {
				t.Errorf("read with CRLF and written again: %v\n%s", err, again)
			}
		})
	}
}

var marker = regexp.MustCompile(` # ERROR (\d+): `)

func fixture(t *testing.T, file string) (text string, want []string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		at := marker.FindAllStringSubmatchIndex(line, -1)
		for j, m := range at {
			end := len(line)
			if j+1 < len(at) {
				end = at[j+1][0]
			}
			want = append(want, fmt.Sprintf("mirra.lock:%d:%s: %s", i+1, line[m[2]:m[3]], line[m[1]:end]))
		}
		if at != nil {
			lines[i] = line[:at[0][0]]
		}
	}
	text = strings.Join(lines, "\n")
	if body, ok := strings.CutSuffix(text, "checksum AUTO\n"); ok {
		text = body + "checksum " + string(registry.DigestOf([]byte(body))) + "\n"
	}
	return text, want
}

func TestParseValues(t *testing.T) {
	text, _ := fixture(t, "testdata/parse/valid.lock")
	f, err := lock.Parse("mirra.lock", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Entries()) != 2 {
		t.Fatalf("got %v", f.Entries())
	}
	e, ok := f.Entry("resend")
	if !ok || e.String() != "resend@v1.12" || e.Source != "file:../my plugins/resend.wasm" || e.Signer != "" || e.ABI != 1 || e.Digest.Hex() != strings.Repeat("1", 64) {
		t.Errorf("got %+v", e)
	}
	e, _ = f.Entry("stripe")
	if !slices.Equal(e.Capabilities, []string{"mirra_core_v1"}) || !slices.Equal(e.Hosts, []string{"api.test", "files.test"}) {
		t.Errorf("got %+v", e)
	}
	if _, ok := f.Entry("twilio"); ok {
		t.Error("found what is not there")
	}
}

// What a newer minor added stays when this one changes another plugin.
func TestNewerMinorIsKept(t *testing.T) {
	text, _ := fixture(t, "testdata/parse/newer-minor.lock")
	f, err := lock.Parse("mirra.lock", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := f.Entry("stripe")
	other := e
	other = lock.Entry{Name: "adyen", Version: e.Version, Source: e.Source, Digest: e.Digest, ABI: 1}
	f.Set(other)
	out, err := f.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"format 1.7\n", "\nplugin adyen\n", "  signed-at 2031-01-01\n  mark\n", "\nfixture stripe\n  digest sha256:2", "note all of this is kept\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is lost:\n%s", want, out)
		}
	}
	if _, err := lock.Parse("mirra.lock", out); err != nil {
		t.Error(err)
	}
}

// Any single changed, added or removed byte is noticed.
func TestEveryEditIsNoticed(t *testing.T) {
	text, _ := fixture(t, "testdata/parse/valid.lock")
	for i := range len(text) {
		for _, edited := range []string{text[:i] + text[i+1:], text[:i] + "x" + text[i:], text[:i] + string(text[i]^1) + text[i+1:]} {
			if edited == text {
				continue
			}
			if _, err := lock.Parse("mirra.lock", []byte(edited)); err == nil {
				t.Fatalf("byte %d: not noticed:\n%s", i, edited)
			}
		}
	}
}

// Canonical: what is read without a fault is written as the same bytes.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/parse/*.lock")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(marker.ReplaceAllString(string(data), ""), true)
		f.Add(strings.TrimSuffix(string(data), "checksum AUTO\n"), true)
		f.Add(string(data), false)
	}
	f.Fuzz(func(t *testing.T, text string, sign bool) {
		if sign { // else hardly any input gets past the checksum
			text += "checksum " + string(registry.DigestOf([]byte(text))) + "\n"
		}
		file, err := lock.Parse("mirra.lock", []byte(text))
		if err != nil {
			if s, ok := errors.AsType[*lock.SyntaxError](err); !ok || s.Line < 1 || s.Line > strings.Count(text, "\n")+1 || s.Column < 1 {
				t.Fatalf("%v has no place in the file", err)
			}
			return
		}
		out, err := file.Encode()
		if err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		again, err := lock.Parse("mirra.lock", out)
		if err != nil {
			t.Fatalf("cannot be read again: %v\n%s", err, out)
		}
		if twice, err := again.Encode(); err != nil || string(twice) != string(out) {
			t.Fatalf("not stable: %v\n%s\n%s", err, out, twice)
		}
		if len(again.Entries()) != len(file.Entries()) {
			t.Fatalf("%d entries became %d", len(file.Entries()), len(again.Entries()))
		}
		if strings.Contains(text, "\nformat 1.0\n") && !strings.Contains(text, "\r\n") && string(out) != text {
			t.Fatalf("not canonical, but read:\n%s\n%s", text, out)
		}
	})
}
