package phone_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk/phone"
)

// TestNumbers looks at what is a phone number, and in which form.
func TestNumbers(t *testing.T) {
	for s, want := range map[string]string{
		"+14155552671": "+14155552671 US (415) 555-2671", "+1 415-555-2671": "+14155552671 US (415) 555-2671", "+": "NOT_A_NUMBER", "4155552671": "+14155552671 US (415) 555-2671", "(415) 555-2671": "+14155552671 US (415) 555-2671", "1-415-555-2671": "+14155552671 US (415) 555-2671",
		"+14165550123": "+14165550123 CA (416) 555-0123", "+447772000001": "+447772000001 GB 07772 000001", "+442079460958": "+442079460958 GB 020 7946 0958",
		"+33612345678": "+33612345678 FR 06 12 34 56 78", "+4915112345678": "+4915112345678 DE 015112345678",
		"": "NOT_A_NUMBER", "hello": "NOT_A_NUMBER", "+1415": "TOO_SHORT", "+141555526711": "TOO_LONG", "+999123": "INVALID_COUNTRY_CODE", "+11555552671": "INVALID_BUT_POSSIBLE", "+14151552671": "INVALID_BUT_POSSIBLE",
	} {
		p, why := phone.Parse(s, "")
		got := string(why)
		if why == "" {
			got = p.E164 + " " + p.ISO() + " " + p.Format()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

// TestLongSegments: what takes two places is not split between parts.
func TestLongSegments(t *testing.T) {
	for body, want := range map[string]int{
		strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152): 3, // 152 + 2 would be 154
		strings.Repeat("a", 151) + "€" + strings.Repeat("a", 153): 2,
		strings.Repeat("ж", 66) + "👍" + strings.Repeat("ж", 66):   3,
		"": 1, "`": 1, strings.Repeat("`", 71): 2,
		strings.Repeat("a", 160): 1, strings.Repeat("a", 159) + "\n\r": 2, strings.Repeat("a", 306): 2, strings.Repeat("a", 307): 3, strings.Repeat("a", 159) + "~": 2,
	} {
		if got := phone.Segments(body); got != want {
			t.Errorf("%d runes: %d segments, want %d", len([]rune(body)), got, want)
		}
	}
}

// TestRegions: each area code is of one region, by which it is Canadian or not.
func TestRegions(t *testing.T) {
	seen := map[string]bool{}
	for _, region := range []string{"CA", "NY", "TX", "ON", "QC", "DC"} {
		areas := phone.Areas(region)
		if len(areas) == 0 {
			t.Errorf("%s has no area codes", region)
		}
		for _, area := range areas {
			if seen[area] || phone.Region(area) != region || phone.IsCanadian(area) != slices.Contains([]string{"ON", "QC"}, region) {
				t.Errorf("%s of %s is of %s, Canadian %v", area, region, phone.Region(area), phone.IsCanadian(area))
			}
			seen[area] = true
		}
	}
	if got := phone.Region("555"); got != "" {
		t.Errorf("555 is in %s", got)
	}
}

// TestCountries: no calling code begins with another's, or numbers would be read as
// of the first.
func TestCountries(t *testing.T) {
	for _, a := range phone.Countries() {
		if got := phone.ByISO(a.ISO); got == nil || got.Name != a.Name || a.Least < 4 || a.Most < a.Least || len(a.Code)+a.Most > 15 {
			t.Errorf("%+v is found as %+v", a, got)
		}
		for _, b := range phone.Countries() {
			if a.Code != b.Code && strings.HasPrefix(b.Code, a.Code) {
				t.Errorf("%s begins with %s", b.Code, a.Code)
			}
		}
	}
}
