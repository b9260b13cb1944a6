package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// bugs is the folder of the applications that have, or have not, one of the bugs that
// Mirra exists for.
const bugs = "../../examples/bugs/"

// variant is one of them, a row of variants.json.
type variant struct {
	Drill               string
	Name                string
	Language, Framework string
	Verdict             string // pass or fail
	Dir                 string // below bugs
	Command             []string
	Routes              []string // like POST /webhook
	Why                 string
}

func variants(t *testing.T) []variant {
	t.Helper()
	text, err := os.ReadFile(bugs + "variants.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []variant
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBugsTable: the table of variants is complete, and they know nothing of Mirra.
func TestBugsTable(t *testing.T) {
	t.Parallel()
	type group struct{ drill, verdict string }
	count, languages := map[group]int{}, map[group][]string{}
	listed, names := map[string]bool{}, map[string]bool{}
	route := regexp.MustCompile(`^(GET|POST) /[a-z/{}]+$`)
	for _, v := range variants(t) {
		g := group{v.Drill, v.Verdict}
		count[g]++
		if !slices.Contains(languages[g], v.Language) {
			languages[g] = append(languages[g], v.Language)
		}
		if names[v.Name] || listed[v.Dir] {
			t.Errorf("%s is there twice", v.Name)
		}
		names[v.Name], listed[v.Dir] = true, true
		if v.Framework == "" || !strings.HasSuffix(v.Why, ".") || len(v.Command) == 0 {
			t.Errorf("%s lacks a framework, a command or a sentence why: %+v", v.Name, v)
		}
		for _, r := range v.Routes {
			if !route.MatchString(r) {
				t.Errorf("%s has the route %q, want one like POST /webhook", v.Name, r)
			}
		}
		files, err := os.ReadDir(bugs + v.Dir)
		if err != nil || len(files) != 1 {
			t.Errorf("%s has the files %v, want one (%v)", v.Dir, files, err)
			continue
		}
		source, err := os.ReadFile(filepath.Join(bugs, v.Dir, files[0].Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(source)), "mirra") {
			t.Errorf("%s mentions Mirra", v.Dir)
		}
	}
	for _, drill := range []string{"stripe.signature", "twilio.backoff", "resend.bounce"} {
		for verdict, want := range map[string]int{"fail": 8, "pass": 5} {
			g := group{drill, verdict}
			if count[g] < want || len(languages[g]) < 3 {
				t.Errorf("%s has %d variants of verdict %s in %v, want %d in three languages at least", drill, count[g], verdict, languages[g], want)
			}
			delete(count, g)
		}
	}
	if len(count) > 0 {
		t.Errorf("there are drills or verdicts that nobody knows: %v", count)
	}
	folders, err := filepath.Glob(bugs + "*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil {
			t.Fatal(err)
		}
		dir := strings.TrimPrefix(filepath.ToSlash(folder), bugs)
		if info.IsDir() && filepath.Base(folder) != "node_modules" && !listed[dir] {
			t.Errorf("%s is not in variants.json", dir)
		}
	}
}

// TestBugsOfStripe: the drill finds each variant's verdict, without a word of its own.
func TestBugsOfStripe(t *testing.T) {
	t.Parallel()
	judge(t, "stripe.signature")
}

// TestBugsOfTwilio: likewise, all at once, since what takes long is waiting.
func TestBugsOfTwilio(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	eachVariant(t, "twilio.backoff", func(v variant, command []string) {
		all.Go(func() {
			wrong := drillFaults(t, v, command)
			if got := verdictOf(wrong); got != v.Verdict {
				t.Errorf("the verdict of %s is %s, not %s, and this was wrong: %q", v.Name, v.Verdict, got, wrong)
			}
		})
	})
	all.Wait()
}

// TestBugsOfResend: likewise.
func TestBugsOfResend(t *testing.T) {
	t.Parallel()
	judge(t, "resend.bounce")
}

// drillFaults are what the drill says of a variant.
func drillFaults(t *testing.T, v variant, command []string) []string {
	t.Helper()
	p := &project{t: t, home: home}
	switch d := p.drill(bugs+v.Dir, v.Drill, command...); d.Verdict {
	case "pass":
		return nil
	case "fail":
		return []string{d.Reason}
	default:
		t.Errorf("%s is %s: %s", v.Name, d.Verdict, d.Reason)
		return nil
	}
}

// judge holds the variants of a drill against their verdict: it passes who has no faults.
func judge(t *testing.T, drill string) {
	t.Helper()
	eachVariant(t, drill, func(v variant, command []string) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			wrong := drillFaults(t, v, append([]string{"env", "TMPDIR=" + t.TempDir()}, command...))
			if verdictOf(wrong) != v.Verdict {
				t.Errorf("its verdict is %s, and this was wrong: %q", v.Verdict, wrong)
			}
		})
	})
}

func verdictOf(faults []string) string {
	return map[bool]string{true: "pass", false: "fail"}[len(faults) == 0]
}

// eachVariant calls f with the variants of a drill, and the command that starts each here.
func eachVariant(t *testing.T, drill string, f func(v variant, command []string)) {
	t.Helper()
	if _, err := os.Stat(bugs + "node/node_modules/express"); err != nil {
		t.Fatalf("no Express: run make deps (%v)", err)
	}
	built := t.TempDir()
	vendor, _, _ := strings.Cut(drill, ".")
	build := exec.Command("go", "build", "-o", built, "./"+vendor+"-...")
	build.Dir = bugs + "go"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	judged := 0
	for _, v := range variants(t) {
		if v.Drill != drill {
			continue
		}
		judged++
		command := v.Command
		switch v.Language {
		case "Go": // go run would leave the program behind when it is ended
			command = []string{filepath.Join(built, v.Name)}
		case "Python":
			command = pythonCommand(t, v.Command[1:]...).Args
		}
		f(v, command)
	}
	if judged == 0 {
		t.Errorf("no variant of %s", drill)
	}
}
