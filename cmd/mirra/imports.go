package main

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a look at sources: a project is read in a fraction of a second, and
// of one that is far larger the files nearest to its root. Imports stand at the
// head of a file.
const (
	maxSourceDepth   = 12 // Java's folders are deep
	maxSourceEntries = 50_000
	maxSources       = 2000
	maxSourceBytes   = 64 << 10
)

// foreign are folders of other people's sources that need not be skipped where
// manifests are looked for.
var foreign = []string{"site-packages", "bower_components", "third_party", "Pods"}

// scanImports reads the sources of a project for the packages they import: one
// dependency for each package, with the first file that does. note says if not
// all were read. What cannot be read says nothing.
func scanImports(root string) (all []dependency, note string) {
	index := map[[2]string]int{} // by kind and name
	entries, sources := 0, 0
	// Breadth first, so that a large folder of something else hides nothing.
	for folders, depth := []string{"."}, 0; len(folders) > 0 && depth < maxSourceDepth; depth++ {
		var below []string
		for _, folder := range folders {
			list, err := os.ReadDir(filepath.Join(root, folder))
			if err != nil {
				continue
			}
			for _, e := range list {
				if entries++; entries > maxSourceEntries || sources >= maxSources {
					return all, fmt.Sprintf("not all sources were looked at, only the %d nearest to the project's root", sources)
				}
				name, path := e.Name(), filepath.Join(folder, e.Name())
				if e.IsDir() {
					if !strings.HasPrefix(name, ".") && !slices.Contains(skipped, name) && !slices.Contains(foreign, name) {
						below = append(below, path)
					}
					continue
				}
				read := importsOf(name)
				if read == nil || !e.Type().IsRegular() {
					continue
				}
				sources++
				text, err := readHead(filepath.Join(root, path))
				if err != nil {
					continue
				}
				for _, d := range read(filepath.Join(root, path), root, text) {
					key := [2]string{d.kind, d.name}
					i, ok := index[key]
					if !ok {
						d.file, d.imported = filepath.ToSlash(path), true
						index[key] = len(all)
						all = append(all, d)
					} else if all[i].file != filepath.ToSlash(path) {
						all[i].others++
					}
				}
			}
		}
		folders = below
	}
	return all, ""
}

func readHead(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSourceBytes))
}

// importsOf returns what reads the imports of a source of that name, nil for
// none.
func importsOf(name string) func(path, root string, text []byte) []dependency {
	if strings.HasSuffix(name, ".min.js") {
		return nil // somebody else's, packed
	}
	switch filepath.Ext(name) {
	case ".go":
		return goImports
	case ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte":
		return nodeImports
	case ".py":
		return pythonImports
	case ".rb", ".rake", ".ru":
		return rubyImports
	case ".php":
		return phpImports
	case ".java", ".kt", ".kts", ".scala", ".groovy":
		return javaImports
	}
	return nil
}

var goMajor = regexp.MustCompile(`/v(\d+)(?:/|$)`)

func goImports(path, _ string, text []byte) []dependency {
	// A file that is cut off or does not parse has the imports up to there.
	f, _ := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
	if f == nil {
		return nil
	}
	var out []dependency
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue
		}
		d := dependency{kind: kindGo, name: name}
		if m := goMajor.FindStringSubmatch(name); m != nil {
			d.version = m[1]
		}
		out = append(out, d)
	}
	return out
}

// Comments are taken out, strings left as they are. A literal that this mistakes
// for a string, such as a regular expression with a quote, ends with its line.
var (
	cComments  = regexp.MustCompile(`(?s)"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|` + "`(?:\\\\.|[^`\\\\])*`" + `|//[^\n]*|/\*.*?\*/`)
	nodeImport = regexp.MustCompile(`(?m)^\s*(?:import|export)\b[^;'"()]*\bfrom\s*['"]([^'"\n]+)['"]|^\s*import\s*['"]([^'"\n]+)['"]|(?:^|[^\w.'"$])(?:require|import)\s*\(\s*['"]([^'"\n]+)['"]`)
	javaImport = regexp.MustCompile(`(?m)^\s*import\s+(?:static\s+)?([a-z]\w*(?:\.\w+)+)`)
	phpUse     = regexp.MustCompile(`(?m)^\s*use\s+(?:function\s+|const\s+)?\\?([A-Za-z]\w*)\\\w|(?:^|[^\w\\])\\([A-Za-z]\w*)\\\w`)
)

func withoutComments(text []byte) []byte {
	return cComments.ReplaceAllFunc(text, func(b []byte) []byte {
		if b[0] == '/' {
			return bytes.Repeat([]byte("\n"), bytes.Count(b, []byte("\n")))
		}
		return b
	})
}

// names returns the groups of a pattern's matches that are there.
func names(pattern *regexp.Regexp, text []byte) []string {
	var out []string
	for _, m := range pattern.FindAllSubmatch(text, -1) {
		for _, group := range m[1:] {
			if len(group) > 0 {
				out = append(out, string(group))
			}
		}
	}
	return out
}

func nodeImports(path, root string, text []byte) []dependency {
	var out []dependency
	for _, name := range names(nodeImport, withoutComments(text)) {
		// stripe/lib/x and @scope/name/x are of the packages stripe and @scope/name.
		parts := strings.SplitN(name, "/", 3)
		if strings.HasPrefix(name, "@") && len(parts) > 1 {
			name = parts[0] + "/" + parts[1]
		} else {
			name = parts[0]
		}
		if name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, ":\\") {
			continue // a file of the project, or of Node's own
		}
		out = append(out, dependency{kind: kindNPM, name: name, version: installedNPM(filepath.Dir(path), root, name)})
	}
	return out
}

var (
	pythonText   = regexp.MustCompile(`(?s)""".*?(?:"""|$)|'''.*?(?:'''|$)`)
	pythonImport = regexp.MustCompile(`(?m)^[ \t]*(?:from[ \t]+([A-Za-z_]\w*)(?:\.\w+)*[ \t]+import\b|import[ \t]+([^\n#;]+))`)
)

func pythonImports(path, root string, text []byte) []dependency {
	var out []dependency
	for _, list := range names(pythonImport, pythonText.ReplaceAll(text, nil)) {
		for item := range strings.SplitSeq(list, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(item), " ")
			name, _, _ = strings.Cut(name, ".")
			if name != "" && !ownModule(filepath.Dir(path), name) && !ownModule(root, name) {
				out = append(out, dependency{kind: kindPyPI, name: name})
			}
		}
	}
	return out
}

// ownModule tells whether a name is a module of the project's, which Python
// finds before a package that is installed.
func ownModule(folder, name string) bool {
	for _, file := range []string{name + ".py", filepath.Join(name, "__init__.py")} {
		if info, err := os.Stat(filepath.Join(folder, file)); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

var rubyRequire = regexp.MustCompile(`(?m)^\s*require\s*\(?\s*["']([^"'\n]+)["']`)

func rubyImports(_, _ string, text []byte) []dependency {
	var out []dependency
	for _, name := range names(rubyRequire, text) {
		out = append(out, dependency{kind: kindGem, name: name})
	}
	return out
}

// phpImports gives the first part of namespaces, Stripe of Stripe\StripeClient.
func phpImports(_, _ string, text []byte) []dependency {
	var out []dependency
	for _, name := range names(phpUse, withoutComments(text)) {
		out = append(out, dependency{kind: kindComposer, name: name})
	}
	return out
}

func javaImports(_, _ string, text []byte) []dependency {
	var out []dependency
	for _, name := range names(javaImport, withoutComments(text)) {
		out = append(out, dependency{kind: kindMaven, name: name})
	}
	return out
}
