// The program texts the keeper of a lighthouse that the night has passed, and ends.
package main

import (
	"cmp"
	"errors"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

func main() {
	rest := twilio.NewRestClientWithParams(twilio.ClientParams{
		Username: cmp.Or(os.Getenv("TWILIO_ACCOUNT_SID"), "AC0123456789abcdef0123456789abcdef"),
		Password: cmp.Or(os.Getenv("TWILIO_AUTH_TOKEN"), "secret"),
	})
	params := (&api.CreateMessageParams{}).
		SetFrom(cmp.Or(os.Getenv("TWILIO_NUMBER"), "+15555550123")).
		SetTo(cmp.Or(os.Getenv("KEEPER"), "+15558675310")).
		SetBody("The light is out.")

	for pause := 1200 * time.Millisecond; ; pause *= 2 {
		message, err := rest.Api.CreateMessage(params)
		if err == nil {
			log.Print("sent ", *message.Sid)
			return
		}
		var refused *client.TwilioRestError
		if !errors.As(err, &refused) || refused.Status != http.StatusTooManyRequests || pause > 15*time.Second {
			log.Fatal(err)
		}
		// Up to a fifth longer, so that keepers are not all told at once.
		time.Sleep(pause + rand.N(pause/5))
	}
}
