// The program signs people up for a library; what Resend tells goes through a queue.
package main

import (
	"cmp"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/resend/resend-go/v3"
)

type event struct {
	Type string
	Data struct{ To []string }
}

type library struct {
	client *resend.Client
	secret string
	events chan event

	mu      sync.Mutex
	readers []string
	closed  map[string]string // why an address is written to no more
}

// work ends what is written to addresses.
func (l *library) work() {
	for e := range l.events {
		if e.Type != "email.bounced" && e.Type != "email.complained" {
			continue
		}
		l.mu.Lock()
		for _, address := range e.Data.To {
			l.closed[strings.ToLower(address)] = strings.TrimPrefix(e.Type, "email.")
		}
		l.mu.Unlock()
	}
}

func (l *library) signup(w http.ResponseWriter, r *http.Request) {
	email := strings.ToLower(r.FormValue("email"))
	l.mu.Lock()
	why, closed := l.closed[email]
	l.mu.Unlock()
	if closed {
		http.Error(w, email+" has "+why, http.StatusUnprocessableEntity)
		return
	}
	sent, err := l.client.Emails.SendWithContext(r.Context(), &resend.SendEmailRequest{From: "Library <library@mail.acme.com>", To: []string{email}, Subject: "Your card", Html: "<p>Read on.</p>"})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.readers, email) {
		l.readers = append(l.readers, email)
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, sent.Id)
}

func (l *library) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err = l.client.Webhooks.Verify(&resend.VerifyWebhookOptions{
		Payload: string(body), WebhookSecret: l.secret,
		Headers: resend.WebhookHeaders{Id: r.Header.Get("svix-id"), Timestamp: r.Header.Get("svix-timestamp"), Signature: r.Header.Get("svix-signature")},
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case l.events <- e:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	}
}

func (l *library) list(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	status := map[string]string{}
	for _, email := range l.readers {
		status[email] = cmp.Or(l.closed[email], "active")
	}
	_ = json.NewEncoder(w).Encode(status)
}

func main() {
	l := &library{
		client: resend.NewClient(cmp.Or(os.Getenv("RESEND_API_KEY"), "re_123456789")),
		secret: os.Getenv("RESEND_WEBHOOK_SECRET"),
		events: make(chan event, 100),
		closed: map[string]string{},
	}
	go l.work()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /signup", l.signup)
	mux.HandleFunc("POST /webhooks/email", l.webhook)
	mux.HandleFunc("GET /users", l.list)
	listener, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}
