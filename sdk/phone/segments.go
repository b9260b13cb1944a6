package phone

import "strings"

// Characters of GSM-7 that take one place, and those of its extension, which
// take two [D twilio.com/docs/glossary/what-is-gsm-7-character-encoding,
// 2026-11; 3GPP TS 23.038].
const (
	gsmBasic     = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// Segments counts the parts of an SMS: 160 places of GSM-7 or 70 of UCS-2 in one
// part, 153 or 67 in each of several [D
// twilio.com/docs/glossary/what-sms-character-limit, 2026-11]. What takes two
// places is not split between parts.
func Segments(body string) int {
	if isSimple(body) {
		if len(body) <= 160 {
			return 1
		}
		return (len(body) + 152) / 153
	}
	widths := make([]byte, 0, len(body))
	gsm := true
	for _, c := range body {
		switch {
		case c < 0x80 && simple[c]:
			widths = append(widths, 1)
		case strings.ContainsRune(gsmExtension, c):
			widths = append(widths, 2)
		case strings.ContainsRune(gsmBasic, c):
			widths = append(widths, 1)
		default:
			gsm = false
		}
		if !gsm {
			break
		}
	}
	one, part := 160, 153
	if !gsm {
		one, part = 70, 67
		widths = widths[:0]
		for _, c := range body {
			w := byte(1)
			if c > 0xffff {
				w = 2
			}
			widths = append(widths, w)
		}
	}
	sum := 0
	for _, w := range widths {
		sum += int(w)
	}
	if sum <= one {
		return 1
	}
	count, used := 1, 0
	for _, w := range widths {
		if used += int(w); used > part {
			count, used = count+1, int(w)
		}
	}
	return count
}

// simple marks the bytes that are a character of GSM-7 by themselves, in one place:
// most texts have no others, and a guest pays for every branch of a loop.
var simple = func() (table [256]bool) {
	for c := range byte(0x80) {
		table[c] = c == '\n' || c == '\r' || c >= 0x20 && strings.IndexByte("^{}\\[~]|`", c) < 0
	}
	return table
}()

func isSimple(body string) bool {
	for i := range len(body) {
		if !simple[body[i]] {
			return false
		}
	}
	return true
}

// Units is the length of a text in UTF-16, in which an emoji counts as two.
func Units(body string) int {
	n := 0
	for _, c := range body {
		n++
		if c > 0xffff {
			n++
		}
	}
	return n
}
