package main

import "github.com/mirrahq/mirra/sdk"

// known are the errors of the vendor's dictionary [D
// twilio.com/docs/api/errors/CODE, 2026-11] with their status, 400 if it is 0.
// {} stands for what was sent. Texts marked [3] are as users captured them; the
// others are the dictionary's titles.
var known = map[int]failure{
	20001: {message: "Missing required parameter {} in the post body"}, // [3]
	20003: {status: 401, message: "Authenticate"},                      // [3]
	20004: {status: 405, message: "Method not allowed"},
	20005: {status: 403, message: "Account not active"},
	20007: {message: "Page size must be less than or equal to 1000"},
	20008: {status: 403, message: "Resource not accessible with Test Account Credentials"},                                                                                                    // [3]
	20009: {status: 409, message: "Resource not complete"},                                                                                                                                    // [3]
	20404: {status: 404, message: "The requested resource {} was not found"},                                                                                                                  // [R]
	20429: {status: 429, message: "Too many requests"},                                                                                                                                        // [S verify_v2 description]
	21210: {message: "The source phone number provided, {}, is not yet verified for your account. You may only make calls from phone numbers that you've verified or purchased from Twilio."}, // [3]
	21211: {message: "The 'To' number {} is not a valid phone number."},                                                                                                                       // [3]
	21212: {message: "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric sender ID."},                                                                               // [3]
	21214: {message: "'To' phone number cannot be reached"},
	21215: {message: "Account not authorized to call {}. Perhaps you need to enable some international permissions"}, // [3]
	21216: {message: "Account not allowed to call {}"},                                                               // [3]
	21217: {message: "Phone number does not appear to be valid"},
	21266: {message: "'To' and 'From' number cannot be the same: {}"},
	21402: {message: "{} is not a valid URL."},
	21403: {message: "{} is not a valid HTTP method."},
	21408: {message: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {}"},
	21421: {message: "{} is not a valid number"}, // [3]
	21422: {message: "{} is not available"},      // [3]
	21451: {message: "Invalid area code"},
	21452: {message: "No phone numbers found in area code {}"},
	21475: {message: "Unable to update Status, invalid Status."},
	21477: {message: "Unable to update Status for parent accounts"},
	21479: {message: "Unable to update Status for subaccount, subaccount has been closed."},
	21481: {message: "Invalid PageToken"},
	21602: {message: "Message body is required."},
	21603: {message: "A 'From' phone number is required."}, // [3]
	21604: {message: "A 'To' phone number is required."},   // [3]
	21606: {message: "The 'From' phone number provided ({}) is not a valid message-capable Twilio phone number for this destination."},
	21609: {message: "The 'StatusCallback' URL {} is not a valid URL."}, // [3]
	21610: {message: "Attempt to send to unsubscribed recipient"},
	21611: {message: "This 'From' number has exceeded the maximum number of queued messages"},
	21612: {message: "Message cannot be sent with the current combination of 'To' ({}) and/or 'From' parameters"}, // [3]
	21614: {message: "To number: {}, is not a mobile number"},                                                     // [3]
	21617: {message: "The concatenated message body exceeds the 1600 character limit"},
	21620: {message: "Invalid media URL(s)"},
	21623: {message: "Number of media files exceeds allowed limit"},
	21624: {message: "Invalid validity period value"},
	21627: {message: "Max Price must be a valid float"},
	21659: {message: "'From' {} is not a Twilio phone number or Short Code country mismatch"},
	21660: {message: "Mismatch between the 'From' number {} and the account"},
	21701: {status: 404, message: "The Messaging Service does not exist"},
	21704: {message: "The Messaging Service contains no phone numbers"},
	21705: {message: "The Messaging Service Sid {} is invalid."}, // [3]
	21708: {message: "Alpha Sender ID Missing from the request"},
	21709: {message: "Alpha Sender ID is Invalid or Not Authorized for this Messaging Service"},
	21710: {status: 409, message: "Phone Number or Short Code is already in the Messaging Service."}, // [3]
	21711: {message: "Phone Number, Shortcode, or AlphaSender is not associated to the specified Messaging Service."},
	21712: {status: 409, message: "Phone Number or Short Code is associated with another Messaging Service."}, // status [3]
	21910: {message: "Invalid From and To pair. From and To should be of the same channel"},
	30409: {message: "This message cannot be canceled"},
	35111: {message: "SendAt timestamp is missing"},
	35114: {message: "SendAt time must be between 300 seconds and 35 days (3024000 seconds) in the future, inclusive."},
	35118: {message: "MessagingServiceSid is required to schedule a message"},
	35126: {message: "The ScheduleType value provided is not supported for this channel"},
	60200: {message: "Invalid parameter `{}`"}, // [3]
	60202: {status: 429, message: "Max check attempts reached"},
	60203: {status: 429, message: "Max send attempts reached"},
	60204: {status: 403, message: "Service does not support this feature"},
	60206: {message: "'Amount' & 'Payee' params are required"},
	60208: {message: "Rate limit with that UniqueName already exists"},
	60211: {message: "Bucket with the given Interval already exists"},
	60213: {message: "A Messaging Configuration already exists for the given country"},
	60600: {message: "Unprovisioned or out of coverage"},
}

// deliveryErrors are what messages fail with on their way [D
// twilio.com/docs/api/errors/CODE, 2026-11].
var deliveryErrors = map[int]string{
	30001: "Queue overflow", 30002: "Account suspended", 30003: "Unreachable destination handset", 30004: "Message blocked", 30005: "Unknown destination handset",
	30006: "Landline or unreachable carrier", 30007: "Message filtered", 30008: "Unknown error", 30009: "Missing inbound segment", 30010: "Message price exceeds max price",
	30022: "US A2P 10DLC - Rate Limits Exceeded", 30023: "US A2P 10DLC - Daily Message Cap Reached", 30024: "Numeric Sender ID Not Provisioned on Carrier",
	30032: "Toll-Free Number Has Not Been Verified", 30034: "US A2P 10DLC - Message from an Unregistered Number", 30410: "Provider Timeout Error",
	21610: "Attempt to send to unsubscribed recipient", 21704: "The Messaging Service contains no phone numbers",
}

var jsonHeaders = []sdk.HeaderSpec{{Name: "Content-Type", Value: contentType}, {Name: "Twilio-Request-Id", Value: "{request_id}"}}

// hostErrors are the answers the host gives by itself.
var hostErrors = []sdk.ErrorSpec{
	{Name: "internal", Status: 500, Headers: jsonHeaders, Body: `{"code":20500,"message":"{message}","more_info":"https://www.twilio.com/docs/errors/20500","status":500}`},
	{Name: "rate-limit", Status: 429, Headers: append(jsonHeaders[:len(jsonHeaders):len(jsonHeaders)], sdk.HeaderSpec{Name: "Retry-After", Value: "1"}), Body: `{"code":20429,"message":"Too many requests","more_info":"https://www.twilio.com/docs/errors/20429","status":429}`},
	{Name: "invalid-recipient", Status: 400, Headers: jsonHeaders, Body: `{"code":21211,"message":"Invalid 'To' Phone Number","more_info":"https://www.twilio.com/docs/errors/21211","status":400}`}, // [D docs/api/errors/21211, 2026-11], the title
	{Name: "unavailable", Status: 503, Headers: jsonHeaders, Body: `{"code":20503,"message":"Service unavailable","more_info":"https://www.twilio.com/docs/errors/20503","status":503}`},
}
