package sdk

import (
	"strconv"
	"strings"
)

// SetAs sets the member at a dotted path, totp.code_length, to what a parameter
// says, as the kind of value that stands there: true or 1 and false or 0 for a
// boolean, a whole number for a number, one or more texts for an array, and
// otherwise a text, or null for "". It returns false, and changes nothing, if the
// parameter says no such thing or there is nothing at the path.
func (d Doc) SetAs(path string, param Doc) bool {
	in, name := d, path
	for {
		step, rest, more := strings.Cut(name, ".")
		if !more {
			break
		}
		in, name = in.Get(step), rest
	}
	text := param.String()
	switch in.Get(name).Kind() {
	case Absent, Object:
		return false
	case Bool:
		switch strings.ToLower(text) {
		case "true", "1":
			in.SetBool(name, true)
		case "false", "0":
			in.SetBool(name, false)
		default:
			return false
		}
	case Number:
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false
		}
		in.SetInt(name, v)
	case Array:
		list := in.SetArray(name)
		for _, v := range param.Texts() {
			list.AddString(v)
		}
	default:
		in.SetStringOrNull(name, text)
	}
	return true
}

// Texts are the texts of an array, or the one text that d is; none for "" and
// what is absent. It reads a parameter that may be repeated.
func (d Doc) Texts() []string {
	if d.Kind() != Array {
		if text := d.String(); text != "" {
			return []string{text}
		}
		return nil
	}
	var out []string
	for v := range d.All {
		out = append(out, v.String())
	}
	return out
}

// AddDocs adds deep copies of documents to an array.
func (d Doc) AddDocs(all []Doc) {
	for _, v := range all {
		d.AddDoc(v)
	}
}

// Snake writes CamelCase as camel_case, and Totp.Skew as totp.skew.
func Snake(name string) string {
	b := make([]byte, 0, len(name)+4)
	for i, c := range []byte(name) {
		if c >= 'A' && c <= 'Z' {
			if i > 0 && name[i-1] != '.' {
				b = append(b, '_')
			}
			c |= 0x20
		}
		b = append(b, c)
	}
	return string(b)
}
