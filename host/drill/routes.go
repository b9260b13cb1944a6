package drill

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a look at sources: a project is read in milliseconds.
const (
	maxFiles    = 2000
	maxFileSize = 256 << 10
	maxDepth    = 8
	maxPaths    = 400
)

// skipped are folders that hold other people's files.
var skipped = []string{"node_modules", "vendor", "dist", "build", "target", "venv", "__pycache__", "testdata", "test", "tests", "spec", "scenarios"}

// sources are the endings of files that routes are written in.
var sources = []string{".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".jsx", ".go", ".py", ".rb", ".php", ".java", ".kt", ".ex", ".cs", ".rs", ".vue", ".svelte"}

// Words of paths that webhooks go to.
var hookWords = []string{"hook", "event", "callback", "notif", "incoming", "inbound", "ipn"}

// wellKnown are paths of webhooks as vendors' and frameworks' guides have them; VENDOR
// stands for the vendor's name. Believed: from reading such guides, not from one source.
var wellKnown = []string{
	"/webhook", "/webhooks", "/hooks", "/hook", "/VENDOR", "/events",
	"/webhook/VENDOR", "/webhooks/VENDOR", "/hooks/VENDOR", "/VENDOR/webhook", "/VENDOR/webhooks", "/VENDOR_webhook", "/VENDOR_webhooks", "/VENDOR-webhook", "/VENDOR/events", "/callbacks/VENDOR",
	"/api/webhook", "/api/webhooks", "/api/VENDOR", "/api/webhook/VENDOR", "/api/webhooks/VENDOR", "/api/VENDOR/webhook", "/api/VENDOR/webhooks", "/api/hooks/VENDOR",
	"/api/v1/webhooks/VENDOR", "/v1/webhooks/VENDOR", "/VENDOR/webhook/", "/webhooks/VENDOR/", "/sms", "/webhook.php", "/VENDOR-webhook.php", "/wh",
}

var (
	// literal is a string of a source that may be a path or a part of one, behind a method
	// as Go's mux has it.
	literal = regexp.MustCompile("[\"'`](?:(?:POST|ANY|\\*) +)?(/?[A-Za-z0-9_.{}:<>\\-]+(?:/[A-Za-z0-9_.{}:<>\\-]*)*/?|/)[\"'`]")
	// address is a URL of a document, {"url":"https://…"}.
	address = regexp.MustCompile(`"(https?://[^"]+)"`)
	// word is a name of an event, payment_intent.succeeded.
	word = regexp.MustCompile(`[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+`)
)

// found is what sources say.
type found struct {
	paths []string // that webhooks may go to, the likeliest first
	words []string // that look like events, in the order of the first file that has them
	sends []string // paths by which the application may be asked to send something
}

// look reads the sources below root. What cannot be read says nothing.
func look(root fs.FS, vendor string) found {
	var out found
	if root == nil {
		root = noFiles{}
	}
	seen := 0
	literals := map[string]bool{}
	var likely []string
	_ = fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error { // faults are skipped
		if err != nil {
			return nil
		}
		if e.IsDir() {
			base := e.Name()
			if name != "." && (strings.HasPrefix(base, ".") || slices.Contains(skipped, base) || strings.Count(name, "/") >= maxDepth) {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() || !slices.Contains(sources, path.Ext(name)) {
			return nil
		}
		if seen++; seen > maxFiles {
			return fs.SkipAll
		}
		if p := byFile(name); p != "" && isHook(p, vendor) {
			likely = append(likely, p)
		}
		f, err := root.Open(name)
		if err != nil {
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(f, maxFileSize))
		_ = f.Close() // it was read
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			return nil
		}
		for _, m := range literal.FindAllSubmatch(text, -1) {
			literals[strings.Trim(string(m[1]), "/")] = true
		}
		for _, w := range word.FindAll(text, -1) {
			out.words = append(out.words, string(w))
		}
		return nil
	})
	var parts []string
	for l := range literals {
		if l != "" && len(l) < 80 {
			parts = append(parts, l)
		}
	}
	slices.Sort(parts)
	hooks := func(p string) bool { return isHook(p, vendor) }
	likely = pathsOf(likely, parts, hooks)
	out.sends = pathsOf(nil, parts, isSend)
	out.sends = unique(append(out.sends, wellSent...))
	out.sends = out.sends[:min(len(out.sends), maxPaths)]
	for _, p := range wellKnown {
		out.paths = append(out.paths, strings.ReplaceAll(p, "VENDOR", vendor))
	}
	out.paths = unique(append(likely, out.paths...))
	out.paths = out.paths[:min(len(out.paths), maxPaths)]
	out.words = unique(out.words)
	return out
}

// pathsOf adds to paths those that literals are, and two of them behind one another: a
// router may be mounted below a path of its own, and a path end with a slash. More than
// maxPaths are of no use, and the pairs of a large project would be without end.
func pathsOf(paths, parts []string, is func(string) bool) []string {
	known := map[string]bool{}
	out := paths[:0:0]
	add := func(p string) {
		if !known[p] {
			known[p] = true
			out = append(out, p)
		}
	}
	for _, p := range paths {
		add(p)
	}
	var own []string // that are such paths by themselves; no other makes a pair one
	for _, p := range parts {
		if is(p) {
			own = append(own, p)
			add("/" + p)
		}
	}
	for _, p := range parts {
		with := own
		if is(p) {
			with = parts
		}
		for _, q := range with {
			if len(out) >= maxPaths {
				return out
			}
			if p != q && is(p+"/"+q) {
				add("/" + p + "/" + q)
			}
		}
	}
	return out
}

// noFiles are sources that nobody has.
type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Words of paths that make an application send something, and usual ones.
var (
	sendWords = []string{"send", "notif", "sms", "message", "text", "alert", "otp", "verif", "remind", "invite", "confirm", "signup", "sign-up", "register", "order", "welcome", "mail"}
	wellSent  = []string{"/send", "/notify", "/sms", "/message", "/messages", "/send-sms", "/alerts", "/notifications", "/api/send", "/api/notify", "/api/sms", "/api/messages", "/signup", "/users", "/api/users"}
)

// isSend tells whether a path may be one that sends something, and is no webhook's.
func isSend(p string) bool {
	p = strings.ToLower(p)
	if strings.ContainsAny(p, "{}:<>.") || strings.Contains(p, "hook") || strings.Contains(p, "callback") {
		return false
	}
	return slices.ContainsFunc(sendWords, func(w string) bool { return strings.Contains(p, w) })
}

// isHook tells whether a path may be one of webhooks.
func isHook(p, vendor string) bool {
	p = strings.ToLower(p)
	if strings.ContainsAny(p, "{}:<>") || strings.HasSuffix(p, ".js") || strings.HasSuffix(p, ".html") || strings.HasSuffix(p, ".css") {
		return false // of an object, or a file's
	}
	if strings.Contains(p, vendor) {
		return true
	}
	return slices.ContainsFunc(hookWords, func(w string) bool { return strings.Contains(p, w) })
}

// byFile returns the path of a route that its file's place names, as in Next.js, Nuxt,
// SvelteKit and for PHP; "" if it names none.
func byFile(name string) string {
	dir, file := path.Split(name)
	stem := strings.TrimSuffix(file, path.Ext(file))
	if path.Ext(file) == ".php" {
		return "/" + strings.TrimPrefix(strings.TrimPrefix(name, "public/"), "web/")
	}
	below := func(folder string) (string, bool) {
		if rest, ok := strings.CutPrefix(dir, folder+"/"); ok {
			return rest, true
		}
		_, rest, ok := strings.Cut(dir, "/"+folder+"/")
		return rest, ok
	}
	switch {
	case stem == "route":
		if rest, ok := below("app"); ok {
			return "/" + strings.Trim(groups.ReplaceAllString(rest, ""), "/")
		}
	case stem == "+server":
		if rest, ok := below("routes"); ok {
			return "/" + strings.Trim(groups.ReplaceAllString(rest, ""), "/")
		}
	default:
		if rest, ok := below("pages"); ok && strings.HasPrefix(rest, "api/") {
			return "/" + path.Join(rest, strings.TrimSuffix(stem, "index"))
		}
		if rest, ok := below("server"); ok && strings.HasPrefix(rest, "api/") {
			return "/" + path.Join(rest, strings.TrimSuffix(stem, ".post"))
		}
	}
	return ""
}

// groups are folders that are no part of a path, (shop)/.
var groups = regexp.MustCompile(`\([^/]*\)/`)

func unique(list []string) []string {
	seen := map[string]bool{}
	out := list[:0:0]
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
