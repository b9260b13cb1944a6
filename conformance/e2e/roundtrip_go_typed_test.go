package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rawOf is the answer that a typed object was made of, or the object itself where
// it came in a list.
func rawOf(t *testing.T, object reflect.Value) map[string]any {
	t.Helper()
	var text []byte
	var err error
	if response := object.Elem().FieldByName("LastResponse"); response.IsValid() && !response.IsNil() {
		text = response.Elem().FieldByName("RawJSON").Bytes()
	} else {
		text, err = json.Marshal(object.Interface())
	}
	out, fault := decoded(text)
	if err = errors.Join(err, fault); err != nil {
		t.Fatal(err)
	}
	return out
}

// decoded reads an object with its numbers as they are written.
func decoded(text []byte) (out map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&out)
	return out, err
}

// same says where an answer does not have what was sent.
func same(sent, got any, input []string, path string) (faults []string) {
	if slices.Contains(input, path) {
		return nil
	}
	switch sent := sent.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: %v, want an object", path, got)}
		}
		for k, v := range sent {
			faults = append(faults, same(v, object[k], input, strings.TrimPrefix(path+"."+k, "."))...)
		}
		return faults
	case []any:
		if list, ok := got.(map[string]any); ok {
			got = list["data"]
		}
		list, _ := got.([]any)
		if len(list) != len(sent) {
			return []string{fmt.Sprintf("%s: sent %v, got %v", path, sent, got)}
		}
		for i, v := range sent {
			faults = append(faults, same(v, list[i], input, path)...)
		}
		return faults
	case string:
		if object, ok := got.(map[string]any); ok {
			got = object["id"]
		}
	}
	if n, ok := sent.(json.Number); ok { // 1 is 1.0
		a, _ := n.Float64()
		if m, ok := got.(json.Number); ok {
			if b, _ := m.Float64(); a == b {
				return nil
			}
		}
	}
	if sent != got {
		return []string{fmt.Sprintf("%s: sent %#v, got %#v", path, sent, got)}
	}
	return nil
}

// typed says where a typed object does not hold what the answer has.
func typed(raw any, v reflect.Value, path string) (faults []string) {
	differs := func() []string {
		return []string{fmt.Sprintf("%s: the answer has %v, the typed object %v", path, raw, v)}
	}
	if raw == nil {
		return nil
	}
	switch v.Kind() {
	case reflect.Interface:
		return nil
	case reflect.Pointer:
		if v.IsNil() {
			return differs()
		}
		return typed(raw, v.Elem(), path)
	case reflect.Struct:
		if id, ok := raw.(string); ok { // it can be expanded
			if f := v.FieldByName("ID"); !f.IsValid() || f.String() != id {
				return differs()
			}
			return nil
		}
		object, ok := raw.(map[string]any)
		if !ok {
			return differs()
		}
		if union := memberOf(v); union.IsValid() {
			return typed(raw, union, path)
		}
		for k, each := range object {
			f, text := fieldOf(v, k)
			if !f.IsValid() {
				continue // added to all versions after the SDK was made
			}
			if text && each != nil {
				each = json.Number(each.(string))
			}
			faults = append(faults, typed(each, f, path+"."+k)...)
		}
		return faults
	case reflect.Map:
		for k, each := range raw.(map[string]any) {
			faults = append(faults, typed(each, v.MapIndex(reflect.ValueOf(k).Convert(v.Type().Key())), path+"."+k)...)
		}
		return faults
	case reflect.Slice:
		if text, ok := v.Interface().(json.RawMessage); ok {
			if got, err := decoded(text); err != nil || !reflect.DeepEqual(got, raw) {
				return differs()
			}
			return nil
		}
		list, ok := raw.([]any)
		if !ok || len(list) != v.Len() {
			return differs()
		}
		for i, each := range list {
			faults = append(faults, typed(each, v.Index(i), path+"."+strconv.Itoa(i))...)
		}
		return faults
	case reflect.String:
		if text, ok := raw.(string); ok && text == v.String() {
			return nil
		}
		if v.Type().String() == "json.Number" && fmt.Sprint(raw) == v.String() {
			return nil
		}
	case reflect.Bool:
		if raw == v.Bool() {
			return nil
		}
	default:
		n, ok := raw.(json.Number)
		if ok && n.String() == fmt.Sprint(v.Interface()) {
			return nil
		}
		if f, err := strconv.ParseFloat(fmt.Sprint(raw), 64); err == nil && v.CanFloat() && v.Float() == f {
			return nil
		}
	}
	return differs()
}

// memberOf is the set one of the typed objects that a union may hold.
func memberOf(v reflect.Value) reflect.Value {
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct && v.Type().Field(i).Tag.Get("json") == "-" && v.Type().Field(i).Name != "LastResponse" && !f.IsNil() {
			return f
		}
	}
	return reflect.Value{}
}

// fieldOf finds the field of a JSON member; text is true where a number is
// written as text.
func fieldOf(v reflect.Value, name string) (f reflect.Value, text bool) {
	for i := range v.NumField() {
		tag, rest, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if tag == name {
			return v.Field(i), rest == "string"
		}
		if v.Type().Field(i).Anonymous && tag == "" {
			if f, text := fieldOf(v.Field(i), name); f.IsValid() {
				return f, text
			}
		}
	}
	return reflect.Value{}, false
}

// plain is a typed object without the answer that it came in and some members.
func plain(object reflect.Value, without []string) any {
	out := reflect.New(object.Type().Elem())
	out.Elem().Set(object.Elem())
	if f := out.Elem().FieldByName("LastResponse"); f.IsValid() {
		f.SetZero()
	}
	if f := out.Elem().FieldByName("Data"); f.IsValid() && f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct { // of events
		data := reflect.New(f.Type().Elem())
		data.Elem().Set(f.Elem())
		if raw := data.Elem().FieldByName("Raw"); raw.IsValid() {
			raw.SetZero() // Object says the same without the white space
		}
		f.Set(data)
	}
	for _, name := range without {
		f, _ := fieldOf(out.Elem(), name)
		f.SetZero()
	}
	return out.Interface()
}
