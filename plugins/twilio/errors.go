package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// failure is an error as Twilio words it: {code, message, more_info, status}
// [R 404 of TaskRouter, 2016].
type failure struct {
	code    int
	status  int
	message string
	detail  string // of 401 on the 2010 API [3]
}

func (f *failure) Error() string { return f.message }

// refuse returns a known error about what was sent.
func refuse(code int, about ...string) error {
	f, ok := known[code]
	if !ok {
		panic("twilio: error " + strconv.Itoa(code) + " is not known")
	}
	f.code = code
	if f.status == 0 {
		f.status = 400
	}
	for _, a := range about {
		f.message = strings.Replace(f.message, "{}", a, 1)
	}
	return &f
}

// when is a known error if something is wrong, else nil.
func when(wrong bool, code int, about ...string) error {
	if !wrong {
		return nil
	}
	return refuse(code, about...)
}

// notFound is a resource that is not there. The product APIs leave their version
// out of its path [R /Workspaces//TaskQueues].
func notFound(c *sdk.Call) error {
	path := c.Path()
	if !strings.HasPrefix(path, base2010) {
		if i := strings.IndexByte(path[min(1, len(path)):], '/'); i >= 0 {
			path = path[i+1:]
		}
	}
	return refuse(20404, path)
}

// badValue is a parameter whose value makes no sense; the text is believed.
func badValue(text string) error { return &failure{code: 20001, status: 400, message: text} }

// answerError writes an error in Twilio's shape.
func answerError(c *sdk.Call, err error) {
	f := asFailure(c, err)
	c.SetStatus(f.status)
	d := c.NewObject()
	d.SetInt("code", int64(f.code))
	if f.detail != "" {
		d.SetString("detail", f.detail)
	}
	d.SetString("message", f.message)
	d.SetString("more_info", "https://www.twilio.com/docs/errors/"+strconv.Itoa(f.code))
	d.SetInt("status", int64(f.status))
	if f.status == 429 {
		c.SetHeader("Retry-After", "1") // believed; the page names no header
	}
	_ = c.JSON(d) // never fails
}

func asFailure(c *sdk.Call, err error) *failure {
	if f, ok := err.(*failure); ok {
		return f
	}
	if e, ok := err.(*sdk.NotImplementedError); ok {
		return &failure{code: 20501, status: 501, message: "Mirra does not mirror " + e.Operation + " (" + c.Method + " " + c.Path() + ") yet. See COVERAGE.md of the twilio plugin."}
	}
	if e, ok := err.(*sdk.ParamError); ok {
		return &failure{code: 20001, status: 400, message: e.Text}
	}
	if errors.Is(err, sdk.ErrNotRouted) {
		if strings.HasPrefix(c.Path(), base2010) && !strings.HasSuffix(c.Path(), ".json") {
			return &failure{code: 20501, status: 501, message: "Mirra answers " + c.Path() + " in JSON alone: ask for " + strings.TrimSuffix(strings.TrimSuffix(c.Path(), ".xml"), ".csv") + ".json."}
		}
		if c.OtherMethods() {
			return refuse(20004).(*failure)
		}
		return notFound(c).(*failure)
	}
	panic(err.Error())
}
