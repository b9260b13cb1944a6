package vendorsuite

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
	"go.yaml.in/yaml/v3"
)

// Script is a plugin's own list of requests that are sent to the vendor, to see
// whether it still answers as the mirror does. It makes what it needs, costs
// nothing with a key of test mode, and says how to remove what it made.
type Script struct {
	Name string
	// Vendor is whose API it is, and Key the variable that has the credential.
	Vendor string
	Key    string

	rules  *Rules
	header map[string]string
	steps  []scriptStep
}

type scriptFile struct {
	Vendor string            `yaml:"vendor"`
	Key    string            `yaml:"key"`
	Header map[string]string `yaml:"header"` // of every request
	Steps  []yaml.Node       `yaml:"steps"`
}

type scriptStep struct {
	Send   string            `yaml:"send"` // method and target
	Form   yaml.Node         `yaml:"form"`
	JSON   yaml.Node         `yaml:"json"` // the body, for vendors who are sent JSON
	Header map[string]string `yaml:"header"`
	// Save names members of the answer by their paths, for {NAME} in later steps;
	// a text alone is the name of the id.
	Save yaml.Node `yaml:"save"`
	// Clean removes what the step made; it is sent in the end, in reverse order,
	// whatever happened.
	Clean string `yaml:"clean"`
	// List says that the answer lists what the account has.
	List bool `yaml:"list"`

	place string
	body  string
	saves [][2]string // name, path
}

// placeholder is {NAME} in targets, forms and headers. {run} differs in every
// run; {user} is the user of a key of basic authentication, an account.
var placeholder = regexp.MustCompile(`\{([a-z][a-z0-9_]*)\}`)

// ReadScript reads a script. All its faults are reported together.
func ReadScript(path string) (*Script, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := parseScript(filepath.Base(path), text)
	if err != nil {
		return nil, fmt.Errorf("drift script %s: %w", path, err)
	}
	return s, nil
}

func parseScript(name string, text []byte) (*Script, error) {
	var f scriptFile
	if err := strictly(text, &f); err != nil {
		return nil, err
	}
	s := &Script{Name: name, Vendor: f.Vendor, Key: f.Key, header: f.Header}
	var faults *multierror.Error
	fault := func(format string, args ...any) { faults = multierror.Append(faults, fmt.Errorf(format, args...)) }
	for _, r := range All() {
		if r.Vendor == f.Vendor {
			s.rules = r
		}
	}
	if s.rules == nil {
		fault("vendor %q is not known", printable(f.Vendor))
	}
	if f.Key == "" {
		fault("key: want the variable that has the credential")
	}
	if len(f.Steps) == 0 {
		fault("steps: there are none")
	}
	known := map[string]bool{"run": true}
	if s.rules != nil && s.rules.user() != "" {
		known["user"] = true
	}
	for i := range f.Steps {
		step := scriptStep{place: fmt.Sprintf("%s: step %d (line %d)", name, i, f.Steps[i].Line)}
		err := strictlyNode(&f.Steps[i], &step)
		if err == nil {
			step.body, _, err = bodyOf(&step.Form, &step.JSON)
		}
		if err != nil {
			fault("%s: %w", step.place, err)
			continue
		}
		if method, target, ok := strings.Cut(step.Send, " "); !ok || method != strings.ToUpper(method) || !strings.HasPrefix(target, "/") {
			fault("%s: send %q: want method and target, GET /v1/customers", step.place, printable(step.Send))
		}
		uses := []string{step.Send, step.unescaped()}
		for _, v := range step.Header {
			uses = append(uses, v)
		}
		step.unknown(known, uses, fault)
		if err := step.readSave(); err != nil {
			fault("%s: %w", step.place, err)
		}
		for _, save := range step.saves {
			known[save[0]] = true
		}
		if step.Clean != "" {
			if method, target, ok := strings.Cut(step.Clean, " "); !ok || method != strings.ToUpper(method) || !strings.HasPrefix(target, "/") {
				fault("%s: clean %q: want method and target, DELETE /v1/customers/{customer}", step.place, printable(step.Clean))
			}
			step.unknown(known, []string{step.Clean}, fault)
		}
		s.steps = append(s.steps, step)
	}
	return s, faults.ErrorOrNil()
}

