package main

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Kinds of dependencies, as abi.Detect names them.
const (
	kindNPM      = "npm"
	kindGo       = "go"
	kindPyPI     = "pypi"
	kindGem      = "gem"
	kindComposer = "composer"
	kindMaven    = "maven"
	kindEnv      = "env"
)

// dependency is a package that a project uses, or a variable that it names.
type dependency struct {
	kind, name string
	version    string // installed, else the lowest that is asked for, "" unknown
	file       string // that says so, from the project's root
	imported   bool   // by a source, file the first; name is what it imports
	others     int    // further files that import it
}

// is tells whether a dependency is the package of a name. Sources do not import
// all packages by the name they are installed by: Composer's are namespaces, of
// which the first part is the package's vendor, Maven's are named like their
// group or below it, both by convention.
func (d *dependency) is(name string) bool {
	switch {
	case d.kind == kindGo:
		return d.name == name || strings.HasPrefix(d.name, name+"/")
	case d.kind == kindPyPI:
		return pypiName(d.name) == pypiName(name)
	case d.imported && d.kind == kindGem:
		return d.name == name || strings.HasPrefix(d.name, name+"/")
	case d.imported && d.kind == kindComposer:
		vendor, _, _ := strings.Cut(name, "/")
		return strings.EqualFold(vendor, d.name)
	case d.imported && d.kind == kindMaven:
		group, _, _ := strings.Cut(name, ":")
		return d.name == group || strings.HasPrefix(d.name, group+".")
	}
	return d.name == name
}

// Bounds of a scan: a project is read in milliseconds, and one that is far
// larger is not read to its end.
const (
	maxScanDepth = 5
	maxScanned   = 5000
	maxScanBytes = 4 << 20
)

// skipped are folders that hold other people's files.
var skipped = []string{"node_modules", "vendor", "dist", "build", "target", "venv", "__pycache__", "testdata"}

// scanProject reads the files that name dependencies in all folders of a
// project, workspaces included. What cannot be read says nothing.
func scanProject(root string) []dependency {
	var all []dependency
	seen := 0
	_ = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error { // faults are skipped below
		if err != nil {
			return nil
		}
		if seen++; seen > maxScanned {
			return filepath.SkipAll
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return nil
		}
		if e.IsDir() {
			name := e.Name()
			if rel != "." && (strings.HasPrefix(name, ".") || slices.Contains(skipped, name) || strings.Count(rel, string(filepath.Separator)) >= maxScanDepth) {
				return filepath.SkipDir
			}
			return nil
		}
		read := readerOf(e.Name())
		if read == nil || !e.Type().IsRegular() {
			return nil
		}
		text, err := readBounded(path)
		if err != nil {
			return nil
		}
		for _, d := range read(path, root, text) {
			d.file = filepath.ToSlash(rel)
			all = append(all, d)
		}
		return nil
	})
	return installed(all)
}

// readerOf returns what reads a file of that name, nil for none.
func readerOf(name string) func(path, root string, text []byte) []dependency {
	switch {
	case name == "package.json":
		return readPackageJSON
	case name == "go.mod":
		return matcher(kindGo, goRequire)
	case strings.HasPrefix(name, "requirements") && strings.HasSuffix(name, ".txt"):
		return matcher(kindPyPI, requirement)
	case name == "pyproject.toml":
		return readPyproject
	case name == "Gemfile":
		return matcher(kindGem, gemLine)
	case name == "Gemfile.lock":
		return matcher(kindGem, gemLocked)
	case name == "composer.json":
		return readComposer
	case name == "pom.xml":
		return readPOM
	case name == "build.gradle", name == "build.gradle.kts":
		return matcher(kindMaven, gradleLine)
	case name == ".env" || strings.HasPrefix(name, ".env."):
		return matcher(kindEnv, envLine)
	}
	return nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxScanBytes))
}

// Lines that name a dependency: group 1 is its name, group 2 its version.
var (
	goRequire   = regexp.MustCompile(`(?m)^\s*(?:require\s+)?([a-z0-9.-]+\.[a-z]+/\S+)\s+v(\d[^\s/]*)`)
	requirement = regexp.MustCompile(`(?m)^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:[=~><!]=?=?\s*v?(\d[\w.]*))?`)
	gemLine     = regexp.MustCompile(`(?m)^\s*gem\s+["']([^"']+)["'](?:\s*,\s*["'][^\d"']*(\d[\w.]*)["'])?`)
	gemLocked   = regexp.MustCompile(`(?m)^    ([a-z0-9][\w.-]*) \((\d[\w.]*)\)`)
	gradleLine  = regexp.MustCompile(`["']([\w.-]+:[\w.-]+)(?::(\d[\w.]*)[^"']*)?["']`)
	envLine     = regexp.MustCompile(`(?m)^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)()\s*=`)
	poetryLine  = regexp.MustCompile(`(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)\s*=\s*(?:\{[^}]*version\s*=\s*)?["'][^\d"']*(\d[\w.]*)?`)
	tomlString  = regexp.MustCompile(`["']([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:[=~><!]=?=?\s*v?(\d[\w.]*))?[^"']*["']`)
	digitsFirst = regexp.MustCompile(`\d[\w.-]*`)
)

