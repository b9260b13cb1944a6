package main

import (
	"strings"
	"testing"
	"time"
)

// intentBody is a confirmed intent with its charge [R POST /v1/payment_intents
// at 2024-06-20, expand latest_charge.refunds], with values of ours.
const intentBody = `{"id":"*","object":"payment_intent","amount":2900,"amount_capturable":2900,"amount_details":{"tip":{}},"amount_received":0,"application":null,"application_fee_amount":null,"automatic_payment_methods":{"allow_redirects":"always","enabled":true},"canceled_at":null,"cancellation_reason":null,"capture_method":"manual","client_secret":"*","confirmation_method":"automatic","created":1719835200,"currency":"usd","customer":"*","description":null,"invoice":null,"last_payment_error":null,"latest_charge":{"id":"*","object":"charge","amount":2900,"amount_captured":0,"amount_refunded":0,"application":null,"application_fee":null,"application_fee_amount":null,"balance_transaction":null,"billing_details":{"address":{"city":null,"country":null,"line1":null,"line2":null,"postal_code":null,"state":null},"email":null,"name":null,"phone":null},"calculated_statement_descriptor":"MIRRA","captured":false,"created":1719835200,"currency":"usd","customer":"*","description":null,"destination":null,"dispute":null,"disputed":false,"failure_balance_transaction":null,"failure_code":null,"failure_message":null,"fraud_details":{},"invoice":null,"livemode":false,"metadata":{},"on_behalf_of":null,"order":null,"outcome":{"network_status":"approved_by_network","reason":null,"risk_level":"normal","risk_score":"*","seller_message":"Payment complete.","type":"authorized"},"paid":true,"payment_intent":"*","payment_method":"*","payment_method_details":{"card":{"amount_authorized":2900,"brand":"visa","capture_before":1720440000,"checks":{"address_line1_check":null,"address_postal_code_check":null,"cvc_check":"pass"},"country":"US","exp_month":7,"exp_year":2025,"extended_authorization":{"status":"disabled"},"fingerprint":"*","funding":"credit","incremental_authorization":{"status":"unavailable"},"installments":null,"last4":"4242","mandate":null,"multicapture":{"status":"unavailable"},"network":"visa","network_token":{"used":false},"overcapture":{"maximum_amount_capturable":2900,"status":"unavailable"},"three_d_secure":null,"wallet":null},"type":"card"},"receipt_email":null,"receipt_number":null,"receipt_url":"*","refunded":false,"refunds":{"object":"list","data":[],"has_more":false,"total_count":0,"url":"*"},"review":null,"shipping":null,"source":null,"source_transfer":null,"statement_descriptor":null,"statement_descriptor_suffix":null,"status":"succeeded","transfer_data":null,"transfer_group":null},"livemode":false,"metadata":{},"next_action":null,"on_behalf_of":null,"payment_method":"*","payment_method_configuration_details":{"id":"*","parent":null},"payment_method_options":{"card":{"installments":null,"mandate_options":null,"network":null,"request_three_d_secure":"automatic"},"link":{"persistent_token":null}},"payment_method_types":["card","link"],"processing":null,"receipt_email":null,"review":null,"setup_future_usage":null,"shipping":null,"source":null,"statement_descriptor":null,"statement_descriptor_suffix":null,"status":"requires_capture","transfer_data":null,"transfer_group":null}`