// unescaped is the form as it was written, for placeholders.
func (s *scriptStep) unescaped() string {
	if s.JSON.Kind != 0 {
		return s.inJSON()
	}
	text, err := url.QueryUnescape(s.body)
	if err != nil {
		return s.body
	}
	return text
}

// inJSON is the texts of the body, one a line: braces around them are JSON's.
func (s *scriptStep) inJSON() string {
	var b strings.Builder
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode {
			b.WriteString(n.Value + "\n")
		}
		for _, k := range n.Content {
			walk(k)
		}
	}
	walk(&s.JSON)
	return b.String()
}

func (s *scriptStep) unknown(known map[string]bool, texts []string, fault func(string, ...any)) {
	for _, text := range texts {
		for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
			if !known[m[1]] {
				fault("%s: {%s} is not saved by a step before it", s.place, m[1])
			}
		}
	}
}

func (s *scriptStep) readSave() error {
	switch s.Save.Kind {
	case 0:
		return nil
	case yaml.ScalarNode:
		s.saves = [][2]string{{s.Save.Value, ""}}
	case yaml.MappingNode:
		for i := 0; i+1 < len(s.Save.Content); i += 2 {
			s.saves = append(s.saves, [2]string{s.Save.Content[i].Value, s.Save.Content[i+1].Value})
		}
	default:
		return errors.New("save: want a name, or names with the paths of members")
	}
	for _, save := range s.saves {
		if !placeholder.MatchString("{" + save[0] + "}") {
			return fmt.Errorf("save %q: want a name of lower-case letters, digits and _", printable(save[0]))
		}
	}
	return nil
}

// user is the user that requests of a mirror are sent as, "" for vendors that do
// not authenticate by Basic.
func (r *Rules) user() string {
	encoded, _ := strings.CutPrefix(r.Credential.Get("Authorization"), "Basic ")
	text, err := base64.StdEncoding.DecodeString(encoded)
	user, _, ok := strings.Cut(string(text), ":")
	if err != nil || !ok {
		return ""
	}
	return user
}

// Rules returns what is known of the script's vendor.
func (s *Script) Rules() *Rules { return s.rules }

// Ask makes requests ask for a version of the vendor's API, unless the script
// names one itself.
func (s *Script) Ask(version string) {
	if s.rules.Version == "" || version == "" {
		return
	}
	for name := range s.header {
		if http.CanonicalHeaderKey(name) == http.CanonicalHeaderKey(s.rules.Version) {
			return
		}
	}
	if s.header == nil {
		s.header = map[string]string{}
	}
	s.header[s.rules.Version] = version
}

// Sender sends a request of a script.
type Sender func(ctx context.Context, r *Request) (*Response, error)

// Played is what came of a script.
type Played struct {
	// Recordings are the steps with the vendor's answers, one cassette.
	Recordings *Recordings
	// Cleaned counts what was removed, and Left says what could not be.
	Cleaned int
	Left    []string
}

// cleanTime bounds the removal of what a script made, which goes on when the
// run is interrupted.
const cleanTime = 2 * time.Minute

