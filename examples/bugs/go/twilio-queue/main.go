// The program takes text messages into a queue and sends one after the other.
package main

import (
	"cmp"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

const (
	maxAttempts = 6
	firstPause  = 1200 * time.Millisecond
	maxPause    = 20 * time.Second
)

type text struct{ to, body string }

type sender struct {
	rest  *twilio.RestClient
	from  string
	queue chan text
}

func (s *sender) run() {
	for t := range s.queue {
		if err := s.send(t); err != nil {
			log.Printf("message to %s: %v", t.to, err)
		}
	}
}

func (s *sender) send(t text) error {
	params := (&api.CreateMessageParams{}).SetFrom(s.from).SetTo(t.to).SetBody(t.body)
	pause := firstPause
	for attempt := 1; ; attempt++ {
		_, err := s.rest.Api.CreateMessage(params)
		var refused *client.TwilioRestError
		if err == nil || attempt == maxAttempts || !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests {
			return err
		}
		time.Sleep(pause)
		pause = min(2*pause, maxPause)
	}
}

func (s *sender) notify(w http.ResponseWriter, r *http.Request) {
	t := text{to: r.FormValue("to"), body: r.FormValue("body")}
	if t.to == "" || t.body == "" {
		http.Error(w, "to and body are needed", http.StatusUnprocessableEntity)
		return
	}
	select {
	case s.queue <- t:
		w.WriteHeader(http.StatusAccepted)
	default:
		http.Error(w, "the queue is full", http.StatusServiceUnavailable)
	}
}

func main() {
	s := &sender{
		rest: twilio.NewRestClientWithParams(twilio.ClientParams{
			Username: cmp.Or(os.Getenv("TWILIO_ACCOUNT_SID"), "AC0123456789abcdef0123456789abcdef"),
			Password: cmp.Or(os.Getenv("TWILIO_AUTH_TOKEN"), "secret"),
		}),
		from:  cmp.Or(os.Getenv("TWILIO_NUMBER"), "+15555550123"),
		queue: make(chan text, 1000),
	}
	go s.run()
	http.HandleFunc("POST /notify", s.notify)
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, nil))
}
