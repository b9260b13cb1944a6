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
	maxSourceBytes   = 64 << 10 // of one
	maxSourcesBytes  = 16 << 20 // of all
)

// foreign are folders of other people's sources that need not be skipped where
// manifests are looked for.
var foreign = []string{"site-packages", "bower_components", "third_party", "Pods"}

// scanImports reads the sources of a project for the packages they import: one
// dependency for each package, with the first file that does. note says if not
// all were read. What cannot be read says nothing.
func scanImports(root string) (all []dependency, note string) {
	s := importScan{root: root, index: map[[2]string]int{}}
	// Breadth first, so that a large folder of something else hides nothing.
	folders := []string{"."}
	for depth := 0; len(folders) > 0 && !s.full; depth++ {
		if s.full = depth == maxSourceDepth; s.full {
			break
		}
		var below []string
		for _, folder := range folders {
			below = append(below, s.folder(folder)...)
		}
		folders = below
	}
	if s.full {
		note = fmt.Sprintf("not all sources were looked at, only the %d nearest to the project's root", s.sources)
	}
	return s.all, note
}

// importScan is what was found so far.
type importScan struct {
	root    string
	all     []dependency
	index   map[[2]string]int // into all, by kind and name
	last    []string          // file that added to each of all
	entries int
	sources int
	bytes   int
	full    bool // a bound is reached
}

// folder reads the sources of a folder and returns the folders in it.
func (s *importScan) folder(folder string) (below []string) {
	list, err := os.ReadDir(filepath.Join(s.root, folder))
	if err != nil {
		return nil
	}
	for _, e := range list {
		if s.entries++; s.entries > maxSourceEntries {
			s.full = true
		}
		if s.full {
			return nil
		}
		name, path := e.Name(), filepath.Join(folder, e.Name())
		if e.IsDir() {
			if !strings.HasPrefix(name, ".") && !slices.Contains(skipped, name) && !slices.Contains(foreign, name) {
				below = append(below, path)
			}
		} else if imports := importsOf(name); imports != nil && e.Type().IsRegular() {
			if s.full = s.sources == maxSources || s.bytes >= maxSourcesBytes; s.full {
				return nil
			}
			s.source(path, imports)
		}
	}
	return below
}

func (s *importScan) source(path string, imports func(path, root string, text []byte) []dependency) {
	full, file := filepath.Join(s.root, path), filepath.ToSlash(path)
	s.sources++
	text, err := readHead(full)
	if err != nil {
		return
	}
	s.bytes += len(text)
	for _, d := range imports(full, s.root, text) {
		key := [2]string{d.kind, d.name}
		i, ok := s.index[key]
		switch {
		case !ok:
			d.file, d.imported = file, true
			s.index[key] = len(s.all)
			s.all, s.last = append(s.all, d), append(s.last, file)
		case s.last[i] != file:
			s.all[i].others++
			s.last[i] = file
		}
	}
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

// withoutComments takes out comments as C, Java, JavaScript and PHP have them;
// strings stay. What it mistakes for a string, such as a regular expression with
// a quote, ends with its line.
func withoutComments(text []byte) []byte {
	out := make([]byte, 0, len(text))
	var quote byte // of the string that text is in
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote || c == '\n' && quote != '`' {
				quote = 0
			} else if c == '\\' && i+1 < len(text) {
				out = append(out, c)
				i++
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case bytes.HasPrefix(text[i:], []byte("//")):
			n := bytes.IndexByte(text[i:], '\n')
			if n < 0 {
				return out
			}
			i += n
		case bytes.HasPrefix(text[i:], []byte("/*")):
			n := bytes.Index(text[i+2:], []byte("*/"))
			if n < 0 {
				return out
			}
			i += 2 + n + 1
			continue
		}
		out = append(out, text[i])
	}
	return out
}

// matches calls yield for what the groups of a pattern match in the lines that
// begin with a word. A pattern over a whole text takes far longer.
func matches(text []byte, word string, pattern *regexp.Regexp, yield func(name string)) {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); !bytes.HasPrefix(line, []byte(word)) {
			continue
		}
		groups(line, pattern, yield)
	}
}

func groups(line []byte, pattern *regexp.Regexp, yield func(name string)) {
	for _, m := range pattern.FindAllSubmatch(line, -1) {
		for _, group := range m[1:] {
			if len(group) > 0 {
				yield(string(group))
			}
		}
	}
}

