package sdk

import (
	"errors"
	"strings"
)

// Failure is an error with the status and the text the client sees.
type Failure struct {
	Status  int
	Message string
}

func (f *Failure) Error() string { return f.Message }

// Fail returns a *Failure.
func Fail(status int, message string) error { return &Failure{status, message} }

// StatusOf returns the status an error is answered with: a *Failure's own, 404
// for what is not routed, 501 for what is not implemented, 400 for parameters
// that make no sense, else 500.
func StatusOf(err error) int {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Status
	}
	if errors.Is(err, ErrNotRouted) {
		return 404
	}
	if _, ok := errors.AsType[*NotImplementedError](err); ok {
		return 501
	}
	if _, ok := errors.AsType[*ParamError](err); ok {
		return 400
	}
	return 500
}

// AnswerError answers an error as {"error": "…"}. It is the OnError of a plugin
// whose vendor has no shape of its own, and a pattern for the others.
func AnswerError(c *Call, err error) {
	c.SetStatus(StatusOf(err))
	if c.fixed == nil && !c.hasHeader("content-type") {
		c.SetHeader("Content-Type", "application/json")
	}
	d := c.NewObject()
	d.SetString("error", err.Error())
	_ = c.JSON(d) // never fails
}

func (c *Call) hasHeader(name string) bool {
	for i := range c.headers {
		if strings.EqualFold(c.headers[i].Name, name) {
			return true
		}
	}
	return false
}

// JSONError is an answer of the manifest's Errors: JSON in the shape of
// AnswerError. message may hold {message} and {request_id}.
func JSONError(name string, status int, message string) ErrorSpec {
	return ErrorSpec{
		Name: name, Status: status, Body: `{"error":"` + message + `"}`,
		Headers: []HeaderSpec{{Name: "Content-Type", Value: "application/json"}},
	}
}