// Play sends the script's requests with a key, USER:PASSWORD for vendors that
// authenticate by Basic, and removes
// what they made: also when a request fails or ctx ends, in which cases it
// returns what was answered until then beside the error. run is put in place of
// {run}.
func (s *Script) Play(ctx context.Context, send Sender, key, run string) (*Played, error) {
	p := &Played{Recordings: &Recordings{live: true}}
	values := map[string]string{"run": run}
	credential, own := "Bearer "+key, s.rules.user()
	if own != "" {
		credential = "Basic " + base64.StdEncoding.EncodeToString([]byte(key))
		values["user"], _, _ = strings.Cut(key, ":")
	}
	var cleanups []string
	err := func() error {
		for i := range s.steps {
			step := &s.steps[i]
			if err := ctx.Err(); err != nil {
				return err
			}
			e, err := s.send(ctx, send, step, values, credential)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", step.place, step.Send, err)
			}
			e.Source, e.Order, e.Place = s.Name, i, step.place
			body := newDocument(e.Body)
			var missing []string
			for _, save := range step.saves {
				text, ok := saved(s.rules, body.root, save[1])
				if !ok {
					missing = append(missing, save[0])
				}
				values[save[0]] = text
			}
			if own != "" && values["user"] != "" { // what is replayed is of the account of Credential
				for _, text := range []*string{&e.URL, &e.RequestBody, &e.Body} {
					*text = strings.ReplaceAll(*text, values["user"], own)
				}
			}
			s.rules.Scrub(e, true)
			p.Recordings.take(e)
			if step.Clean != "" && e.Status < 300 && !slices.ContainsFunc(placeholder.FindAllStringSubmatch(step.Clean, -1), func(m []string) bool { return values[m[1]] == "" }) {
				cleanups = append(cleanups, fill(step.Clean, values, url.PathEscape))
			}
			if missing != nil {
				return fmt.Errorf("%s: %s answered %d without %s: %s", step.place, step.Send, e.Status, strings.Join(missing, ", "), excerpt(printable(e.Body)))
			}
		}
		return nil
	}()
	p.Recordings.finish()
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	slices.Reverse(cleanups)
	for _, c := range cleanups {
		if why := s.clean(late, send, c, credential); why != "" {
			p.Left = append(p.Left, c+": "+why)
		} else {
			p.Cleaned++
		}
	}
	return p, err
}

func (s *Script) send(ctx context.Context, send Sender, step *scriptStep, values map[string]string, credential string) (*Exchange, error) {
	method, target, _ := strings.Cut(step.Send, " ")
	target = fill(target, values, url.PathEscape)
	body, kind, err := bodyOf(filled(&step.Form, values), filled(&step.JSON, values))
	if err != nil {
		return nil, err
	}
	r := s.request(method, target, credential)
	for _, more := range []map[string]string{s.header, step.Header} {
		for name, v := range more {
			r.Header.Set(name, fill(v, values, nil))
		}
	}
	if body != "" {
		r.Header.Set("Content-Type", kind)
		r.Body = body
	}
	a, err := send(ctx, r)
	if err != nil {
		return nil, err
	}
	e := &Exchange{
		Method: method, URL: "https://" + r.Host + target, RequestHeader: r.Header.Clone(), RequestBody: body,
		Status: a.Status, Header: a.Header, Body: a.Body, At: answeredAt(a.Header, ""), Class: Counted,
	}
	if step.List {
		e.Class = Listed
	}
	return e, nil
}

func (s *Script) request(method, target, credential string) *Request {
	return &Request{Method: method, Host: s.rules.MainHost(), Target: target, Header: http.Header{"Authorization": {credential}}}
}

// clean sends a cleanup and returns why it failed. What is gone already is
// clean.
func (s *Script) clean(ctx context.Context, send Sender, cleanup, credential string) string {
	method, target, _ := strings.Cut(cleanup, " ")
	a, err := send(ctx, s.request(method, target, credential))
	switch {
	case err != nil:
		return err.Error()
	case a.Status >= 300 && a.Status != http.StatusNotFound:
		return fmt.Sprintf("%d %s", a.Status, excerpt(printable(strings.Join(strings.Fields(a.Body), " "))))
	}
	return ""
}

// fill puts values in the place of their names.
func fill(text string, values map[string]string, escape func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		v := values[m[1:len(m)-1]]
		if escape != nil {
			v = escape(v)
		}
		return v
	})
}

// filled is a form with values in the place of their names.
func filled(n *yaml.Node, values map[string]string) *yaml.Node {
	out := *n
	out.Content = nil
	for _, k := range n.Content {
		out.Content = append(out.Content, filled(k, values))
	}
	if n.Kind == yaml.ScalarNode {
		out.Value = fill(n.Value, values, nil)
	}
	return &out
}

// saved returns the text at a path of an answer, at "" the object's id.
func saved(r *Rules, n *node, path string) (string, bool) {
	if path == "" {
		id := r.idOf(n)
		return id, id != ""
	}
	for _, name := range strings.Split(path, ".") {
		n = n.member(name)
	}
	if n == nil || n.kind != stringKind && n.kind != numberKind || n.text == "" {
		return "", false
	}
	return n.text, true
}
