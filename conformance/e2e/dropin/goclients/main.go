// Command goclients is an application's calls of its vendors, which does not know
// Mirra: goclients NAME makes one object and prints its id.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"github.com/resend/resend-go/v3"
	"github.com/stripe/stripe-go/v85"
	"github.com/twilio/twilio-go"
	verify "github.com/twilio/twilio-go/rest/verify/v2"
)

const key = "sk_test_dropin1234567890"

var clients = map[string]func() (string, error){
	"stripe-go": func() (string, error) {
		c, err := stripe.NewClient(key).V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{Name: stripe.String("stripe-go")})
		if err != nil {
			return "", err
		}
		return c.ID, nil
	},
	"twilio-go": func() (string, error) {
		c := twilio.NewRestClientWithParams(twilio.ClientParams{Username: "AC0123456789abcdef0123456789abcdef", Password: "e2e0000000000000000000000000abcd"})
		s, err := c.VerifyV2.CreateService((&verify.CreateServiceParams{}).SetFriendlyName("App"))
		if err != nil {
			return "", err
		}
		return *s.Sid, nil
	},
	"resend-go": func() (string, error) {
		sent, err := resend.NewClient("re_e2e_123456789").Emails.Send(&resend.SendEmailRequest{From: "onboarding@resend.dev", To: []string{"delivered@resend.dev"}, Subject: "hello", Text: "hello"})
		if err != nil {
			return "", err
		}
		return sent.Id, nil
	},
	"net/http": func() (string, error) {
		req, err := http.NewRequest("POST", "https://api.stripe.com/v1/customers?"+url.Values{"name": {"go"}}.Encode(), nil)
		if err != nil {
			return "", err
		}
		req.SetBasicAuth(key, "")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		var customer struct{ ID string }
		err = json.NewDecoder(resp.Body).Decode(&customer)
		return customer.ID, err
	},
}

func main() {
	id, err := clients[os.Args[1]]()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(id)
}
