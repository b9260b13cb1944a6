package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// witness notes the requests that go through it, and what they are answered.
type witness struct {
	next http.RoundTripper
	seen []asked
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	var failed struct{ Error struct{ Code string } }
	_ = json.Unmarshal(body, &failed) // other answers have no code
	w.seen = append(w.seen, asked{Verb: r.Method, Path: r.URL.Path, Status: response.StatusCode, Code: failed.Error.Code})
	return response, err
}

// goSurface calls every typed method of one version of stripe-go.
func goSurface(t *testing.T, p *project, sdk, _ string) (all []asked) {
	w := &witness{next: &http.Transport{Proxy: nil}}
	var services reflect.Value
	if sdk == "stripe-go v79" {
		api, c := stripeGo(p, 0)
		c.next = w
		services = reflect.ValueOf(api).Elem()
	} else {
		services = reflect.ValueOf(stripeGoOver(p, w)).Elem()
	}
	for i := range services.NumField() {
		service, field := services.Field(i), services.Type().Field(i)
		if service.Kind() != reflect.Pointer || !field.IsExported() {
			continue
		}
		for j := range service.NumMethod() {
			method := service.Type().Method(j).Name
			if method == "AuthorizeURL" {
				continue // the address of a page
			}
			w.seen = nil
			fault := askAll(service.Method(j), "")
			if len(w.seen) == 0 { // of bank accounts and cards: one of the two owns it
				askAll(service.Method(j), "Account")
				askAll(service.Method(j), "Customer")
			}
			if len(w.seen) == 0 {
				t.Errorf("%s: %s.%s asked for nothing: %v", sdk, field.Name, method, fault)
			}
			for _, a := range w.seen {
				a.Resource, a.Method = field.Name, method
				all = append(all, a)
			}
		}
	}
	return all
}

// askAll calls a method with ids of nobody, of an owner or of all that stand in the
// path, and no parameters, and takes the first of what it lists.
func askAll(m reflect.Value, owner string) (fault any) {
	defer func() {
		if err := recover(); err != nil {
			fault = err
		}
	}()
	var args []reflect.Value
	for i := range m.Type().NumIn() {
		switch in := m.Type().In(i); in.Kind() {
		case reflect.Interface:
			args = append(args, reflect.ValueOf(context.Background()))
		case reflect.String:
			args = append(args, reflect.ValueOf(nobody))
		case reflect.Pointer:
			params := reflect.New(in.Elem())
			for k := range in.Elem().NumField() {
				field := in.Elem().Field(k)
				if field.Tag.Get("form") == "-" && field.Type == reflect.TypeFor[*string]() && (owner == "" || owner == field.Name) {
					params.Elem().Field(k).Set(reflect.ValueOf(ptr(nobody)))
					if field.Name == "StripeVersion" { // of ephemeral keys
						params.Elem().Field(k).Set(reflect.ValueOf(ptr("2024-06-20")))
					}
				}
			}
			args = append(args, params)
		default:
			return fmt.Errorf("a parameter of type %s", in)
		}
	}
	out := m.Call(args)
	if all := out[0].MethodByName("All"); all.IsValid() {
		out = all.Call([]reflect.Value{reflect.ValueOf(context.Background())})
	}
	if strings.HasPrefix(out[0].Type().String(), "iter.Seq2") || out[0].Kind() == reflect.Func {
		for range out[0].Seq2() {
			break
		}
	}
	return out[len(out)-1].Interface()
}
