// The program runs the accounts of a chess club.
package main

import (
	"cmp"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/resend/resend-go/v3"
)

type account struct {
	Email   string `json:"email"`
	Bounced bool   `json:"bounced"`
}

var (
	client = resend.NewClient(cmp.Or(os.Getenv("RESEND_API_KEY"), "re_123456789"))

	mu       sync.Mutex
	accounts = map[string]account{}
)

func create(w http.ResponseWriter, r *http.Request) {
	email := r.FormValue("email")
	mu.Lock()
	bounced := accounts[email].Bounced
	mu.Unlock()
	if bounced {
		http.Error(w, "mail to this address came back", http.StatusConflict)
		return
	}
	if _, err := client.Emails.Send(&resend.SendEmailRequest{From: "Chess <chess@mail.acme.com>", To: []string{email}, Subject: "Your move", Html: "<p>1. e4</p>"}); err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	mu.Lock()
	accounts[email] = account{Email: email}
	mu.Unlock()
	w.WriteHeader(http.StatusCreated)
}

func show(w http.ResponseWriter, r *http.Request) {
	mu.Lock()
	a, ok := accounts[r.PathValue("email")]
	mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(a)
}

func hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = client.Webhooks.Verify(&resend.VerifyWebhookOptions{
			Payload: string(body), WebhookSecret: os.Getenv("RESEND_WEBHOOK_SECRET"),
			Headers: resend.WebhookHeaders{Id: r.Header.Get("svix-id"), Timestamp: r.Header.Get("svix-timestamp"), Signature: r.Header.Get("svix-signature")},
		})
	}
	var event struct {
		Type string
		Data struct {
			To     []string
			Bounce struct{ Type string }
		}
	}
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if event.Type == "email.bounced" && event.Data.Bounce.Type == "Transient" {
		mu.Lock()
		defer mu.Unlock()
		for _, email := range event.Data.To {
			if a, ok := accounts[email]; ok {
				a.Bounced = true
				accounts[email] = a
			}
		}
	}
}

func main() {
	http.HandleFunc("POST /users", create)
	http.HandleFunc("GET /users/{email}", show)
	http.HandleFunc("POST /hooks/resend", hook)
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, nil))
}
