package main

import "strings"

// segments counts the parts of an SMS: 160 places of GSM-7 or 70 of UCS-2 in one
// part, 153 or 67 in each of several [D
// twilio.com/docs/glossary/what-sms-character-limit, 2026-11]. What takes two
// places is not split between parts.
func segments(body string) int {
	widths := make([]byte, 0, len(body))
	gsm := true
	for _, c := range body {
		switch {
		case c < 0x80 && c >= 0x20 && strings.IndexByte("^{}\\[~]|`", byte(c)) < 0:
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

// places is how many characters of the vendor's limit a body takes. Believed:
// units of UTF-16, as the page says that emoji count as several.
func places(body string) int {
	n := 0
	for _, c := range body {
		n++
		if c > 0xffff {
			n++
		}
	}
	return n
}
