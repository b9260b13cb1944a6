// Command welcome sends welcome emails with Resend, and writes no more to addresses
// that bounce or complain.
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
	"sync"

	"github.com/resend/resend-go/v3"
)

type app struct {
	client *resend.Client
	secret string

	mu     sync.Mutex
	closed []string // addresses that are written to no more
}

func main() {
	a := &app{client: resend.NewClient(cmp.Or(os.Getenv("RESEND_API_KEY"), "re_123456789")), secret: os.Getenv("RESEND_WEBHOOK_SECRET")}
	http.HandleFunc("POST /welcome", a.welcome)
	http.HandleFunc("POST /webhooks", a.webhook)
	http.HandleFunc("GET /closed", a.list)
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "8080"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, nil))
}

func (a *app) welcome(w http.ResponseWriter, r *http.Request) {
	to := r.FormValue("email")
	a.mu.Lock()
	closed := slices.Contains(a.closed, to)
	a.mu.Unlock()
	if closed {
		http.Error(w, "this address does not take emails", http.StatusConflict)
		return
	}
	sent, err := a.client.Emails.SendWithContext(r.Context(), &resend.SendEmailRequest{
		From: "Acme <onboarding@resend.dev>", To: []string{to}, Subject: "Welcome", Html: "<p>Welcome!</p>",
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, sent.Id) // a client that went away
}

func (a *app) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err = a.client.Webhooks.Verify(&resend.VerifyWebhookOptions{
		Payload: string(body), WebhookSecret: a.secret,
		Headers: resend.WebhookHeaders{Id: r.Header.Get("svix-id"), Timestamp: r.Header.Get("svix-timestamp"), Signature: r.Header.Get("svix-signature")},
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	var event struct {
		Type string
		Data struct{ To []string }
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if event.Type == "email.bounced" || event.Type == "email.complained" {
		a.mu.Lock()
		a.closed = append(a.closed, event.Data.To...)
		a.mu.Unlock()
	}
}

func (a *app) list(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = json.NewEncoder(w).Encode(append([]string{}, a.closed...)) // a client that went away
}