var (
	nodeStart = regexp.MustCompile(`^(?:import|export)\b`)
	nodeFrom  = regexp.MustCompile(`^[^;'"()]*\bfrom\s*['"]([^'"]+)['"]`)
	nodeBare  = regexp.MustCompile(`^import\s*['"]([^'"]+)['"]`)
	nodeCall  = regexp.MustCompile(`(?:^|[^\w.'"$])(?:require|import)\s*\(\s*['"]([^'"]+)['"]`)
)

// nodeNames lists what modules import: import … from, over lines, export … from,
// import "…", require(…), import(…).
func nodeNames(text []byte) []string {
	var out []string
	add := func(name string) { out = append(out, name) }
	open := false // in a statement that may end with from
	for line := range bytes.Lines(withoutComments(text)) {
		line = bytes.TrimSpace(line)
		open = open || nodeStart.Match(line)
		if open {
			groups(line, nodeFrom, add)
			groups(line, nodeBare, add)
			open = !bytes.ContainsAny(line, `;'"()`)
		}
		if bytes.Contains(line, []byte("require")) || bytes.Contains(line, []byte("import")) {
			groups(line, nodeCall, add)
		}
	}
	return out
}

func nodeImports(path, root string, text []byte) []dependency {
	var out []dependency
	for _, name := range nodeNames(text) {
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
	pythonFrom   = regexp.MustCompile(`^from[ \t]+([A-Za-z_]\w*)(?:\.\w+)*[ \t]+import\b`)
	pythonImport = regexp.MustCompile(`^import[ \t]+([^#;]+)`)
)

func pythonImports(path, root string, text []byte) []dependency {
	var out []dependency
	add := func(list string) {
		for item := range strings.SplitSeq(list, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(item), " ")
			name, _, _ = strings.Cut(name, ".")
			if name != "" && !ownModule(filepath.Dir(path), name) && !ownModule(root, name) {
				out = append(out, dependency{kind: kindPyPI, name: name})
			}
		}
	}
	text = withoutTexts(text)
	matches(text, "import", pythonImport, add)
	matches(text, "from", pythonFrom, add)
	return out
}

// withoutTexts takes out what stands in three quotes: Python's documentation.
func withoutTexts(text []byte) []byte {
	var out []byte
	for {
		start, quotes := -1, ""
		for _, q := range []string{`"""`, `'''`} {
			if i := bytes.Index(text, []byte(q)); i >= 0 && (start < 0 || i < start) {
				start, quotes = i, q
			}
		}
		if start < 0 {
			return append(out, text...)
		}
		out = append(out, text[:start]...)
		text = text[start+3:]
		end := bytes.Index(text, []byte(quotes))
		if end < 0 {
			return out
		}
		text = text[end+3:]
	}
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

var rubyRequire = regexp.MustCompile(`^require\s*\(?\s*["']([^"']+)["']`)

func rubyImports(_, _ string, text []byte) []dependency {
	var out []dependency
	matches(text, "require", rubyRequire, func(name string) { out = append(out, dependency{kind: kindGem, name: name}) })
	return out
}

var (
	phpUse       = regexp.MustCompile(`^use\s+(?:function\s+|const\s+)?\\?([A-Za-z]\w*)\\\w`)
	phpQualified = regexp.MustCompile(`(?:^|[^\w\\])\\([A-Za-z]\w*)\\\w`)
)

// phpImports gives the first part of namespaces, Stripe of Stripe\StripeClient.
func phpImports(_, _ string, text []byte) []dependency {
	var out []dependency
	add := func(name string) { out = append(out, dependency{kind: kindComposer, name: name}) }
	for line := range bytes.Lines(withoutComments(text)) {
		if line = bytes.TrimSpace(line); bytes.IndexByte(line, '\\') >= 0 {
			groups(line, phpUse, add)
			groups(line, phpQualified, add)
		}
	}
	return out
}

var javaImport = regexp.MustCompile(`^import\s+(?:static\s+)?([a-z]\w*(?:\.\w+)+)`)

func javaImports(_, _ string, text []byte) []dependency {
	var out []dependency
	matches(withoutComments(text), "import", javaImport, func(name string) { out = append(out, dependency{kind: kindMaven, name: name}) })
	return out
}
