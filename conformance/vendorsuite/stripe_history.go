package vendorsuite

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stripeAccountPart finds the ten characters of an account that ids of the newer
// form hold: pi_3 PmHge KXBGcbgpbZ 02BO4t2T. [R]
var stripeAccountPart = regexp.MustCompile(`\b[a-z][a-z_]*_[0-9][A-Za-z0-9]{5}([A-Za-z0-9]{10})[A-Za-z0-9]{8}(?:[^A-Za-z0-9]|$)`)

// stripeHistory is a History of a Stripe account. Its settings are those of the
// stripe mirror's own account.
type stripeHistory struct {
	country, name, descriptor, prefix string
	payments, invoices                []string // payment methods that are on
	fees                              []feePoint
	returned                          *bool            // whether refunds return fees
	application                       *node            // the account, as connected ones are shown it
	delays                            []int            // days
	objects                           map[string]*node // as they were shown
	named                             map[string]*node // products that were not
}

func newStripeHistory() History {
	return &stripeHistory{objects: map[string]*node{}, named: map[string]*node{}}
}

// stripeCatalogue are types of objects that accounts make once and use for long.
var stripeCatalogue = []string{"coupon", "plan", "price", "product", "promotion_code", "shipping_rate", "tax_rate"}

// Observe implements History.
func (s *stripeHistory) Observe(n *node, own bool) {
	kind := n.string("object")
	if kind == "account" && n.member("application_name") != nil {
		s.application = n // as it is shown to others
	}
	if !own {
		return
	}
	switch kind {
	case "charge":
		s.charge(n)
	case "refund":
		s.refund(n)
	case "invoice":
		set(&s.name, n.string("account_name"))
		set(&s.country, n.string("account_country"))
	case "payment_intent", "setup_intent":
		s.intent(n)
	case "line_item":
		s.line(n)
	default:
		if slices.Contains(stripeCatalogue, kind) && n.member("deleted") == nil {
			s.objects[n.string("id")] = n
		}
	}
}

func set(to *string, text string) {
	if text != "" {
		*to = text
	}
}

func (s *stripeHistory) charge(n *node) {
	if !strings.HasPrefix(n.string("id"), "ch_") || n.string("on_behalf_of") != "" {
		return
	}
	switch shown, suffix := n.string("calculated_statement_descriptor"), n.string("statement_descriptor_suffix"); {
	case suffix != "":
		prefix, _, _ := strings.Cut(shown, "* ")
		set(&s.prefix, prefix)
	case n.string("statement_descriptor") == "":
		set(&s.descriptor, shown)
	}
	movement := n.member("balance_transaction")
	if movement == nil || movement.kind != objectKind || movement.string("currency") != n.string("currency") || n.string("destination") != "" {
		return
	}
	created, available := number(movement, "created"), number(movement, "available_on")
	if days := delay(time.Unix(created, 0).UTC(), time.Unix(available, 0).UTC()); days > 0 {
		s.delays = append(s.delays, days)
	}
	card := n.member("payment_method_details").member("card")
	if country := s.country; card.string("country") == country || country == "" && card.string("country") == "US" {
		s.fees = append(s.fees, feePoint{number(movement, "amount"), number(movement, "fee")})
	}
}

func (s *stripeHistory) refund(n *node) {
	movement := n.member("balance_transaction")
	if movement == nil || movement.kind != objectKind || !strings.HasPrefix(n.string("id"), "re_") {
		return
	}
	returned := number(movement, "fee") < 0
	s.returned = &returned
}

func number(n *node, name string) int64 {
	m := n.member(name)
	if m == nil || m.kind != numberKind {
		return 0
	}
	v, _ := strconv.ParseInt(m.text, 10, 64) // 0 for a fraction
	return v
}

// delay returns how many days lie between a charge and its money: those of the
// calendar for a week or more, else of business, holidays included; 0 if there is
// none.
func delay(created, available time.Time) int {
	from := created.Truncate(24 * time.Hour)
	days := int(available.Sub(from) / (24 * time.Hour))
	if days >= 7 {
		return days
	}
	business := 0
	for d := from.AddDate(0, 0, 1); !d.After(available); d = d.AddDate(0, 0, 1) {
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			business++
		}
	}
	return business
}