func matcher(kind string, line *regexp.Regexp) func(path, root string, text []byte) []dependency {
	return func(_, _ string, text []byte) []dependency {
		var out []dependency
		for _, m := range line.FindAllSubmatch(text, -1) {
			out = append(out, dependency{kind: kind, name: string(m[1]), version: string(m[2])})
		}
		return out
	}
}

// readPackageJSON reads the dependencies and looks which version is installed.
func readPackageJSON(path, root string, text []byte) []dependency {
	var p struct{ Dependencies, DevDependencies, OptionalDependencies, PeerDependencies map[string]string }
	if json.Unmarshal(text, &p) != nil {
		return nil
	}
	var out []dependency
	for _, m := range []map[string]string{p.Dependencies, p.OptionalDependencies, p.PeerDependencies, p.DevDependencies} {
		for _, name := range sortedKeys(m) {
			version := installedNPM(filepath.Dir(path), root, name)
			if version == "" {
				version = digitsFirst.FindString(m[name])
			}
			out = append(out, dependency{kind: kindNPM, name: name, version: version})
		}
	}
	return out
}

// installedNPM looks as Node does: in node_modules of the folder and of those
// above it, here up to the project's root.
func installedNPM(folder, root, name string) string {
	if !filepath.IsLocal(name) {
		return ""
	}
	for {
		if text, err := readBounded(filepath.Join(folder, "node_modules", filepath.FromSlash(name), "package.json")); err == nil {
			var p struct{ Version string }
			if json.Unmarshal(text, &p) == nil {
				return p.Version
			}
		}
		up := filepath.Dir(folder)
		if folder == root || up == folder {
			return ""
		}
		folder = up
	}
}

// readPyproject reads the lists of PEP 621 and the tables of Poetry. It is no
// TOML parser: a name that merely looks like a dependency does no harm unless
// it is an SDK's.
func readPyproject(_, _ string, text []byte) []dependency {
	var out []dependency
	section, list := "", false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") && !list {
			section = strings.Trim(line, "[] ")
			continue
		}
		if strings.HasPrefix(section, "tool.poetry") && strings.HasSuffix(section, "dependencies") {
			for _, m := range poetryLine.FindAllStringSubmatch(line, -1) {
				out = append(out, dependency{kind: kindPyPI, name: m[1], version: m[2]})
			}
			continue
		}
		if section == "project" && strings.HasPrefix(line, "dependencies") || section == "project.optional-dependencies" || section == "dependency-groups" {
			list = strings.Contains(line, "[") || list
		}
		if !list {
			continue
		}
		for _, m := range tomlString.FindAllStringSubmatch(line, -1) {
			out = append(out, dependency{kind: kindPyPI, name: m[1], version: m[2]})
		}
		if strings.HasSuffix(line, "]") {
			list = false
		}
	}
	return out
}

func readComposer(_, _ string, text []byte) []dependency {
	var p struct {
		Require    map[string]string `json:"require"`
		RequireDev map[string]string `json:"require-dev"`
	}
	if json.Unmarshal(text, &p) != nil {
		return nil
	}
	var out []dependency
	for _, m := range []map[string]string{p.Require, p.RequireDev} {
		for _, name := range sortedKeys(m) {
			out = append(out, dependency{kind: kindComposer, name: name, version: digitsFirst.FindString(m[name])})
		}
	}
	return out
}

func readPOM(_, _ string, text []byte) []dependency {
	type dep struct {
		Group    string `xml:"groupId"`
		Artifact string `xml:"artifactId"`
		Version  string `xml:"version"`
	}
	var p struct {
		Dependencies []dep `xml:"dependencies>dependency"`
		Managed      []dep `xml:"dependencyManagement>dependencies>dependency"`
	}
	if xml.Unmarshal(text, &p) != nil {
		return nil
	}
	var out []dependency
	for _, d := range slices.Concat(p.Dependencies, p.Managed) {
		out = append(out, dependency{kind: kindMaven, name: strings.TrimSpace(d.Group) + ":" + strings.TrimSpace(d.Artifact), version: digitsFirst.FindString(d.Version)})
	}
	return out
}

// installed prefers what a lock file has over what a manifest asks for.
func installed(all []dependency) []dependency {
	locked := map[string]string{}
	for _, d := range all {
		if strings.HasSuffix(d.file, "Gemfile.lock") {
			locked[d.name] = d.version
		}
	}
	for i, d := range all {
		if v := locked[d.name]; d.kind == kindGem && v != "" {
			all[i].version = v
		}
	}
	return all
}

// pypiName is how the index tells names apart, see
// https://packaging.python.org/en/latest/specifications/name-normalization/.
func pypiName(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == '_' || r == '.' {
			return '-'
		}
		return r
	}, s))
}
