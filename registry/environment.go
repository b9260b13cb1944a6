package registry

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/abi"
)

// environment checks what a plugin sets for the application, and what it looks
// for to find its vendor.
func (c *checker) environment(m *abi.Manifest) {
	seen := set{}
	for i, e := range m.Env {
		where := at("env", i)
		c.unique(seen, where, "name", e.Name)
		c.variable(where, e.Name)
		if steersPrograms(e.Name) {
			c.fault("%s: %s steers programs other than the application, a plugin must not set it", where, e.Name)
		}
		c.plain(where+".value", e.Value)
		c.placeholders(where, e.Value)
	}
	for i, v := range m.Detect.Env {
		c.variable(at("detect.env", i), v)
	}
	for sdk, version := range m.Detect.Versions {
		kind, rest, ok := strings.Cut(sdk, ":")
		at := strings.LastIndexByte(rest, '@')
		if !ok || !slices.Contains(ecosystems, kind) || at < 1 || at == len(rest)-1 {
			c.fault("detect.versions: %q: want an SDK and its major version, such as npm:stripe@16", sdk)
		}
		c.required("detect.versions["+sdk+"]", version)
	}
}

// ecosystems are the JSON names of abi.Detect's lists of packages.
var ecosystems = []string{"npm", "go", "pypi", "gem", "composer", "maven"}

func (c *checker) variable(where, s string) {
	for i := range len(s) {
		if !isWord(s[i]) || i == 0 && s[i] <= '9' {
			c.fault("%s: %q is not a variable name", where, s)
			return
		}
	}
}

// steersPrograms reports variables that make the loader, a shell, a language
// runtime or Mirra itself do something else. They would let a sandboxed plugin
// run code through the programs that `mirra exec` starts.
func steersPrograms(name string) bool {
	name = strings.ToUpper(name)
	for _, prefix := range []string{"LD_", "DYLD_", "GIT_", "MIRRA_", "NODE_", "NPM_CONFIG_", "PYTHON", "RUBY", "GEM_", "BUNDLE_", "PERL", "PHP_INI", "JAVA_TOOL", "_JAVA", "JDK_JAVA", "BASH_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "PATH", "PATHEXT", "HOME", "SHELL", "COMSPEC", "ENV", "IFS", "PS4", "PROMPT_COMMAND", "TMPDIR", "TEMP", "TMP",
		"EDITOR", "VISUAL", "PAGER", "BROWSER", "GOFLAGS", "GODEBUG", "GOPROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE", "CLASSPATH":
		return true
	}
	return strings.HasSuffix(name, "_PROXY")
}

// placeholders checks the braces of an abi.EnvVar value.
func (c *checker) placeholders(where, value string) {
	for rest := value; ; {
		before, after, open := strings.Cut(rest, "{")
		if strings.Contains(before, "}") {
			c.fault("%s: value %q: } without {", where, value)
			return
		}
		if !open {
			return
		}
		inner, tail, closed := strings.Cut(after, "}")
		if !closed {
			c.fault("%s: value %q: { without }", where, value)
			return
		}
		rest = tail
		kind, arg, named := strings.Cut(inner, ":")
		switch {
		case kind == "url", kind == "host", kind == "port":
			if named && !c.hosts[arg] {
				c.fault("%s: {%s}: host %q is not in hosts", where, inner, arg)
			}
		case named && kind == "secret":
			if !c.secrets[arg] {
				c.fault("%s: {%s}: secret %q is not in secrets", where, inner, arg)
			}
		default:
			c.fault("%s: unknown placeholder {%s}: want {url}, {host}, {port}, one of these with :HOST, or {secret:NAME}", where, inner)
		}
	}
}