// intent learns which payment methods are on. What an intent cannot be paid with
// it does not show, so that several are put together.
func (s *stripeHistory) intent(n *node) {
	var types []string
	if list := n.member("payment_method_types"); list != nil {
		for i := range list.kids {
			types = append(types, list.kids[i].text)
		}
	}
	if enabled := n.member("automatic_payment_methods").member("enabled"); enabled != nil && enabled.text == "true" {
		s.payments = interleave(s.payments, types)
	} else if n.string("invoice") != "" || slices.Contains([]string{"Subscription creation", "Subscription update", "Payment for Invoice"}, n.string("description")) {
		s.invoices = types
	}
}

// interleave adds what is new to a list, each in front of what follows it.
func interleave(list, more []string) []string {
	at := 0
	for _, m := range more {
		if i := slices.Index(list, m); i >= 0 {
			at = i + 1
			continue
		}
		list = slices.Insert(slices.Clone(list), at, m)
		at++
	}
	return list
}

// lineText is how invoices describe what was bought: 10 user × Gold (at $25.00 / month).
var lineText = regexp.MustCompile(`^[0-9]+ (?:(.+?) )?× (.+) \(at .+\)$`)

// line learns a product's name from a line of an invoice.
func (s *stripeHistory) line(n *node) {
	product := n.member("price").string("product")
	set(&product, n.member("plan").string("product"))
	set(&product, n.member("pricing").member("price_details").string("product"))
	m := lineText.FindStringSubmatch(n.string("description"))
	if m == nil || product == "" {
		return
	}
	text := func(name, value string) node {
		if value == "" {
			return node{kind: nullKind, name: name, text: "null"}
		}
		return node{kind: stringKind, name: name, text: value}
	}
	s.named[product] = &node{kind: objectKind, kids: []node{text("id", product), text("object", "product"), text("name", m[2]), text("unit_label", m[1])}}
}

// Object implements History.
func (s *stripeHistory) Object(id string) *node {
	if n := s.objects[id]; n != nil {
		return n
	}
	return s.named[id]
}

// Settings implements History.
func (s *stripeHistory) Settings() json.RawMessage {
	type object = map[string]any
	settings, dashboard := object{}, object{}
	account := object{"object": "own_account", "settings": settings, "dashboard": dashboard}
	if s.country != "" {
		account["country"] = s.country
	}
	if s.name != "" {
		settings["dashboard"] = object{"display_name": s.name}
	}
	if s.descriptor != "" {
		settings["payments"] = object{"statement_descriptor": s.descriptor}
	}
	if s.prefix != "" {
		settings["card_payments"] = object{"statement_descriptor_prefix": s.prefix}
	}
	if len(s.delays) > 0 { // holidays make some of them longer
		settings["payouts"] = object{"schedule": object{"delay_days": usual(s.delays)}}
	}
	if s.payments != nil {
		dashboard["payment_methods"] = s.payments
	}
	if s.invoices != nil {
		dashboard["invoice_payment_methods"] = s.invoices
	}
	if fees, ok := feesOf(s.fees); ok {
		dashboard["fees"] = fees
	}
	if s.returned != nil {
		dashboard["refunds_return_fees"] = *s.returned
	}
	if s.application != nil {
		shown := object{}
		for _, name := range []string{"icon", "logo", "name", "url"} {
			if m := s.application.member("application_" + name); m != nil && m.kind == stringKind {
				shown[name] = m.text
			}
		}
		dashboard["application"] = shown
	}
	if len(account) == 3 && len(settings)+len(dashboard) == 0 {
		return nil
	}
	b, err := json.Marshal(account)
	if err != nil {
		return nil // texts and numbers marshal
	}
	return b
}

// usual returns the most frequent of some numbers, the latest of several.
func usual(list []int) int {
	count, best := map[int]int{}, 0
	for _, n := range list {
		if count[n]++; count[n] >= count[best] {
			best = n
		}
	}
	return best
}
