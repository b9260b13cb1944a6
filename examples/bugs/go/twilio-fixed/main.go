// The program texts drivers where to go.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

var (
	rest = twilio.NewRestClientWithParams(twilio.ClientParams{
		Username: cmp.Or(os.Getenv("TWILIO_ACCOUNT_SID"), "AC0123456789abcdef0123456789abcdef"),
		Password: cmp.Or(os.Getenv("TWILIO_AUTH_TOKEN"), "secret"),
	})
	number = cmp.Or(os.Getenv("TWILIO_NUMBER"), "+15555550123")
)

const (
	attempts = 10
	pause    = 100 * time.Millisecond
)

func send(to, body string) (sid string, err error) {
	params := (&api.CreateMessageParams{}).SetFrom(number).SetTo(to).SetBody(body)
	for range attempts {
		var message *api.ApiV2010Message
		if message, err = rest.Api.CreateMessage(params); err == nil {
			return *message.Sid, nil
		}
		var refused *client.TwilioRestError
		if !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests {
			break
		}
		time.Sleep(pause)
	}
	return "", err
}

func main() {
	http.HandleFunc("POST /notify", func(w http.ResponseWriter, r *http.Request) {
		sid, err := send(r.FormValue("to"), r.FormValue("body"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintln(w, sid)
	})
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, nil))
}