func TestAuthorizeAndCapture(t *testing.T) {
	m := start(t)
	customer := newCustomer(t, m)
	pm := m.Form("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+customer).Want(200).Get("id")
	r := m.Form("POST", "/v1/payment_intents", "amount=2900", "currency=usd", "customer="+customer, "payment_method="+pm, "confirm=true", "capture_method=manual", "return_url=http://localhost:3000/", "expand[]=latest_charge.refunds").Want(200)
	match(t, r.Body, intentBody)
	id, charge := r.Get("id"), r.Get("latest_charge.id")
	// [R] intent and charge share 17 characters behind the prefix.
	if id[3:20] != charge[3:20] {
		t.Errorf("%s and %s do not belong together", id, charge)
	}
	for _, c := range []struct {
		fields []string
		want   apiError
	}{
		{[]string{"amount_to_capture=2901"}, apiError{400, "", "amount_too_large", "", "", "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge."}},
		{[]string{"amount_to_capture=0"}, apiError{400, "", "parameter_invalid_integer", "", "amount_to_capture", "This value must be greater than or equal to 1."}},
	} {
		c.want.check(t, m.Form("POST", "/v1/payment_intents/"+id+"/capture", c.fields...))
	}
	got := m.Form("POST", "/v1/payment_intents/"+id+"/capture", "expand[]=latest_charge.balance_transaction").Want(200)
	for path, want := range map[string]string{
		"status": "succeeded", "amount_capturable": "0", "amount_received": "2900", "latest_charge.captured": "true", "latest_charge.amount_captured": "2900",
		"latest_charge.balance_transaction.fee": "114", "latest_charge.balance_transaction.net": "2786", // [R 2024-12-18.acacia, 29.00 USD]
		"latest_charge.balance_transaction.status": "pending", "latest_charge.balance_transaction.available_on": "1719964800", // Monday to Wednesday
	} {
		if v := got.Get(path); v != want {
			t.Errorf("%s is %s, want %s", path, v, want)
		}
	}
	wantEvents(t, m, "customer.created", "payment_method.attached", "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated", "charge.captured", "payment_intent.succeeded")
	apiError{400, "", "payment_intent_unexpected_state", "", "", "This PaymentIntent could not be captured because it has already been captured."}.check(t, m.Form("POST", "/v1/payment_intents/"+id+"/capture"))
	m.Advance(8 * 24 * time.Hour)
	if got := m.Form("GET", "/v1/payment_intents/"+id).Get("status"); got != "succeeded" {
		t.Errorf("a captured payment became %s", got)
	}
}

func TestPartialCaptureAndExpiry(t *testing.T) {
	m := start(t)
	id := pay(m, "payment_method=pm_card_visa", "capture_method=manual").Want(200).Get("id")
	got := m.Form("POST", "/v1/payment_intents/"+id+"/capture", "amount_to_capture=500", "expand[]=latest_charge").Want(200)
	if got.Get("amount_received") != "500" || got.Get("amount") != "2000" || got.Get("latest_charge.amount_captured") != "500" {
		t.Errorf("partial capture: %s", got.Body)
	}
	id = pay(m, "payment_method=pm_card_visa", "capture_method=manual").Want(200).Get("id")
	m.Advance(7*24*time.Hour - time.Second)
	if s := m.Form("GET", "/v1/payment_intents/"+id).Get("status"); s != "requires_capture" {
		t.Fatalf("%s a second before the authorization ends", s)
	}
	m.Advance(time.Second)
	got = m.Form("GET", "/v1/payment_intents/"+id).Want(200)
	if got.Get("status") != "canceled" || got.Get("cancellation_reason") != "automatic" {
		t.Errorf("after seven days: %s", got.Body)
	}
	lastEvent(t, m, "charge.expired")
}

// TestAsynchronousCapture: automatic_async is the default; its balance
// transaction comes with charge.updated.
func TestAsynchronousCapture(t *testing.T) {
	m := start(t)
	r := pay(m, "payment_method=pm_card_visa", "expand[]=latest_charge").Want(200)
	if r.Get("capture_method") != "automatic_async" || r.Get("latest_charge.balance_transaction") != "null" || r.Get("latest_charge.captured") != "true" {
		t.Errorf("got %s", r.Body)
	}
	m.Advance(2 * time.Second)
	charge := m.Form("GET", "/v1/charges/"+r.Get("latest_charge.id"), "expand[]=balance_transaction").Want(200)
	match(t, charge.JSON().At("balance_transaction").String(), `{"amount":2000,"available_on":1719964800,"created":1719835202,"currency":"usd","description":null,"exchange_rate":null,"fee":88,"fee_details":[{"amount":88,"application":null,"currency":"usd","description":"Stripe processing fees","type":"stripe_fee"}],"id":"*","net":1912,"object":"balance_transaction","reporting_category":"charge","source":"*","status":"pending","type":"charge"}`)
	e := lastEvent(t, m, "charge.updated")
	if e.Get("data.previous_attributes") != `{"balance_transaction":null}` || e.Get("request.id") != "null" {
		t.Errorf("charge.updated: %s", e.String())
	}
	// capture_method=automatic settles at once.
	if got := pay(m, "payment_method=pm_card_visa", "capture_method=automatic", "expand[]=latest_charge").Get("latest_charge.balance_transaction"); !strings.HasPrefix(got, "txn_3") {
		t.Errorf("balance transaction %q", got)
	}
}

func TestIntentStates(t *testing.T) {
	m := start(t)
	intent := func(fields ...string) string {
		return m.Form("POST", "/v1/payment_intents", append([]string{"amount=1000", "currency=usd", "payment_method_types[]=card"}, fields...)...).Want(200).Get("id")
	}
	bare := intent()
	ready := intent("payment_method=pm_card_visa")
	waiting := intent("payment_method=pm_card_authenticationRequired")
	m.Form("POST", "/v1/payment_intents/"+waiting+"/confirm").Want(200)
	done := intent("payment_method=pm_card_visa")
	m.Form("POST", "/v1/payment_intents/"+done+"/confirm").Want(200)
	gone := intent()
	m.Form("POST", "/v1/payment_intents/"+gone+"/cancel", "cancellation_reason=requested_by_customer").Want(200)
	customer := newCustomer(t, m)
	owned := intent("customer=" + customer)

	for id, want := range map[string]string{bare: "requires_payment_method", ready: "requires_confirmation", waiting: "requires_action", done: "succeeded", gone: "canceled"} {
		if got := m.Form("GET", "/v1/payment_intents/"+id).Get("status"); got != want {
			t.Errorf("status %s, want %s", got, want)
		}
	}
	const unexpected = "payment_intent_unexpected_state"
	cancel := "You cannot cancel this PaymentIntent because it has a status of %. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing." // [R]
	capture := "This PaymentIntent could not be captured because it has a status of %. Only a PaymentIntent with one of the following statuses may be captured: requires_capture."                                                                         // [R-like]
	for _, c := range []struct{ id, verb, msg string }{
		{bare, "confirm", "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken."},
		{owned, "confirm", "You cannot confirm this PaymentIntent because it's missing a payment method. To confirm the PaymentIntent with " + customer + ", specify a payment method attached to this customer along with the customer ID."},
		{done, "confirm", "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."},
		{bare, "capture", strings.ReplaceAll(capture, "%", "requires_payment_method")},
		{waiting, "capture", strings.ReplaceAll(capture, "%", "requires_action")},
		{gone, "capture", strings.ReplaceAll(capture, "%", "canceled")},
		{done, "capture", "This PaymentIntent could not be captured because it has already been captured."},
		{done, "cancel", strings.ReplaceAll(cancel, "%", "succeeded")},
		{gone, "cancel", strings.ReplaceAll(cancel, "%", "canceled")},
	} {
		r := m.Form("POST", "/v1/payment_intents/"+c.id+"/"+c.verb)
		apiError{400, "", unexpected, "", "", c.msg}.check(t, r)
		if got := r.Get("error.payment_intent.id"); got != c.id {
			t.Errorf("%s: the error carries the intent %q", c.verb, got)
		}
	}
	apiError{400, "", unexpected, "", "", "This PaymentIntent's amount could not be updated because it has a status of succeeded. You may only update the amount of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action."}.
		check(t, m.Form("POST", "/v1/payment_intents/"+done, "amount=1100"))
	m.Form("POST", "/v1/payment_intents/"+done, "metadata[order]=1", "description=late").Want(200)
	for _, verb := range []string{"", "/confirm", "/capture", "/cancel"} {
		apiError{404, "", "resource_missing", "", "intent", "No such payment_intent: 'pi_none'"}.check(t, m.Form("POST", "/v1/payment_intents/pi_none"+verb)) // [R]
	}
}

func TestIntentUpdates(t *testing.T) {
	m := start(t)
	id := m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd", "automatic_payment_methods[enabled]=true", "metadata[z]=1", "metadata[a]=2").Want(200).Get("id")
	r := m.Form("POST", "/v1/payment_intents/"+id, "amount=1500", "payment_method=pm_card_visa", "receipt_email=a@example.com", "metadata[z]=", "metadata[m]=3", "shipping[name]=Jenny", "shipping[address][line1]=1 Main St").Want(200)
	for path, want := range map[string]string{
		"status": "requires_confirmation", "amount": "1500", "receipt_email": "a@example.com", "metadata": `{"a":"2","m":"3"}`,
		"shipping": `{"address":{"city":null,"country":null,"line1":"1 Main St","line2":null,"postal_code":null,"state":null},"carrier":null,"name":"Jenny","phone":null,"tracking_number":null}`,
	} {
		if got := r.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if got := m.Form("POST", "/v1/payment_intents/"+id, "metadata=").Get("metadata"); got != "{}" {
		t.Errorf("metadata= leaves %s", got)
	}
	// An intent that may redirect wants to know where back to.
	apiError{400, "", "", "", "", "A `return_url` must be specified because this Payment Intent is configured to automatically accept the payment methods enabled in the Dashboard, some of which may require a full page redirect to succeed. If you do not want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."}.
		check(t, m.Form("POST", "/v1/payment_intents/"+id+"/confirm"))
	m.Form("POST", "/v1/payment_intents/"+id+"/confirm", "return_url=https://example.com/").Want(200)
	// [R 2023-10-16] Off session there is nobody to send.
	away := m.Form("POST", "/v1/customers", "payment_method=pm_card_visa").Want(200).Get("id")
	method := m.Form("GET", "/v1/customers/"+away+"/payment_methods").Want(200).Get("data.0.id")
	m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd", "customer="+away, "payment_method="+method, "confirm=true", "off_session=true").Want(200)
	m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd", "payment_method=pm_usBankAccount_success").Want(501)
}

func TestIntentParameters(t *testing.T) {
	m := start(t)
	tooSmall := "The amount must be greater than or equal to the minimum charge amount allowed for your account and the currency set (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want to save a Payment Method for future use without an immediate payment, use a Setup Intent instead: https://docs.stripe.com/payments/setup-intents" // [R 2024-06-20]
	for _, c := range []struct {
		fields []string
		want   apiError
	}{
		{[]string{"amount=0", "currency=usd"}, apiError{400, "", "parameter_invalid_integer", "", "amount", tooSmall}},
		{[]string{"amount=-1", "currency=usd"}, apiError{400, "", "parameter_invalid_integer", "", "amount", "This value must be greater than or equal to 1."}},
		{[]string{"amount=49", "currency=usd"}, apiError{400, "", "amount_too_small", "", "amount", "Amount must be at least $0.50 usd"}},
		{[]string{"amount=29", "currency=gbp"}, apiError{400, "", "amount_too_small", "", "amount", "Amount must be at least £0.30 gbp"}},
		{[]string{"amount=49", "currency=jpy"}, apiError{400, "", "amount_too_small", "", "amount", "Amount must be at least ¥50 jpy"}},
		{[]string{"amount=300000000", "currency=USD"}, apiError{400, "", "amount_too_large", "", "", "Amount must be no more than $999,999.99"}}, // [R]
		{[]string{"amount=ten", "currency=usd"}, apiError{400, "", "parameter_invalid_integer", "", "amount", "Invalid integer: ten"}},
		{[]string{"currency=usd"}, apiError{400, "", "parameter_missing", "", "amount", "Missing required param: amount."}},
		{[]string{"amount=1000", "currency=usd", "customer=cus_none"}, apiError{400, "", "resource_missing", "", "customer", "No such customer: 'cus_none'"}},
		{[]string{"amount=1000", "currency=usd", "payment_method=pm_none"}, apiError{400, "", "resource_missing", "", "payment_method", "No such PaymentMethod: 'pm_none'; It's possible this PaymentMethod exists on one of your connected accounts, in which case you should retry this request on that connected account. Learn more at https://stripe.com/docs/connect/authentication"}},
		{[]string{"amount=1000", "currency=usd", "payment_method=pm_none", "Stripe-Account: acct_1PmHgaKXBGcbgpbZ"}, apiError{400, "", "resource_missing", "", "payment_method", "No such PaymentMethod: 'pm_none'; OAuth key or Stripe-Account header was used but API request was provided with a platform-owned payment method ID. Please ensure that the provided payment method matches the specified account."}}, // [R]
		{[]string{"amount=1000", "currency=usd", "transfer_data[destination]=000000005"}, apiError{400, "", "resource_missing", "", "transfer_data[destination]", "No such destination: '000000005'"}},                                                                                                                                                                                                                 // [R]
		{[]string{"amount=1000", "currency=usd", "automatic_payment_methods[enabled]=true", "payment_method_types[]=card"}, apiError{400, "", "", "", "", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."}},
		{[]string{"amount=1000", "currency=usd", "amont=5"}, apiError{400, "", "parameter_unknown", "", "amont", "Received unknown parameter: amont. Did you mean amount?"}},
		{[]string{"amount=1000", "currency=usd", "capture_method=later"}, apiError{400, "", "", "", "capture_method", "Invalid capture_method: must be one of automatic, automatic_async, or manual"}},
		{[]string{"amount=1000", "currency=usd", "confirm=maybe"}, apiError{400, "", "", "", "confirm", "Invalid boolean: maybe"}},
	} {
		r := m.Form("POST", "/v1/payment_intents", append(c.fields, "Idempotency-Key: "+strings.Join(c.fields, "&"))...)
		c.want.check(t, r)
		// [R] Stripe-Should-Retry stands only where the operation ran.
		ran := c.want.code == "amount_too_small" || c.want.code == "amount_too_large"
		if got := r.Header("Stripe-Should-Retry"); (got == "false") != ran {
			t.Errorf("%q: Stripe-Should-Retry %q", c.fields, got)
		}
	}
	if got := m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=Eur").Want(200).Get("currency"); got != "eur" {
		t.Errorf("currency %q", got)
	}
	if got := pay(m, "payment_method=pm_card_visa", "confirm=True").Want(200).Get("status"); got != "succeeded" {
		t.Errorf("confirm=True left %q", got) // [R] Python's spelling
	}
}

func TestOwnershipAndReuse(t *testing.T) {
	m := start(t)
	one, two := newCustomer(t, m), newCustomer(t, m)
	pm := m.Form("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+one).Want(200).Get("id")
	apiError{400, "", "", "", "payment_method", "The PaymentMethod " + pm + " does not belong to the Customer you supplied " + two + ". Please use this PaymentMethod with the Customer that it belongs to instead."}.check(t, pay(m, "customer="+two, "payment_method="+pm))
	apiError{400, "", "parameter_missing", "", "source", "The `payment_method` parameter supplied " + pm + " belongs to the Customer " + one + ". Please include the Customer in the `customer` parameter on the PaymentIntent."}.check(t, pay(m, "payment_method="+pm))
	apiError{400, "", "", "", "", "The payment method you provided has already been attached to a customer."}.check(t, m.Form("POST", "/v1/payment_methods/"+pm+"/attach", "customer="+two)) // [R]

	used := m.Form("POST", "/v1/payment_methods", "type=card", "card[token]=tok_visa").Want(200).Get("id")
	pay(m, "payment_method="+used).Want(200)
	again := "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first." // [R]
	apiError{400, "", "", "", "", again}.check(t, pay(m, "payment_method="+used))
	m.Form("POST", "/v1/payment_methods/"+pm+"/detach").Want(200)
	apiError{400, "", "", "", "", again}.check(t, pay(m, "payment_method="+pm))
	apiError{400, "", "", "", "", "The payment method you provided is not attached to a customer so detachment is impossible."}.check(t, m.Form("POST", "/v1/payment_methods/"+pm+"/detach"))

	// setup_future_usage keeps the card for the customer.
	saved := pay(m, "customer="+two, "payment_method=pm_card_visa", "setup_future_usage=off_session").Want(200).Get("payment_method")
	if got := m.Form("GET", "/v1/payment_methods/"+saved).Get("customer"); got != two {
		t.Errorf("saved for %q", got)
	}
	pay(m, "customer="+two, "payment_method="+saved, "off_session=true").Want(200)
	lastEvent(t, m, "payment_method.attached")
}

func TestListsAndExpansion(t *testing.T) {
	m := start(t)
	customer := newCustomer(t, m)
	var ids []string
	for range 5 {
		ids = append(ids, m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd", "customer="+customer).Want(200).Get("id"))
	}
	m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd").Want(200)
	page := m.Form("GET", "/v1/payment_intents", "customer="+customer, "limit=2").Want(200)
	if page.Get("data.0.id") != ids[4] || page.Get("data.1.id") != ids[3] || page.Get("has_more") != "true" || page.Get("url") != "/v1/payment_intents" {
		t.Errorf("first page %s", page.Body)
	}
	page = m.Form("GET", "/v1/payment_intents", "customer="+customer, "limit=3", "starting_after="+ids[2]).Want(200)
	if page.JSON().Len("data") != 2 || page.Get("has_more") != "false" {
		t.Errorf("last page %s", page.Body)
	}
	page = m.Form("GET", "/v1/payment_intents", "customer="+customer, "limit=2", "ending_before="+ids[1]).Want(200)
	if page.Get("data.0.id") != ids[3] || page.Get("data.1.id") != ids[2] || page.Get("has_more") != "true" {
		t.Errorf("backward %s", page.Body)
	}
	page = m.Form("GET", "/v1/payment_intents", "limit=1", "expand[]=data.customer").Want(200)
	if page.JSON().Len("data") != 1 {
		t.Errorf("expanded %s", page.Body)
	}
	apiError{400, "", "resource_missing", "", "starting_after", "No such payment_intent: 'pi_none'"}.check(t, m.Form("GET", "/v1/payment_intents", "starting_after=pi_none"))
	apiError{400, "", "parameter_invalid_integer", "", "limit", "This value must be greater than or equal to 1."}.check(t, m.Form("GET", "/v1/payment_intents", "limit=0"))
	apiError{400, "", "", "", "expand", "This property cannot be expanded (amount)."}.check(t, m.Form("GET", "/v1/payment_intents/"+ids[0], "expand[]=amount"))
	if got := m.Form("GET", "/v1/payment_intents/"+ids[0], "expand[]=customer").Get("customer.id"); got != customer {
		t.Errorf("expanded customer %q", got)
	}
}

// TestPublishableKey: browsers see an intent by its client secret only, and
// less of it.
func TestPublishableKey(t *testing.T) {
	m := start(t)
	pi := m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd", "customer="+newCustomer(t, m), "payment_method_types[]=card").Want(200)
	id, secret := pi.Get("id"), pi.Get("client_secret")
	const key = "Authorization: Bearer pk_test_51MirraTests"
	got := m.Form("GET", "/v1/payment_intents/"+id, key, "client_secret="+secret).Want(200)
	if got.JSON().Exists("customer") || got.JSON().Exists("metadata") || got.Get("amount") != "1000" {
		t.Errorf("a publishable key sees %s", got.Body)
	}
	apiError{400, "", "parameter_missing", "", "client_secret", "Missing required param: client_secret."}.check(t, m.Form("GET", "/v1/payment_intents/"+id, key))
	m.Form("GET", "/v1/payment_intents/"+id, key, "client_secret=wrong").Want(404)
	if r := m.Form("POST", "/v1/payment_intents", key, "amount=1000", "currency=usd").Want(403); r.Get("error.code") != "secret_key_required" {
		t.Errorf("create: %s", r.Body)
	}
	pm := m.Form("POST", "/v1/payment_methods", key, "type=card", "card[number]=4242424242424242", "card[exp_month]=12", "card[exp_year]=2030").Want(200).Get("id")
	if got := m.Form("POST", "/v1/payment_intents/"+id+"/confirm", key, "client_secret="+secret, "payment_method="+pm).Want(200).Get("status"); got != "succeeded" {
		t.Errorf("confirmed to %s", got)
	}
}

func TestAccountsAreApart(t *testing.T) {
	m := start(t)
	const account = "Stripe-Account: acct_1PmHgaKXBGcbgpbZ"
	r := m.Form("POST", "/v1/customers", account, "email=a@example.com").Want(200)
	if got := r.Header("Stripe-Account"); got != "acct_1PmHgaKXBGcbgpbZ" {
		t.Errorf("echo %q", got)
	}
	m.Form("GET", "/v1/customers/"+r.Get("id"), account).Want(200)
	m.Form("GET", "/v1/customers/"+r.Get("id")).Want(404)
	if n := m.Form("GET", "/v1/events").JSON().Len("data"); n != 0 {
		t.Errorf("%d events on the platform", n)
	}
	// [R] with the key masked.
	got := m.Form("GET", "/v1/customers", "Stripe-Account: acct_fake_account", "Authorization: Bearer sk_test_51AbcdefghijklmnopquCJm").Want(403)
	if want := "The provided key 'sk_test_*******************uCJm' does not have access to account 'acct_fake_account' (or that account does not exist). Application access may have been revoked."; got.Get("error.message") != want || got.Get("error.code") != "account_invalid" {
		t.Errorf("got %s", got.Body)
	}
}
