package main

import "github.com/mirrahq/mirra/sdk"

// What new documents are: members in the order of today's answers [S the
// descriptions of api_v2010, messaging_v1, verify_v2 and lookups_v2], with the
// defaults that the vendor's pages of each resource name [D twilio.com/docs,
// 2026-11]; values of numbers and applications [R 2015, 2017].
var (
	accountShape       = sdk.MustTemplate(`{"auth_token":"","date_created":"","date_updated":"","friendly_name":"","owner_account_sid":"","sid":"","status":"active","subresource_uris":{},"type":"Full","uri":""}`)
	keyShape           = sdk.MustTemplate(`{"sid":"","friendly_name":"","date_created":"","date_updated":""}`)
	applicationShape   = sdk.MustTemplate(`{"account_sid":"","api_version":"2010-04-01","date_created":"","date_updated":"","friendly_name":"","message_status_callback":null,"sid":"","sms_fallback_method":"POST","sms_fallback_url":null,"sms_method":"POST","sms_status_callback":null,"sms_url":null,"status_callback":null,"status_callback_method":"POST","uri":"","voice_caller_id_lookup":false,"voice_fallback_method":"POST","voice_fallback_url":null,"voice_method":"POST","voice_url":null,"public_application_connect_enabled":false}`)
	addressShape       = sdk.MustTemplate(`{"account_sid":"","city":"","customer_name":"","date_created":"","date_updated":"","friendly_name":null,"iso_country":"","postal_code":"","region":"","sid":"","street":"","uri":"","emergency_enabled":false,"validated":false,"verified":false,"street_secondary":null}`)
	numberShape        = sdk.MustTemplate(`{"account_sid":"","address_sid":null,"address_requirements":"none","api_version":"2010-04-01","beta":false,"capabilities":{"voice":true,"sms":true,"mms":true,"fax":false},"date_created":"","date_updated":"","friendly_name":"","identity_sid":null,"phone_number":"","origin":"twilio","sid":"","sms_application_sid":"","sms_fallback_method":"POST","sms_fallback_url":"","sms_method":"POST","sms_url":"","status_callback":"","status_callback_method":"POST","trunk_sid":null,"uri":"","voice_receive_mode":"voice","voice_application_sid":null,"voice_caller_id_lookup":false,"voice_fallback_method":"POST","voice_fallback_url":null,"voice_method":"POST","voice_url":null,"emergency_status":"Inactive","emergency_address_sid":null,"emergency_address_status":"unregistered","bundle_sid":null,"status":"in-use","type":"local"}`)
	messageShape       = sdk.MustTemplate(`{"body":"","num_segments":"1","direction":"outbound-api","from":null,"to":null,"date_updated":"","price":null,"error_message":null,"uri":"","account_sid":"","num_media":"0","status":"queued","messaging_service_sid":null,"sid":"","date_sent":null,"date_created":"","error_code":null,"price_unit":"USD","api_version":"2010-04-01","subresource_uris":{"media":""}}`)
	feedbackShape      = sdk.MustTemplate(`{"account_sid":"","message_sid":"","outcome":"unconfirmed","date_created":"","date_updated":"","uri":""}`)
	lookupShape        = sdk.MustTemplate(`{"calling_country_code":null,"country_code":null,"phone_number":"","national_format":null,"valid":false,"validation_errors":[],"caller_name":null,"sim_swap":null,"call_forwarding":null,"line_status":null,"line_type_intelligence":null,"identity_match":null,"reassigned_number":null,"sms_pumping_risk":null,"phone_number_quality_score":null,"pre_fill":null,"url":""}`)
	callShape          = sdk.MustTemplate(`{"sid":"","date_created":null,"date_updated":null,"parent_call_sid":null,"account_sid":"","to":"","to_formatted":"","from":"","from_formatted":"","phone_number_sid":"","status":"queued","start_time":null,"end_time":null,"duration":null,"price":null,"price_unit":"USD","direction":"outbound-api","answered_by":null,"api_version":"2010-04-01","forwarded_from":null,"group_sid":null,"caller_name":null,"queue_time":"0","trunk_sid":null,"uri":"","subresource_uris":{}}`)
	checkShape         = sdk.MustTemplate(`{"sid":"","service_sid":"","account_sid":"","to":"","channel":"","status":"","valid":false,"amount":null,"payee":null,"date_created":"","date_updated":"","sna_attempts_error_codes":[]}`)
	mediumShape        = sdk.MustTemplate(`{"sid":"","account_sid":"","parent_sid":"","content_type":"","date_created":"","date_updated":"","uri":""}`)
	serviceShape       = sdk.MustTemplate(`{"sid":"","account_sid":"","friendly_name":"","date_created":"","date_updated":"","inbound_request_url":null,"inbound_method":"POST","fallback_url":null,"fallback_method":"POST","status_callback":null,"sticky_sender":true,"mms_converter":true,"smart_encoding":true,"scan_message_content":"inherit","fallback_to_long_code":true,"area_code_geomatch":true,"synchronous_validation":false,"validity_period":36000,"url":"","links":{},"usecase":"undeclared","us_app_to_person_registered":false,"use_inbound_webhook_on_number":false}`)
	poolNumberShape    = sdk.MustTemplate(`{"sid":"","account_sid":"","service_sid":"","date_created":"","date_updated":"","phone_number":"","country_code":"US","capabilities":["MMS","SMS","Voice"],"url":""}`)
	poolShortCodeShape = sdk.MustTemplate(`{"sid":"","account_sid":"","service_sid":"","date_created":"","date_updated":"","short_code":"","country_code":"US","capabilities":["SMS"],"url":""}`)
	alphaSenderShape   = sdk.MustTemplate(`{"sid":"","account_sid":"","service_sid":"","date_created":"","date_updated":"","alpha_sender":"","capabilities":["SMS"],"url":""}`)
	verifyServiceShape = sdk.MustTemplate(`{"sid":"","account_sid":"","friendly_name":"","code_length":6,"lookup_enabled":false,"psd2_enabled":false,"skip_sms_to_landlines":false,"dtmf_input_required":true,"tts_name":null,"do_not_share_warning_enabled":false,"custom_code_enabled":false,"push":{"include_date":false,"apn_credential_sid":null,"fcm_credential_sid":null},"totp":{"issuer":null,"time_step":30,"code_length":6,"skew":1},"default_template_sid":null,"whatsapp":{"msg_service_sid":null,"from":null},"passkeys":{"relying_party":{"id":null,"name":null,"origins":null},"authenticator_attachment":null,"discoverable_credentials":null,"user_verification":null},"verify_event_subscription_enabled":false,"date_created":"","date_updated":"","url":"","links":{}}`)
	verificationShape  = sdk.MustTemplate(`{"sid":"","service_sid":"","account_sid":"","to":"","channel":"","status":"pending","valid":false,"lookup":{},"amount":null,"payee":null,"send_code_attempts":[],"date_created":"","date_updated":"","sna":null,"url":""}`)
	attemptShape       = sdk.MustTemplate(`{"sid":"","account_sid":"","service_sid":"","verification_sid":"","date_created":"","date_updated":"","conversion_status":"unconverted","channel":"sms","price":{"value":"0.05","currency":"usd"},"channel_data":{},"url":""}`)
	rateLimitShape     = sdk.MustTemplate(`{"sid":"","service_sid":"","account_sid":"","unique_name":"","description":null,"date_created":"","date_updated":"","url":"","links":{}}`)
	bucketShape        = sdk.MustTemplate(`{"sid":"","rate_limit_sid":"","service_sid":"","account_sid":"","max":0,"interval":0,"date_created":"","date_updated":"","url":""}`)
	verifyWebhookShape = sdk.MustTemplate(`{"sid":"","service_sid":"","account_sid":"","friendly_name":"","event_types":[],"status":"enabled","version":"v2","webhook_url":"","webhook_method":"POST","date_created":"","date_updated":"","url":""}`)
	configurationShape = sdk.MustTemplate(`{"account_sid":"","service_sid":"","country":"","messaging_service_sid":"","date_created":"","date_updated":"","url":""}`)
	safeNumberShape    = sdk.MustTemplate(`{"sid":"","phone_number":"","url":""}`)
)

// [S twilio_api_v2010 description]
var subresources = [...][2]string{
	{"available_phone_numbers", "AvailablePhoneNumbers"}, {"calls", "Calls"}, {"conferences", "Conferences"}, {"incoming_phone_numbers", "IncomingPhoneNumbers"},
	{"notifications", "Notifications"}, {"outgoing_caller_ids", "OutgoingCallerIds"}, {"recordings", "Recordings"}, {"transcriptions", "Transcriptions"},
	{"addresses", "Addresses"}, {"signing_keys", "SigningKeys"}, {"connect_apps", "ConnectApps"}, {"sip", "SIP"},
	{"authorized_connect_apps", "AuthorizedConnectApps"}, {"usage", "Usage"}, {"keys", "Keys"}, {"applications", "Applications"},
	{"short_codes", "SMS/ShortCodes"}, {"queues", "Queues"}, {"messages", "Messages"}, {"balance", "Balance"},
}

// [S messaging_v1 description], its examples.
const usecases = `{"usecases":[{"usecase":"notifications","description":"Transactional notifications and alerts","purpose":"Notify my users."},{"usecase":"marketing","description":"Marketing messages","purpose":"Market my services."}]}`
