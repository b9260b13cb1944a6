// The program prints invoices. An event waits in a queue, as the printer is slow.
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

type printer struct {
	queue chan stripe.Event

	mu      sync.Mutex
	printed []string
}

func (p *printer) run() {
	for event := range p.queue {
		if event.Type != stripe.EventTypePaymentIntentSucceeded {
			continue
		}
		p.mu.Lock()
		p.printed = append(p.printed, event.GetObjectValue("id"))
		p.mu.Unlock()
	}
}

func (p *printer) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 65536))
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	// Raw objects are all that is read, so that any version will do.
	event, err := webhook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), os.Getenv("STRIPE_WEBHOOK_SECRET"), webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case p.queue <- event:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	}
}

func (p *printer) list(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = json.NewEncoder(w).Encode(append([]string{}, p.printed...))
}

func main() {
	p := &printer{queue: make(chan stripe.Event, 100)}
	go p.run()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/stripe", p.webhook)
	mux.HandleFunc("GET /invoices", p.list)
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, mux))
}
