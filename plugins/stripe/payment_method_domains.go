package main

import "github.com/mirrahq/mirra/sdk"

// domainTemplate [R, POST /v1/payment_method_domains at 2023-10-16, 2024-12]: all
// methods are active in test mode. klarna is [S openapi 2026-08-26].
var domainTemplate = sdk.MustTemplate(`{"id":"","object":"payment_method_domain","amazon_pay":{"status":"active"},"apple_pay":{"status":"active"},"created":0,"domain_name":"","enabled":true,"google_pay":{"status":"active"},"klarna":{"status":"active"},"link":{"status":"active"},"livemode":false,"paypal":{"status":"active"}}`)
