package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// smart replaces characters that have an equivalent in GSM-7 [D
// twilio.com/docs/messaging/services/smart-encoding-char-list, 2026-11]; the
// common ones of the page's list.
var smart = strings.NewReplacer(
	"«", `"`, "»", `"`, "“", `"`, "”", `"`, "„", `"`, "‟", `"`, "ʺ", `"`, "‘", "'", "’", "'", "‚", "'", "‛", "'", "ʻ", "'", "ʼ", "'", "`", "'", "´", "'",
	"–", "-", "—", "-", "‐", "-", "‑", "-", "‒", "-", "―", "-", "…", "...", "•", "-", "·", ".", "‹", "<", "›", ">", "⁄", "/", "∕", "/",
	"\u00a0", " ", "\u2000", " ", "\u2001", " ", "\u2002", " ", "\u2003", " ", "\u2004", " ", "\u2005", " ", "\u2006", " ", "\u2007", " ", "\u2008", " ", "\u2009", " ", "\u200a", " ", "\u202f", " ", "\u3000", " ", "\u200b", "", "\u2060", "", "\ufeff", "",
	"¼", "1/4", "½", "1/2", "¾", "3/4", "⁎", "*", "‼", "!!", "‗", "_", "ˆ", "^", "˜", "~", "℅", "c/o", "№", "No",
)

// Keywords of one word, and what the vendor answers by itself [D
// twilio.com/docs/messaging/tutorials/advanced-opt-out, 2026-11; texts: [3]
// missiveapp.com/faq/opt-out-sms and blog.textit.in/tracking-opt-outs].
const (
	stopWords  = " STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT "
	startWords = " START YES UNSTOP "
	helpWords  = " HELP INFO "

	stopReply  = "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe."
	startReply = "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
	helpReply  = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)

// types are content types by extension, of what the vendor takes most [D
// twilio.com/docs/messaging/guides/accepted-mime-types, 2026-11].
var types = map[string]string{
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "bmp": "image/bmp", "tiff": "image/tiff",
	"mp3": "audio/mpeg", "ogg": "audio/ogg", "amr": "audio/amr", "wav": "audio/wav", "mp4": "video/mp4", "mov": "video/quicktime", "3gp": "video/3gpp",
	"pdf": "application/pdf", "vcf": "text/vcard", "csv": "text/csv", "txt": "text/plain",
}

// [R 2015 to 2017, api.twilio.com]; the age of Strict-Transport-Security is the
// later one of VENDORS.
var fixedHeaders = sdk.NewHeaders(
	"Content-Type", contentType,
	"Access-Control-Allow-Origin", "*",
	"Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
	"Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS",
	"Access-Control-Expose-Headers", "ETag",
	"Access-Control-Allow-Credentials", "true",
	"X-Powered-By", "AT-5000",
	"X-Shenanigans", "none",
	"Strict-Transport-Security", "max-age=31536000",
)

// attemptChannels are how send_code_attempts names channels [S verify_v2
// description].
var attemptChannels = map[string]string{"sms": "SMS", "call": "CALL", "email": "EMAIL", "whatsapp": "whatsapp"}
