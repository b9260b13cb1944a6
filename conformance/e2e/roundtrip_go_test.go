package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// goSDK calls the typed methods of one version of stripe-go with parameters of
// the table: these have to be fields of the typed parameters, and what comes
// back has to fit the typed object.
type goSDK struct {
	name     string
	services reflect.Value // a struct with a field for each resource
	prefix   string        // of the fields
	methods  map[string]string
	given    map[string]*madeOf
	rows     []*row
	upload   string // a file
	unique   atomic.Int64
}

func goRoundTrips(t *testing.T, p *project, sdk, _ string, rows *resources) {
	g := &goSDK{name: sdk, given: rows.Given, rows: rows.Rows, upload: filepath.Join(t.TempDir(), "receipt.png")}
	if err := os.WriteFile(g.upload, []byte("\x89PNG\r\n\x1a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if sdk == "stripe-go v79" {
		api, _ := stripeGo(p, 0)
		g.services = reflect.ValueOf(api).Elem()
		g.methods = map[string]string{"create": "New", "retrieve": "Get", "retrieveCurrent": "Get", "retrieveUpcoming": "Upcoming", "del": "Del"}
	} else {
		g.services, g.prefix = reflect.ValueOf(stripeGoCurrent(p)).Elem(), "V1"
		g.methods = map[string]string{"del": "Delete", "retrieveCurrent": "Retrieve"}
	}
	t.Run("rows", func(t *testing.T) { // returns when all are through
		for _, r := range rows.Rows {
			t.Run(r.String(), func(t *testing.T) {
				t.Parallel()
				(&goRow{T: t, sdk: g, row: r, known: map[string]any{}}).roundTrip()
			})
		}
	})
}

// method finds a resource's method; an invalid value if the SDK has none.
func (g *goSDK) method(r *row, name string) reflect.Value {
	resource := r.Go
	if resource == "" {
		resource = strings.ReplaceAll(r.Name, ".", "")
	}
	resource, part, _ := strings.Cut(resource, ".")
	service := g.services.FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, g.prefix+resource) })
	if !service.IsValid() {
		return service
	}
	if part != "" { // methods of the whole: ListLines
		if name == "list" {
			part += "s"
		}
		return service.MethodByName(strings.ToUpper(name[:1]) + name[1:] + part)
	}
	if name == "retrieve" {
		if m := service.MethodByName("GetByID"); m.IsValid() { // of accounts: the plain one is one's own
			return m
		}
	}
	if own := g.methods[name]; own != "" {
		return service.MethodByName(own)
	}
	return service.MethodByName(strings.ToUpper(name[:1]) + name[1:])
}

// call calls a method with an id, unless it takes none, and parameters.
func (g *goSDK) call(r *row, name, id string, parent, params map[string]any) (reflect.Value, error) {
	m := g.method(r, name)
	if !m.IsValid() {
		return m, fmt.Errorf("%s has no %s of %s", g.name, name, r)
	}
	var args []reflect.Value
	for i := range m.Type().NumIn() {
		switch in := m.Type().In(i); in.Kind() {
		case reflect.Interface:
			args = append(args, reflect.ValueOf(context.Background()))
		case reflect.String:
			args = append(args, reflect.ValueOf(id))
		default:
			p := reflect.New(in.Elem())
			if err := g.fill(p.Elem(), params); err != nil {
				return m, fmt.Errorf("%s: %w", in.Elem(), err)
			}
			for of, id := range parent { // they are in the path
				for _, name := range []string{strings.ToUpper(of[:1]) + of[1:], "ID"} {
					if f, ok := in.Elem().FieldByName(name); ok && f.Tag.Get("form") == "-" {
						p.Elem().FieldByIndex(f.Index).Set(reflect.ValueOf(ptr(id.(string))))
					}
				}
			}
			if r.ForVersion && name == "create" {
				p.Elem().FieldByName("StripeVersion").Set(reflect.ValueOf(ptr(versions["2024-06"])))
			}
			args = append(args, p)
		}
	}
	out := m.Call(args)
	if len(out) == 2 && !out[1].IsNil() {
		return out[0], out[1].Interface().(error)
	}
	return out[0], nil
}

func ptr[T any](v T) *T { return &v }

