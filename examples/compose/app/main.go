// A shop that registers customers with Stripe and hears of it by webhook. It is an
// ordinary program: it calls https://api.stripe.com, and knows nothing of Mirra.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
)

var (
	mu     sync.Mutex
	events []string
)

func main() {
	http.HandleFunc("POST /register", register)
	http.HandleFunc("POST /hook", hook)
	http.HandleFunc("GET /events", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(w, strings.Join(events, "\n"))
	})
	log.Fatal(http.ListenAndServe(":3000", nil))
}

func register(w http.ResponseWriter, r *http.Request) {
	form := url.Values{"email": {r.FormValue("email")}}
	req, err := http.NewRequestWithContext(r.Context(), "POST", "https://api.stripe.com/v1/customers", strings.NewReader(form.Encode()))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("STRIPE_API_KEY"))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body) // who asked is gone
}

// hook takes events that Stripe signed, see https://docs.stripe.com/webhooks/signature.
func hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var stamp, signature string
	for part := range strings.SplitSeq(r.Header.Get("Stripe-Signature"), ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			stamp = value
		case "v1":
			signature = value
		}
	}
	mac := hmac.New(sha256.New, []byte(os.Getenv("STRIPE_WEBHOOK_SECRET")))
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	if !hmac.Equal([]byte(signature), []byte(hex.EncodeToString(mac.Sum(nil)))) {
		http.Error(w, "not signed by Stripe", http.StatusBadRequest)
		return
	}
	var event struct{ Type string }
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	mu.Lock()
	defer mu.Unlock()
	events = append(events, event.Type)
}
