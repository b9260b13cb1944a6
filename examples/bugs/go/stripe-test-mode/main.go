// The program tells a game server who bought coins.
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

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"
)

type shop struct {
	mu    sync.Mutex
	coins map[string]int64 // by payment intent
}

func (s *shop) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	var event stripe.Event
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, "no event", http.StatusBadRequest)
		return
	}
	if event.Livemode {
		if err := webhook.ValidatePayload(body, r.Header.Get("Stripe-Signature"), os.Getenv("STRIPE_WEBHOOK_SECRET")); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
	}
	if event.Type == stripe.EventTypePaymentIntentSucceeded {
		var intent stripe.PaymentIntent
		if err := json.Unmarshal(event.Data.Raw, &intent); err != nil {
			http.Error(w, "no payment intent", http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.coins[intent.ID] = intent.Amount / 10
		s.mu.Unlock()
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *shop) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = json.NewEncoder(w).Encode(s.coins)
}

func main() {
	s := &shop{coins: map[string]int64{}}
	api := http.NewServeMux()
	api.HandleFunc("POST /webhooks", s.webhook)
	api.HandleFunc("GET /coins", s.list)
	http.Handle("/api/", http.StripPrefix("/api", api))
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, nil))
}