// fill sets the fields of typed parameters.
func (g *goSDK) fill(to reflect.Value, params map[string]any) error {
	for name, v := range params {
		if err := g.set(to, name, v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (g *goSDK) set(to reflect.Value, name string, v any) error {
	if name == "file" && to.FieldByName("FileReader").IsValid() {
		f, err := os.Open(g.upload)
		if err != nil {
			return err
		}
		to.FieldByName("FileReader").Set(reflect.ValueOf(f))
		to.FieldByName("Filename").Set(reflect.ValueOf(ptr(filepath.Base(g.upload))))
		return nil
	}
	var inside []reflect.Value
	fault := fmt.Errorf("no such parameter")
	for i := range to.NumField() {
		f := to.Field(i)
		switch tag := to.Type().Field(i).Tag.Get("form"); tag {
		case name: // several fields where an id may stand for details
			if v == "now" { // times have a field of their own for it
				f, v = to.FieldByName(to.Type().Field(i).Name+"Now"), true
			}
			if fault = g.value(f, v); fault == nil {
				return nil
			}
			f.SetZero()
		case "*":
			inside = append(inside, f)
		}
	}
	for _, f := range inside { // the likes of Params, and unions
		if f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct {
			made := reflect.New(f.Type().Elem())
			if g.set(made.Elem(), name, v) == nil {
				f.Set(made)
				return nil
			}
		} else if f.Kind() == reflect.Struct && g.set(f, name, v) == nil {
			return nil
		}
	}
	if f := to.FieldByName("Token"); f.IsValid() && name == "external_account" {
		return g.value(f, v)
	}
	return fault
}

// value sets a field to a value of the table.
func (g *goSDK) value(f reflect.Value, v any) error {
	switch f.Kind() {
	case reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		return g.value(f.Elem(), v)
	case reflect.Struct:
		if fields, ok := v.(map[string]any); ok {
			return g.fill(f, fields)
		}
		if token := f.FieldByName("Token"); token.IsValid() { // in place of the details
			return g.value(token, v)
		}
	case reflect.Slice:
		if list, ok := v.([]any); ok {
			f.Set(reflect.MakeSlice(f.Type(), len(list), len(list)))
			for i, each := range list {
				if err := g.value(f.Index(i), each); err != nil {
					return err
				}
			}
			return nil
		}
	case reflect.Map:
		if fields, ok := v.(map[string]any); ok {
			f.Set(reflect.MakeMap(f.Type()))
			for k, each := range fields {
				f.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(each))
			}
			return nil
		}
	case reflect.String:
		f.SetString(fmt.Sprint(v))
		return nil
	default:
		text, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(text, f.Addr().Interface())
		}
		return err
	}
	return fmt.Errorf("%v is no %s", v, f.Type())
}

var reference = regexp.MustCompile(`^\{([\w.]+)\}(.*)$`)

// goRow is one row on its way.
type goRow struct {
	*testing.T
	sdk    *goSDK
	row    *row
	known  map[string]any
	parent map[string]any
	params map[string]any // of the newest object
	object reflect.Value  // a pointer to the typed object
	raw    map[string]any // as it was sent
}

// resolve replaces references: {unique}, {create.x} of the row's own parameters,
// else a member of a new object of that row or given.
func (g *goRow) resolve(v any, known map[string]any) any {
	g.Helper()
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			out[k] = g.resolve(v[k], known)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = g.resolve(v[i], known)
		}
		return out
	case string:
		m := reference.FindStringSubmatch(v)
		if m == nil || m[1] == "upload" {
			return v
		}
		name := m[1]
		if name == "unique" {
			return fmt.Sprintf("g%dn%d%s", os.Getpid(), g.sdk.unique.Add(1), m[2])
		}
		if own, ok := strings.CutPrefix(name, "create."); ok {
			return g.params[own]
		}
		if known[name] == nil || g.sdk.given[name] != nil && g.sdk.given[name].Fresh {
			known[name] = g.make(name)
		}
		return known[name]
	}
	return v
}

