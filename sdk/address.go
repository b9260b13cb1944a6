package sdk

import "strings"

// ParseAddress returns the bare email address of "Name <address>" or of an address
// alone, in lower case; ok is false for what is neither.
func ParseAddress(s string) (address string, ok bool) {
	s = strings.TrimSpace(s)
	if n := len(s); n > 0 && s[n-1] == '>' {
		i := strings.LastIndexByte(s, '<')
		if i < 0 {
			return "", false
		}
		s = s[i+1 : n-1]
	}
	at := strings.IndexByte(s, '@')
	if at <= 0 {
		return "", false
	}
	kinds, ok := domainKinds(s[at+1:])
	for i := range at {
		kinds |= addressBytes[s[i]]
	}
	if !ok || kinds&notLocal != 0 {
		return "", false
	}
	if kinds&mayBeUpper != 0 {
		s = strings.ToLower(s)
	}
	return s, true
}

// addressBytes says of each byte what it is: a guest pays for every branch of a loop.
var addressBytes = func() (table [256]uint8) {
	for c := range table {
		switch {
		case c <= ' ' || strings.IndexByte("<>,;\"@", byte(c)) >= 0:
			table[c] = notLocal | notLabel
		case c >= 'A' && c <= 'Z' || c >= 0x80:
			table[c] = mayBeUpper
		case c == '.' || c == '-':
			table[c] = edge
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			table[c] = notLabel
		}
	}
	return table
}()

const (
	notLocal   = 1 << iota // not in front of the @
	notLabel               // not in a domain
	mayBeUpper             // a letter that ToLower may change
	edge                   // ends a label, or may not
)

// IsDomain tells whether a name has at least two labels of letters, digits and
// dashes.
func IsDomain(s string) bool {
	_, ok := domainKinds(s)
	return ok
}

// domainKinds is IsDomain that also tells what addressBytes there are.
func domainKinds(s string) (kinds uint8, ok bool) {
	dots, label := 0, 0 // label is where the last one begins
	for i := range len(s) {
		kind := addressBytes[s[i]]
		kinds |= kind
		if kind&(notLabel|edge) == 0 {
			continue
		}
		first := i == label
		last := i+1 == len(s) || s[i+1] == '.'
		switch {
		case kind == edge && s[i] == '.' && !first && !last && i-label <= 63:
			dots, label = dots+1, i+1
		case kind != edge || s[i] == '.' || first || last:
			return kinds, false
		}
	}
	return kinds, dots > 0 && len(s)-label <= 63 && len(s) <= 253
}

// IsURL tells whether a text is an http or https URL with a host, as far as an
// endpoint has to be one.
func IsURL(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	host, _, _ := strings.Cut(rest, "/")
	return ok && host != "" && !strings.ContainsAny(s, " <>\"")
}

// IsPlainURL tells of most http and https URLs that they are some, without parsing
// them: those of a host's name, maybe a port, and a path and query without escapes.
func IsPlainURL(s string) bool {
	if len(s) < 8 || s[:4] != "http" {
		return false
	}
	i := 4
	if s[i] == 's' {
		i++
	}
	if s[i:i+3] != "://" {
		return false
	}
	i += 3
	host := i
	for i < len(s) && urlBytes[s[i]] >= ofHost {
		i++
	}
	if i == host {
		return false
	}
	if i < len(s) && s[i] == ':' {
		for i++; i < len(s) && urlBytes[s[i]] == ofPort; {
			i++
		}
	}
	if i < len(s) && s[i] != '/' {
		return false
	}
	for i < len(s) && urlBytes[s[i]] >= ofPath {
		i++
	}
	return i == len(s)
}

// urlBytes says in which parts of a plain URL a byte may stand: what may be in a port
// may be in a host, what in a host in a path.
var urlBytes = func() (table [256]uint8) {
	for c := byte('!'); c <= '~'; c++ {
		switch {
		case c >= '0' && c <= '9':
			table[c] = ofPort
		case c|0x20 >= 'a' && c|0x20 <= 'z' || c == '.' || c == '-':
			table[c] = ofHost
		case strings.IndexByte(`%"<>`, c) < 0:
			table[c] = ofPath
		}
	}
	return table
}()

const (
	ofPath = iota + 1
	ofHost
	ofPort
)

// IsPlainName tells whether a text holds ASCII letters, digits, underscores and dashes
// alone.
func IsPlainName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return true
}
