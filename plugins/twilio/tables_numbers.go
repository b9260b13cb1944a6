package main

// What test credentials answer for magic numbers [D
// twilio.com/docs/iam/test-credentials, 2026-11]. 0 is success.
const magic = "+1500555000"

// testOperations are what test credentials reach.
const testOperations = " CreateMessage CreateCall CreateIncomingPhoneNumber CreateIncomingPhoneNumberLocal CreateIncomingPhoneNumberTollFree CreateIncomingPhoneNumberMobile "

var (
	magicSenders    = map[string]int{magic + "1": 21212, magic + "6": 0, magic + "7": 21606, magic + "8": 21611}
	magicRecipients = map[string]int{magic + "1": 21211, magic + "2": 21612, magic + "3": 21408, magic + "4": 21610, magic + "9": 21614}
	magicCallees    = map[string]int{magic + "1": 21217, magic + "2": 21214, magic + "3": 21215, magic + "4": 21216}
	magicNumbers    = map[string]int{magic + "0": 21422, magic + "1": 21421, magic + "6": 0}
)

// areas are where the numbers of some area codes are, at the middle of the city
// each is known for: LATA [D en.wikipedia.org/wiki/Local_access_and_transport_area],
// rate centre [R 415 and 619; the others believed], coordinates [D US Census
// Gazetteer; naturalresources.canada.ca], city, state and one of its ZIP codes [D
// tools.usps.com], all 2026-11.
var areas = map[string]area{
	"201": {"224", "JERSEYCITY", "40.728200", "-74.077600", "Jersey City", "NJ", "07302"},
	"202": {"236", "WSHNGTNZN1", "38.907200", "-77.036900", "Washington", "DC", "20001"},
	"206": {"674", "SEATTLE", "47.606200", "-122.332100", "Seattle", "WA", "98101"},
	"210": {"566", "SANANTONIO", "29.424100", "-98.493600", "San Antonio", "TX", "78205"},
	"212": {"132", "NWYRCYZN01", "40.712800", "-74.006000", "New York", "NY", "10001"},
	"213": {"730", "LSAN DA 01", "34.052200", "-118.243700", "Los Angeles", "CA", "90012"},
	"214": {"552", "DALLAS", "32.776700", "-96.797000", "Dallas", "TX", "75201"},
	"215": {"228", "PHILA", "39.952600", "-75.165200", "Philadelphia", "PA", "19103"},
	"216": {"320", "CLEVELAND", "41.499300", "-81.694400", "Cleveland", "OH", "44113"},
	"303": {"656", "DENVER", "39.739200", "-104.990300", "Denver", "CO", "80202"},
	"305": {"460", "MIAMI", "25.761700", "-80.191800", "Miami", "FL", "33130"},
	"312": {"358", "CHICAGO", "41.850000", "-87.650000", "Chicago", "IL", "60601"},
	"313": {"340", "DETROIT", "42.331400", "-83.045800", "Detroit", "MI", "48226"},
	"314": {"520", "ST LOUIS", "38.627000", "-90.199400", "St. Louis", "MO", "63101"},
	"317": {"336", "INDIANAPLS", "39.768400", "-86.158100", "Indianapolis", "IN", "46204"},
	"323": {"730", "LSAN DA 01", "34.052200", "-118.243700", "Los Angeles", "CA", "90012"},
	"404": {"438", "ATLANTA", "33.749000", "-84.388000", "Atlanta", "GA", "30303"},
	"407": {"458", "ORLANDO", "28.538300", "-81.379200", "Orlando", "FL", "32801"},
	"408": {"722", "SNJS WEST", "37.338200", "-121.886300", "San Jose", "CA", "95113"},
	"410": {"238", "BALTIMORE", "39.290400", "-76.612200", "Baltimore", "MD", "21202"},
	"412": {"234", "PITTSBURGH", "40.440600", "-79.995900", "Pittsburgh", "PA", "15222"},
	"414": {"356", "MILWAUKEE", "43.038900", "-87.906500", "Milwaukee", "WI", "53202"},
	"415": {"722", "SNFC CNTRL", "37.774900", "-122.419400", "San Francisco", "CA", "94102"},
	"416": {"888", "TORONTO", "43.653200", "-79.383200", "Toronto", "ON", ""},
	"469": {"552", "DALLAS", "32.776700", "-96.797000", "Dallas", "TX", "75201"},
	"502": {"462", "LOUISVILLE", "38.252700", "-85.758500", "Louisville", "KY", "40202"},
	"503": {"672", "PORTLAND", "45.515200", "-122.678400", "Portland", "OR", "97204"},
	"504": {"490", "NEWORLEANS", "29.951100", "-90.071500", "New Orleans", "LA", "70112"},
	"505": {"664", "ALBUQUERQU", "35.084400", "-106.650400", "Albuquerque", "NM", "87102"},
	"510": {"722", "OAKLAND", "37.804400", "-122.270800", "Oakland", "CA", "94612"},
	"512": {"558", "AUSTIN", "30.267200", "-97.743100", "Austin", "TX", "78701"},
	"513": {"922", "CINCINNATI", "39.103100", "-84.512000", "Cincinnati", "OH", "45202"},
	"514": {"888", "MONTREAL", "45.501700", "-73.567300", "Montreal", "QC", ""},
	"602": {"666", "PHOENIX", "33.448400", "-112.074000", "Phoenix", "AZ", "85004"},
	"604": {"888", "VANCOUVER", "49.282700", "-123.120700", "Vancouver", "BC", ""},
	"612": {"628", "TWINCITIES", "44.977800", "-93.265000", "Minneapolis", "MN", "55401"},
	"614": {"324", "COLUMBUS", "39.961200", "-82.998800", "Columbus", "OH", "43215"},
	"615": {"470", "NASHVILLE", "36.162700", "-86.781600", "Nashville", "TN", "37203"},
	"617": {"128", "BOSTON", "42.360100", "-71.058900", "Boston", "MA", "02108"},
	"619": {"732", "SNDG SNDG", "32.715300", "-117.157300", "San Diego", "CA", "92101"},
	"628": {"722", "SNFC CNTRL", "37.774900", "-122.419400", "San Francisco", "CA", "94102"},
	"646": {"132", "NWYRCYZN01", "40.712800", "-74.006000", "New York", "NY", "10001"},
	"702": {"721", "LAS VEGAS", "36.169900", "-115.139800", "Las Vegas", "NV", "89101"},
	"704": {"422", "CHARLOTTE", "35.227100", "-80.843100", "Charlotte", "NC", "28202"},
	"713": {"560", "HOUSTON", "29.760400", "-95.369800", "Houston", "TX", "77002"},
	"720": {"656", "DENVER", "39.739200", "-104.990300", "Denver", "CO", "80202"},
	"773": {"358", "CHICAGO", "41.850000", "-87.650000", "Chicago", "IL", "60601"},
	"801": {"660", "SALT LAKE", "40.760800", "-111.891000", "Salt Lake City", "UT", "84101"},
	"808": {"834", "HONOLULU", "21.306900", "-157.858300", "Honolulu", "HI", "96813"},
	"813": {"952", "TAMPA", "27.950600", "-82.457200", "Tampa", "FL", "33602"},
	"816": {"524", "KANSASCITY", "39.099700", "-94.578600", "Kansas City", "MO", "64106"},
	"901": {"468", "MEMPHIS", "35.149500", "-90.049000", "Memphis", "TN", "38103"},
	"907": {"832", "ANCHORAGE", "61.218100", "-149.900300", "Anchorage", "AK", "99501"},
	"916": {"726", "SCRM MAIN", "38.581600", "-121.494400", "Sacramento", "CA", "95814"},
	"919": {"426", "RALEIGH", "35.779600", "-78.638200", "Raleigh", "NC", "27601"},
}