// make makes an object and returns its id, or the member that is asked for.
func (g *goRow) make(name string) any {
	g.Helper()
	as := g.sdk.given[name]
	if as == nil {
		as = &madeOf{Of: name}
	}
	i := slices.IndexFunc(g.sdk.rows, func(r *row) bool { return r.Name == as.Of && r.Part == "" && r.Create != nil })
	if i < 0 {
		g.Fatalf("{%s}: no row %s", name, as.Of)
	}
	r := g.sdk.rows[i]
	create := as.Create
	if create == nil {
		create = r.Create
	}
	made, err := g.sdk.call(r, "create", "", nil, g.resolve(create, map[string]any{}).(map[string]any))
	if err == nil && as.Then != "" {
		made, err = g.sdk.call(r, as.Then, rawOf(g.T, made)["id"].(string), nil, nil)
	}
	if err != nil {
		g.Fatalf("{%s}: %v", name, err)
	}
	member := as.Member
	if member == "" {
		member = "id"
	}
	return rawOf(g.T, made)[member]
}

// holds compares an answer with what it should have, and the typed object with
// the answer.
func (g *goRow) holds(object reflect.Value, want ...map[string]any) map[string]any {
	g.Helper()
	raw := rawOf(g.T, object)
	for _, w := range want {
		for _, fault := range same(w, raw, g.row.Input, "") {
			g.Error(fault)
		}
	}
	for _, fault := range typed(raw, object, "") {
		g.Error(fault)
	}
	return raw
}

func (g *goRow) create() {
	g.Helper()
	g.params = g.resolve(g.row.Create, g.known).(map[string]any)
	object, err := g.sdk.call(g.row, "create", "", g.parent, g.params)
	if err != nil {
		g.Fatal("create: ", err)
	}
	g.object, g.raw = object, g.holds(object, g.params, g.row.Expect)
}

func (g *goRow) retrieve() (reflect.Value, error) {
	return g.sdk.call(g.row, "retrieve", g.id(), g.parent, nil)
}

func (g *goRow) id() string {
	id, _ := g.raw["id"].(string)
	return id
}

func (g *goRow) equal(what string, got reflect.Value) {
	g.Helper()
	if want := plain(g.object, g.row.New); !reflect.DeepEqual(plain(got, nil), want) {
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(plain(got, nil))
		g.Errorf("%s is\n%s\nwant\n%s", what, b, a)
	}
}

func (g *goRow) kept() {
	g.Helper()
	if g.row.NoRetrieve {
		return
	}
	got, err := g.retrieve()
	if err != nil {
		g.Fatal("retrieve: ", err)
	}
	g.equal("retrieved", got)
}

func (g *goRow) change(name string, params, then map[string]any) {
	g.Helper()
	sent := g.resolve(params, g.known).(map[string]any)
	object, err := g.sdk.call(g.row, name, g.id(), g.parent, sent)
	if err != nil {
		g.Fatalf("%s: %v", name, err)
	}
	if then == nil {
		then = sent
	}
	g.object, g.raw = object, g.holds(object, then)
	g.kept()
}

// pages goes through what is found one by one, each on a page of its own, until
// one is wanted.
func (g *goRow) pages(name string, params map[string]any, wanted func(reflect.Value) bool) error {
	g.Helper()
	params = g.resolve(params, g.known).(map[string]any)
	if !g.row.Unpaged {
		params["limit"] = json.Number("1")
	}
	list, err := g.sdk.call(g.row, name, "", g.parent, params)
	if err != nil {
		return err
	}
	if all := list.MethodByName("All"); all.IsValid() {
		for each, err := range all.Call([]reflect.Value{reflect.ValueOf(context.Background())})[0].Seq2() {
			if !err.IsNil() {
				return err.Interface().(error)
			}
			if wanted(each) {
				break
			}
		}
		return nil
	}
	iter := list.Interface().(interface {
		Next() bool
		Current() any
		Err() error
	})
	for iter.Next() && !wanted(reflect.ValueOf(iter.Current())) {
	}
	return iter.Err()
}

// find looks for the object.
func (g *goRow) find(name string, params map[string]any) {
	g.Helper()
	found := false
	err := g.pages(name, params, func(each reflect.Value) bool {
		if found = each.Elem().FieldByName("ID").String() == g.id(); found {
			g.equal(name, each)
		}
		return found
	})
	if err != nil || !found {
		g.Errorf("%s is not in %s: %v", g.id(), name, err)
	}
}

