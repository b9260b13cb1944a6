module github.com/mirrahq/mirra/conformance/e2e

go 1.26.0

require (
	github.com/stripe/stripe-go/v79 v79.12.0
	github.com/stripe/stripe-go/v85 v85.0.0
)

require github.com/resend/resend-go/v3 v3.1.1
