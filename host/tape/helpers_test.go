package tape

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// read parses a request and decodes the sections that came out. parts are
// bound to handles 1, 2, …
func read(t testing.TB, p *Parser, target, contentType, body string) (*abi.Request, []Part) {
	t.Helper()
	frame := abi.AppendUint16Section([]byte("before"), abi.TagKind, uint16(abi.KindHTTP))
	frame, parts := p.Append(frame, target, contentType, []byte(body))
	if string(frame[:6]) != "before" {
		t.Fatal("what was there before is gone")
	}
	for i, part := range parts {
		p.Bind(frame, part, uint32(i+1))
	}
	r, err := abi.DecodeRequest(string(frame[6:]))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Check(); err != nil {
		t.Fatalf("malformed tape: %v", err)
	}
	if r.HasFault && r.Fault.Reason != abi.ReasonMediaType && r.Tape != "" {
		t.Fatal("half a tape beside an error")
	}
	return r, parts
}

// show prints a tape, a record a line: source and offset, then what it is.
func show(t testing.TB, tape abi.Tape) string {
	t.Helper()
	var b strings.Builder
	for tape != "" {
		r, rest, err := tape.Next()
		if err != nil {
			t.Fatal(err)
		}
		tape = rest
		fmt.Fprintf(&b, "%c%d ", "qb"[r.Source], r.Offset)
		switch r.Op {
		case abi.OpPair:
			for i := range r.Segments() {
				fmt.Fprintf(&b, "%q ", r.Segment(i))
			}
			fmt.Fprintf(&b, "= %q", r.Value)
		case abi.OpRawPair:
			fmt.Fprintf(&b, "raw %q = %q", r.Name, r.Value)
		case abi.OpBeginObject:
			b.WriteString("{")
		case abi.OpEndObject:
			b.WriteString("}")
		case abi.OpBeginArray:
			b.WriteString("[")
		case abi.OpEndArray:
			b.WriteString("]")
		case abi.OpKey:
			fmt.Fprintf(&b, "%q:", r.Name)
		case abi.OpString:
			fmt.Fprintf(&b, "%q", r.Value)
		case abi.OpNumber:
			b.WriteString(r.Value)
		case abi.OpTrue:
			b.WriteString("true")
		case abi.OpFalse:
			b.WriteString("false")
		case abi.OpNull:
			b.WriteString("null")
		case abi.OpPart:
			fmt.Fprintf(&b, "part %q file %q type %q ", r.Name, r.FileName, r.ContentType)
			if r.InBlob {
				fmt.Fprintf(&b, "blob %d of %d", r.Blob.Handle, r.Blob.Size)
			} else {
				fmt.Fprintf(&b, "= %q", r.Value)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func lines(l ...string) string {
	if len(l) == 0 {
		return ""
	}
	return strings.Join(l, "\n") + "\n"
}