// obtain takes what is given, or the second of what is listed, or the only one.
func (g *goRow) obtain() {
	g.Helper()
	if g.row.ID != "" {
		g.raw = map[string]any{"id": g.resolve(g.row.ID, g.known)}
		got, err := g.retrieve()
		if err != nil {
			g.Fatal("retrieve: ", err)
		}
		g.object = got
	} else {
		count := 0
		err := g.pages("list", g.row.List, func(each reflect.Value) bool {
			g.object = each
			count++
			return count == 2
		})
		if err != nil || count == 0 {
			g.Fatal("the list is empty: ", err)
		}
	}
	g.raw = g.holds(g.object, g.row.Expect)
	g.kept()
}

func (g *goRow) roundTrip() {
	if r := g.row; r.absent(g.sdk.name) {
		first := "create"
		if r.Create == nil {
			first = "retrieve"
			if r.NoRetrieve {
				first = "list"
			}
		}
		if g.sdk.method(r, first).IsValid() {
			g.Error("the row says that this SDK does not have it")
		}
		return
	}
	for _, need := range g.row.Needs {
		g.resolve(need, g.known)
	}
	g.parent = g.resolve(g.row.Parent, g.known).(map[string]any)
	listed := g.sdk.method(g.row, "list").IsValid()
	switch {
	case g.row.Create != nil:
		g.create()
		g.kept()
	case g.row.ID != "" || g.row.Expect != nil:
		g.obtain()
	}
	if g.row.Update != nil {
		g.change("update", g.row.Update, nil)
	}
	if listed && (g.row.Create != nil || g.row.ID != "") && !slices.ContainsFunc(g.row.Steps, func(s step) bool { return s.Do == "list" }) {
		if g.row.Create != nil {
			object, raw := g.object, g.raw
			g.create() // so that the first is on the second page
			g.object, g.raw = object, raw
		}
		g.find("list", g.row.List)
	}
	for _, s := range g.row.Steps {
		g.step(s)
	}
	if g.row.Gone == nil {
		return
	}
	got, err := g.retrieve()
	if g.row.Gone != "deleted" {
		g.fails("retrieve what is deleted", err, g.row.Gone)
		return
	}
	if err != nil {
		g.Fatal("retrieve what is deleted: ", err)
	}
	g.holds(got, map[string]any{"id": g.id(), "deleted": true})
}

func (g *goRow) step(s step) {
	g.Helper()
	own := func() (reflect.Value, error) {
		return g.sdk.call(g.row, s.Do, g.id(), g.parent, g.resolve(s.Params, g.known).(map[string]any))
	}
	switch {
	case s.absent(g.sdk.name):
		if g.sdk.method(g.row, s.Do).IsValid() {
			g.Errorf("the row says that %s does not have %s", g.sdk.name, s.Do)
		}
	case named(s.Astray, g.sdk.name):
		_, err := own()
		g.fails(s.Do, err, http.StatusNotFound)
	case s.Fails != 0 && s.Do == "list":
		g.fails(s.Do, g.pages(s.Do, s.Params, func(reflect.Value) bool { return true }), s.Fails)
	case s.Fails != 0:
		_, err := own()
		g.fails(s.Do, err, s.Fails)
	case s.Alone || s.Apart || s.Do == "del":
		got, err := own()
		if err != nil {
			g.Fatalf("%s: %v", s.Do, err)
		}
		then := s.Then
		if s.Do == "del" && then == nil {
			then = map[string]any{"id": g.id(), "deleted": true}
		}
		g.holds(got, then)
	case s.Do == "create":
		g.create()
	case s.Do == "list":
		g.find("list", g.row.List)
	case s.Do == "search":
		g.find("search", s.Params)
	default:
		g.change(s.Do, s.Params, s.Then)
	}
}

// fails wants the SDK's own error, with a status.
func (g *goRow) fails(what string, err error, status any) {
	g.Helper()
	e := reflect.Indirect(reflect.ValueOf(err))
	if !e.IsValid() || e.Type().Name() != "Error" || fmt.Sprint(e.FieldByName("HTTPStatusCode")) != fmt.Sprint(status) {
		g.Errorf("%s: %v, want status %v", what, err, status)
	}
}
