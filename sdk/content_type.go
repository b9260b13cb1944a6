package sdk

import "strings"

// contentTypes are by a file's extension; those that applications send most.
var contentTypes = map[string]string{
	"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "svg": "image/svg+xml",
	"bmp": "image/bmp", "tiff": "image/tiff", "mp3": "audio/mpeg", "ogg": "audio/ogg", "wav": "audio/wav", "mp4": "video/mp4", "mov": "video/quicktime",
	"txt": "text/plain", "html": "text/html", "csv": "text/csv", "ics": "text/calendar", "vcf": "text/vcard",
	"json": "application/json", "xml": "application/xml", "zip": "application/zip", "doc": "application/msword",
	"docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// ContentTypeOf is the content type of a file by its name's extension, other if that
// says nothing.
func ContentTypeOf(name, other string) string {
	if t := contentTypes[strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])]; t != "" {
		return t
	}
	return other
}
