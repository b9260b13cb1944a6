package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// since is the day from which answers have a member; before it they do not, or
// have it as null.
type since struct {
	day    int64
	member string
	in     string // an object that the member is in
	null   bool
}

func day(s string) int64 {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err.Error())
	}
	return t.Unix()
}

// Members of a number that is bought. [R] absent in 2015, there on 2017-06-29;
// those that are not there then either are believed to be of 2018 and later.
var numberMembers = []since{
	{day: day("2017-06-24"), member: "fax", in: "capabilities"}, {day: day("2017-06-24"), member: "beta", null: true},
	{day: day("2017-06-24"), member: "voice_receive_mode"}, {day: day("2017-06-24"), member: "origin"},
	{day: day("2017-06-24"), member: "emergency_status"}, {day: day("2017-06-24"), member: "emergency_address_sid"},
	{day: day("2018-01-01"), member: "address_sid"}, {day: day("2018-01-01"), member: "identity_sid"}, {day: day("2019-06-01"), member: "bundle_sid"},
	{day: day("2020-01-01"), member: "status"}, {day: day("2021-06-01"), member: "emergency_address_status"}, {day: day("2024-01-01"), member: "type"},
}

// Members of a number that is offered: [R] 2015 and 2017.
var offerMembers = []since{{day: day("2017-01-01"), member: "fax", in: "capabilities"}, {day: day("2017-01-01"), member: "locality"}}

// Members of an application: [R] 2017.
var applicationMembers = []since{{day: day("2021-01-01"), member: "public_application_connect_enabled"}}

// Members stood in another order [R 2015 to 2017]; when that changed is believed.
var reordered = day("2018-01-01")

const (
	oldMessage     = "sid date_created date_updated date_sent account_sid to from messaging_service_sid body status num_segments num_media direction api_version price price_unit error_code error_message uri subresource_uris"
	oldNumber      = "sid account_sid friendly_name phone_number voice_url voice_method voice_fallback_url voice_fallback_method voice_caller_id_lookup date_created date_updated sms_url sms_method sms_fallback_url sms_fallback_method address_requirements beta capabilities voice_receive_mode status_callback status_callback_method api_version voice_application_sid sms_application_sid origin trunk_sid emergency_status emergency_address_sid uri"
	oldApplication = "sid date_created date_updated account_sid friendly_name api_version voice_url voice_method voice_fallback_url voice_fallback_method status_callback status_callback_method voice_caller_id_lookup sms_url sms_method sms_fallback_url sms_fallback_method sms_status_callback message_status_callback uri"
)

// inOrder puts members into the order of the session's day.
func inOrder(c *sdk.Call, d sdk.Doc, old string) {
	if c.Unix() >= reordered {
		return
	}
	for name := range strings.SplitSeq(old, " ") {
		if m := d.Get(name); m.Exists() {
			v := m.Clone(c.Arena)
			d.Delete(name)
			d.SetDoc(name, v)
		}
	}
}

// asOfDay shows a document as the vendor did on the session's day.
func asOfDay(c *sdk.Call, d sdk.Doc, members []since, old string) {
	now := c.Unix()
	for i := range members {
		m := &members[i]
		if now >= m.day {
			continue
		}
		in := d
		if m.in != "" {
			in = d.Get(m.in)
		}
		if m.null {
			in.SetNull(m.member)
		} else {
			in.Delete(m.member)
		}
	}
	inOrder(c, d, old)
}
