package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// greet is `greet TEXT [COUNT]`: an application that sends hello a greeting, so many times.
func greet() {
	count := 1
	var err error
	if len(os.Args) > 2 {
		count, err = strconv.Atoi(os.Args[2])
	}
	for range count {
		if err != nil {
			break
		}
		err = sayHello(os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "greet:", err)
		os.Exit(1)
	}
}

func sayHello(text string) error {
	req, err := http.NewRequest(http.MethodPost, os.Getenv("HELLO_BASE_URL")+"/greetings", strings.NewReader(url.Values{"text": {text}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer hk_test_abcd")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return err
}

// hall is `hall [own] [warming]`: an application that greets whoever comes to /visit.
// /crash ends it. It listens on PORT, or with own on a port that it chooses; with warming
// it answers 500 to its first three visits of /ready.
func hall() {
	addr := "127.0.0.1:" + os.Getenv("PORT")
	if slices.Contains(os.Args, "own") {
		addr = "127.0.0.1:0"
	}
	var mu sync.Mutex
	asked := 0
	http.HandleFunc("/ready", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked <= 3 && slices.Contains(os.Args, "warming") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	http.HandleFunc("/visit", func(w http.ResponseWriter, _ *http.Request) {
		if err := sayHello("hi"); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	})
	http.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"open": true}`) })
	http.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) {
		fmt.Println("out of chairs")
		os.Exit(3)
	})
	l, err := net.Listen("tcp", addr)
	if err == nil {
		fmt.Println("listens at", l.Addr())
		err = http.Serve(l, nil)
	}
	fmt.Println(err)
	os.Exit(1)
}

// model is a vendor of language models, by both protocols.
type model struct {
	mu      sync.Mutex
	answers []string
	asked   int
}

var models sync.Map // by URL

// modelCommand is `model VARIABLE ANSWER...`: a vendor of models that gives one answer
// after the other, and the last to all further questions: pass, fail, words, limited,
// broken or silent.
func modelCommand(ts *testscript.TestScript, _ bool, args []string) {
	m := &model{answers: args[1:]}
	s := httptest.NewServer(m)
	ts.Defer(func() {
		s.CloseClientConnections()
		s.Close()
	})
	models.Store(s.URL, m)
	ts.Setenv(args[0], s.URL)
}

func (m *model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else the server does not see that the client is gone
	m.mu.Lock()
	answer := m.answers[min(m.asked, len(m.answers)-1)]
	m.asked++
	m.mu.Unlock()
	text := map[string]string{
		"pass": `{"explanation": "Entry 1 greets.", "result": "pass"}`, "fail": `{"explanation": "Nobody greets.", "result": "fail"}`, "words": "I think that it holds.",
	}[answer]
	w.Header().Set("Content-Type", "application/json")
	switch answer {
	case "silent":
		<-r.Context().Done()
		return
	case "limited":
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}`)
		return
	case "broken":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"type": "error", "error": {"type": "invalid_request_error", "message": "no such model"}}`)
		return
	}
	quoted, _ := json.Marshal(text) // a string
	if r.URL.Path == "/v1/messages" {
		fmt.Fprintf(w, `{"id": "msg_1", "type": "message", "role": "assistant", "model": "model-1", "content": [{"type": "text", "text": %s}], "stop_reason": "end_turn", "stop_sequence": null, "usage": {"input_tokens": 1000, "output_tokens": 50}}`, quoted)
		return
	}
	fmt.Fprintf(w, `{"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "model-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": %s}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}}`, quoted)
}

// askedCommand is `asked URL COUNT`: how often a model was asked by now.
func askedCommand(ts *testscript.TestScript, _ bool, args []string) {
	m, _ := models.Load(args[0])
	m.(*model).mu.Lock()
	defer m.(*model).mu.Unlock()
	if got := strconv.Itoa(m.(*model).asked); got != args[1] {
		ts.Fatalf("the model was asked %s times, want %s", got, args[1])
	}
}
