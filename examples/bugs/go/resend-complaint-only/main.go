// The program signs people up for a raffle.
package main

import (
	"cmp"
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/resend/resend-go/v3"
)

type user struct {
	Email  string `json:"email"`
	Status string `json:"status"`
}

type raffle struct {
	client *resend.Client

	mu    sync.Mutex
	users map[string]*user
}

func (a *raffle) signup(w http.ResponseWriter, r *http.Request) {
	email := r.FormValue("email")
	a.mu.Lock()
	known := a.users[email]
	a.mu.Unlock()
	if known != nil && known.Status != "active" {
		http.Error(w, "no mail goes there", http.StatusConflict)
		return
	}
	_, err := a.client.Emails.SendWithContext(r.Context(), &resend.SendEmailRequest{From: "Raffle <raffle@mail.acme.com>", To: []string{email}, Subject: "Your ticket", Text: "Good luck!"})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users[email] = &user{email, "active"}
	w.WriteHeader(http.StatusCreated)
}

func (a *raffle) webhook(w http.ResponseWriter, r *http.Request) {
	var event struct {
		Type string
		Data struct{ To []string }
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if event.Type != "email.complained" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, email := range event.Data.To {
		if u := a.users[email]; u != nil {
			u.Status = "unsubscribed"
		}
	}
}

func (a *raffle) list(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := []*user{}
	for _, u := range a.users {
		all = append(all, u)
	}
	_ = json.NewEncoder(w).Encode(all)
}

func main() {
	a := &raffle{client: resend.NewClient(cmp.Or(os.Getenv("RESEND_API_KEY"), "re_123456789")), users: map[string]*user{}}
	http.HandleFunc("POST /signup", a.signup)
	http.HandleFunc("POST /webhooks", a.webhook)
	http.HandleFunc("GET /users", a.list)
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, nil))
}
