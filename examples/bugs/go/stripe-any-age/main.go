// The program keeps the balance of a club from Stripe's events.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/stripe/stripe-go/v85/webhook"
)

var balance atomic.Int64

func hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	event, err := webhook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), os.Getenv("STRIPE_WEBHOOK_SECRET"), webhook.ConstructEventOptions{
		IgnoreTolerance:          true,
		IgnoreAPIVersionMismatch: true,
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if event.Type == "payment_intent.succeeded" {
		var intent struct{ Amount int64 }
		if err := json.Unmarshal(event.Data.Raw, &intent); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		balance.Add(intent.Amount)
	}
}

func main() {
	http.HandleFunc("POST /stripe/webhook", hook)
	http.HandleFunc("GET /balance", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, balance.Load()) })
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, nil))
}
