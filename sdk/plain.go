package sdk

import "strings"

// Plain replaces the vendor's own URLs in JSON text by the base the application
// reaches this mirror by. The host does that for answers; what a plugin signs,
// as the body of a delivery, it has to finish itself. A host other than the
// default one has its id in front of the path.
func (c *Call) Plain(json string) string {
	i := strings.Index(json, urlToken)
	if i < 0 {
		return json
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(json, urlToken) {
		b.WriteString(json[:i])
		json = json[i+len(urlToken):]
		n := strings.IndexAny(json, "/\"")
		if n < 0 {
			n = len(json)
		}
		b.WriteString(c.BaseURL)
		if hosts := c.plugin.Manifest.Hosts; len(hosts) > 0 && json[:n] != hosts[0].ID {
			b.WriteString("/" + json[:n])
		}
		json = json[n:]
	}
	b.WriteString(json)
	return b.String()
}
