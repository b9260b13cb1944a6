package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

func digest(s string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s))) }

// send uploads a file as a client does.
func send(t *testing.T, m *sdktest.Mirror, name, content, purpose string) *sdktest.Response {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("purpose", purpose); err != nil {
		t.Fatal(err)
	}
	f, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return m.Request("POST", "/files", b.String(), "Content-Type: "+w.FormDataContentType())
}

func TestUploadAndDownload(t *testing.T) {
	m := sdktest.Start(t)
	content := strings.Repeat("0123456789\x00\xff", 100_000) // 1.2 MB, not text
	up := send(t, m, "data.bin", content, "logo").Want(201)
	for path, want := range map[string]string{
		"name": "data.bin", "content_type": "application/octet-stream", "size": "1200000", "digest": digest(content), "purpose": "logo",
		"url": "http://mirra.test/files/" + up.Get("id") + "/content",
	} {
		if got := up.Get(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if got := m.Request("GET", "/files/"+up.Get("id"), "").Want(200).Body; got != up.Body {
		t.Errorf("got %s, want %s", got, up.Body)
	}
	down := m.Request("GET", up.Get("url"), "").Want(200)
	if down.Body != content || down.Header("Content-Type") != "application/octet-stream" || down.Header("Accept-Ranges") != "bytes" {
		t.Errorf("%d bytes came back with %v", len(down.Body), down.Headers)
	}
}

func TestRanges(t *testing.T) {
	m := sdktest.Start(t)
	url := send(t, m, "a.txt", "0123456789", "").Want(201).Get("url")
	for _, c := range []struct {
		header string
		status int
		body   string
		about  string // Content-Range
	}{
		{"bytes=0-3", 206, "0123", "bytes 0-3/10"},
		{"bytes=4-", 206, "456789", "bytes 4-9/10"},
		{"bytes=-2", 206, "89", "bytes 8-9/10"},
		{"bytes=-20", 206, "0123456789", "bytes 0-9/10"},
		{"bytes=9-100", 206, "9", "bytes 9-9/10"},
		{"bytes=10-", 416, `{"error":"no such range"}`, "bytes */10"},
		{"bytes=-0", 416, `{"error":"no such range"}`, "bytes */10"},
		{"bytes=5-2", 200, "0123456789", ""},
		{"bytes=a-b", 200, "0123456789", ""},
		{"bytes=-", 200, "0123456789", ""},
		{"bytes=99999999999999999999-", 200, "0123456789", ""},
		{"lines=1-2", 200, "0123456789", ""},
		{"", 200, "0123456789", ""},
	} {
		r := m.Request("GET", url, "", "Range: "+c.header).Want(c.status)
		if r.Body != c.body || r.Header("Content-Range") != c.about {
			t.Errorf("%s: got %q, %q", c.header, r.Body, r.Header("Content-Range"))
		}
	}
}

func TestDocuments(t *testing.T) {
	m := sdktest.Start(t)
	for name, body := range map[string]string{
		"small": `{"name":"small","rows":[1,2,3]}`,
		"large": `{"name":"large","rows":["` + strings.Repeat("x", 3<<20) + `"]}`,
	} {
		made := m.Request("POST", "/documents", body, "Content-Type: application/json").Want(201)
		if made.Get("name") != name || made.Get("digest") != digest(body) || made.Get("size") != fmt.Sprint(len(body)) {
			t.Errorf("%s: got %s", name, made.Body)
		}
		if got := m.Request("GET", made.Get("url"), "").Want(200); got.Body != body || got.Header("Content-Type") != "application/json" {
			t.Errorf("%s: %d bytes came back, want %d", name, len(got.Body), len(body))
		}
	}
}

// TestStream looks at an answer before it is sent, for its pauses and trailer.
func TestStream(t *testing.T) {
	m := sdktest.Start(t)
	const content = "one\ntwo\nthree"
	id := send(t, m, "a.txt", content, "").Want(201).Get("id")
	if got := m.Request("GET", "/files/"+id+"/lines", "").Want(200).Body; got != content {
		t.Errorf("got %q", got)
	}
	r := m.Session().Mirrors()[0].Serve(context.Background(), &host.Request{Method: "GET", Target: "/files/" + id + "/lines"})
	defer r.Release()
	var chunks []string
	for delay, chunk := range r.Script.All {
		if time.Duration(delay) != pause {
			t.Errorf("%q after %d ns", chunk, delay)
		}
		chunks = append(chunks, chunk)
	}
	if strings.Join(chunks, "|") != "one\n|two\n|three" {
		t.Errorf("chunks %q", chunks)
	}
	if want := (abi.Pair{Name: "X-Digest", Value: digest(content)}); len(r.Trailers) != 1 || r.Trailers[0] != want {
		t.Errorf("trailers %v, want %v", r.Trailers, want)
	}
}

func TestErrors(t *testing.T) {
	m := sdktest.Start(t)
	for _, c := range []struct {
		method, path, contentType, body string
		status                          int
		want                            string
	}{
		{"POST", "/files", "application/x-www-form-urlencoded", "file=text", 400, "send a file"},
		{"POST", "/files", "application/x-www-form-urlencoded", "file[blob]=1&file[size]=1", 400, "send a file"},
		{"POST", "/files", "multipart/form-data; boundary=x", "--x\r\ncut off", 400, "multipart: "},
		{"POST", "/documents", "application/json", `{"a":`, 400, "unexpected end"},
		{"GET", "/files/fi_none", "", "", 404, "no file fi_none"},
		{"GET", "/files/fi_none/content", "", "", 404, "no file fi_none"},
		{"GET", "/files/fi_none/lines", "", "", 404, "no file fi_none"},
	} {
		r := m.Request(c.method, c.path, c.body, "Content-Type: "+c.contentType).Want(c.status)
		if !strings.Contains(r.Body, c.want) || r.Header("Content-Type") != "application/json" {
			t.Errorf("%s %s: got %s", c.method, c.path, r.Body)
		}
	}
	if n := len(m.State("files")); n != 0 {
		t.Errorf("%d files are kept", n)
	}
}
