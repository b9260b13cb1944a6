package main

// settled is the year from which everything is as it is now.
const settled = 2025

// Members of a number. [R] absent in 2015, there on 2017-06-29; those that are not
// there then either are believed to be of 2018 and later. Numbers took faxes until
// Twilio gave that up [D support.twilio.com "Fax Support on Twilio", 2026-11: end of
// life on 2021-12-17].
var numberMembers = []since{
	{"2017-06-24", "beta", "null"}, {"2017-06-24", "voice_receive_mode", ""}, {"2017-06-24", "origin", ""},
	{"2017-06-24", "emergency_status", ""}, {"2017-06-24", "emergency_address_sid", ""},
	{"2018-01-01", "address_sid", ""}, {"2018-01-01", "identity_sid", ""}, {"2019-06-01", "bundle_sid", ""},
	{"2020-01-01", "status", ""}, {"2021-06-01", "emergency_address_status", ""}, {"2024-01-01", "type", ""},
	{"2021-12-17", "capabilities.fax", "true"}, {"2017-06-24", "capabilities.fax", ""},
}

// Members of a number that is offered: [R] 2015 and 2017.
var offerMembers = []since{{"2017-01-01", "locality", ""}, {"2021-12-17", "capabilities.fax", "true"}, {"2017-01-01", "capabilities.fax", ""}}

// Members of an application: [R] 2017.
var applicationMembers = []since{{"2021-01-01", "public_application_connect_enabled", ""}}

// Members stood in another order [R 2015 to 2017]; when that changed is believed.
const (
	reordered      = "2018-01-01"
	oldMessage     = "sid date_created date_updated date_sent account_sid to from messaging_service_sid body status num_segments num_media direction api_version price price_unit error_code error_message uri subresource_uris"
	oldNumber      = "sid account_sid friendly_name phone_number voice_url voice_method voice_fallback_url voice_fallback_method voice_caller_id_lookup date_created date_updated sms_url sms_method sms_fallback_url sms_fallback_method address_requirements beta capabilities voice_receive_mode status_callback status_callback_method api_version voice_application_sid sms_application_sid origin trunk_sid emergency_status emergency_address_sid uri"
	oldApplication = "sid date_created date_updated account_sid friendly_name api_version voice_url voice_method voice_fallback_url voice_fallback_method status_callback status_callback_method voice_caller_id_lookup sms_url sms_method sms_fallback_url sms_fallback_method sms_status_callback message_status_callback uri"
)
