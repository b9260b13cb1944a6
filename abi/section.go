package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A frame is a row of sections: tag u16, flags u16, length u32, bytes, all
// little-endian and without padding.
const sectionHeaderBytes = 8

// Tag names what a section holds.
type Tag uint16

// Tags of request frames (host to guest).
const (
	TagKind       Tag = 0x01 // u16 Kind
	TagMethod     Tag = 0x02 // text
	TagScheme     Tag = 0x03 // text, "http" or "https"
	TagAuthority  Tag = 0x04 // text, as the client sent it
	TagHost       Tag = 0x05 // text, the manifest's id of the vendor host
	TagBaseURL    Tag = 0x06 // text, the base the client came by, no slash at the end
	TagTarget     Tag = 0x07 // text, the raw request target below the mirror
	TagHeaders    Tag = 0x08 // pairs, in wire order
	TagBody       Tag = 0x09 // bytes, the raw body when it is inline
	TagBodyBlob   Tag = 0x0a // u32 blob handle, u64 size
	TagTape       Tag = 0x0b // tape records
	TagParseError Tag = 0x0c // u8 source, u8 reason, u32 offset, text
	TagContext    Tag = 0x0d // see Context
	TagCredential Tag = 0x0e // see Credential
	TagName       Tag = 0x0f // text: timer key, event or fixture to simulate or seed
	TagPayload    Tag = 0x10 // bytes the plugin gave to timer_set or enqueue
	TagDelivery   Tag = 0x11 // see Delivery
	TagResult     Tag = 0x12 // see Result
	TagVersion    Tag = 0x13 // u32 schema version the database has (migrate)
	TagForward    Tag = 0x14 // text, repeated: a URL that gets every event without being registered
)

// Tags of response frames (guest to host) and of enqueue.
const (
	TagStatus    Tag = 0x41 // u16
	TagTrailers  Tag = 0x42 // pairs
	TagLayout    Tag = 0x43 // u8 Layout
	TagScript    Tag = 0x44 // u32 count, then (u64 delay ns, str chunk)
	TagBlobBody  Tag = 0x45 // u32 handle, u64 offset, u64 length
	TagOperation Tag = 0x46 // str operation id, u8 Level
	TagNote      Tag = 0x47 // pair: key, value, for the trace
	TagURL       Tag = 0x48 // text: an attempt's target
	TagTimeout   Tag = 0x49 // u64 ns: how long an attempt may take
	TagRetryAt   Tag = 0x4a // i64 ns of session time: try again then
	TagFinal     Tag = 0x4b // u8 Disposition
	TagEvent     Tag = 0x4c // text: event type of a delivery
	TagLabel     Tag = 0x4d // text: what a delivery goes to, for people
	TagDue       Tag = 0x4e // i64 ns of session time; absent means now
	TagOrder     Tag = 0x4f // text: deliveries of one key go out one after another
	TagFault     Tag = 0x50 // str path, str message: one of several, for seed
	TagPark      Tag = 0x51 // reserved
	TagClose     Tag = 0x52 // reserved
)

// Flags of a section.
type Flags uint16

const (
	// FlagCritical makes a reader that does not know the tag fail instead of
	// skipping the section.
	FlagCritical Flags = 1 << 0
	// FlagOpen marks a frame's last section, whose length field is zero and
	// whose bytes run to the end of the frame. A guest can so start a body and
	// let the host append rows to it.
	FlagOpen Flags = 1 << 1
)

// Tags from GreaseFirst to GreaseLast never get a meaning. Either side sends them
// on purpose in tests, so that readers that choke on what they do not know are
// found before a later version of the ABI has something new to say.
const (
	GreaseFirst Tag = 0x7f00
	GreaseLast  Tag = 0x7fff
)

// AppendGrease appends a section that no reader knows. n varies its tag, its
// length (0 to 15 bytes) and a flag that has no meaning yet.
func AppendGrease(b []byte, n uint32) []byte {
	size := int(n>>8) % 16
	b = appendHeader(b, GreaseFirst|Tag(n&0xff), Flags(n>>12&1)<<15, size)
	return append(b, "grease is skipped"[:size]...)
}

// ErrTruncated is wrapped by every decoder of this package that runs out of bytes.
var ErrTruncated = errors.New("truncated")

// UnknownTagError reports a critical section whose tag the reader does not know.
type UnknownTagError struct{ Tag Tag }

func (e *UnknownTagError) Error() string {
	return fmt.Sprintf("critical section with unknown tag %#04x: the other side is newer", uint16(e.Tag))
}

// Section is one section of a frame. Data shares the frame's memory.
type Section struct {
	Tag   Tag
	Flags Flags
	Data  string
}

// NextSection cuts the first section off frame.
// It fails with ErrTruncated when the frame ends inside a section.
func NextSection(frame string) (s Section, rest string, err error) {
	if len(frame) < sectionHeaderBytes {
		return s, "", fmt.Errorf("section header: %w", ErrTruncated)
	}
	s.Tag = Tag(u16(frame))
	s.Flags = Flags(u16(frame[2:]))
	n := u32(frame[4:])
	frame = frame[sectionHeaderBytes:]
	if s.Flags&FlagOpen != 0 {
		if n != 0 {
			return s, "", fmt.Errorf("open section %#04x: length %d is not zero", uint16(s.Tag), n)
		}
		s.Data = frame
		return s, "", nil
	}
	if uint64(n) > uint64(len(frame)) {
		return s, "", fmt.Errorf("section %#04x: %w", uint16(s.Tag), ErrTruncated)
	}
	s.Data = frame[:n]
	return s, frame[n:], nil
}

// unknown answers for a tag that a decoder does not know: an error if the
// sender marked it critical, nil otherwise.
func (s Section) unknown() error {
	if s.Flags&FlagCritical != 0 {
		return &UnknownTagError{s.Tag}
	}
	return nil
}

// AppendSection appends a section with the given bytes.
func AppendSection(b []byte, tag Tag, data string) []byte {
	b = appendHeader(b, tag, 0, len(data))
	return append(b, data...)
}

// AppendOpen appends the header of a frame's last, open-ended section.
func AppendOpen(b []byte, tag Tag) []byte { return appendHeader(b, tag, FlagOpen, 0) }

// BeginSection appends a section header whose length EndSection fills in.
// mark is what EndSection wants.
func BeginSection(b []byte, tag Tag) (out []byte, mark int) {
	return appendHeader(b, tag, 0, 0), len(b)
}

// EndSection completes the section that BeginSection started at mark.
func EndSection(b []byte, mark int) []byte {
	binary.LittleEndian.PutUint32(b[mark+4:], uint32(len(b)-mark-sectionHeaderBytes))
	return b
}

// AppendUint16Section, AppendUint32Section and AppendInt64Section append
// sections that hold one number.
func AppendUint16Section(b []byte, tag Tag, v uint16) []byte {
	return binary.LittleEndian.AppendUint16(appendHeader(b, tag, 0, 2), v)
}

// AppendUint32Section appends a section that holds one u32.
func AppendUint32Section(b []byte, tag Tag, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(appendHeader(b, tag, 0, 4), v)
}

// AppendInt64Section appends a section that holds one i64.
func AppendInt64Section(b []byte, tag Tag, v int64) []byte {
	return binary.LittleEndian.AppendUint64(appendHeader(b, tag, 0, 8), uint64(v))
}

// AppendByteSection appends a section that holds one byte.
func AppendByteSection(b []byte, tag Tag, v byte) []byte {
	return append(appendHeader(b, tag, 0, 1), v)
}

func appendHeader(b []byte, tag Tag, flags Flags, n int) []byte {
	return append(b, byte(tag), byte(tag>>8), byte(flags), byte(flags>>8),
		byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

// AppendString appends a str: u32 length, bytes.
func AppendString(b []byte, s string) []byte {
	n := len(s)
	b = append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	return append(b, s...)
}

func u16(s string) uint16 { _ = s[1]; return uint16(s[0]) | uint16(s[1])<<8 }

func u32(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func u64(s string) uint64 { _ = s[7]; return uint64(u32(s)) | uint64(u32(s[4:]))<<32 }

// cursor reads fixed-width fields and strs from a section. After the first
// short read it stays empty and bad.
type cursor struct {
	s   string
	bad bool
}

func (c *cursor) take(n int) string {
	if c.bad || n > len(c.s) {
		c.bad, c.s = true, ""
		return "\x00\x00\x00\x00\x00\x00\x00\x00"[:min(n, 8)]
	}
	v := c.s[:n]
	c.s = c.s[n:]
	return v
}

func (c *cursor) u8() byte    { return c.take(1)[0] }
func (c *cursor) u16() uint16 { return u16(c.take(2)) }
func (c *cursor) u32() uint32 { return u32(c.take(4)) }
func (c *cursor) u64() uint64 { return u64(c.take(8)) }

func (c *cursor) str() string {
	v, rest, ok := cutString(c.s)
	if !ok {
		c.bad, c.s = true, ""
		return ""
	}
	c.s = rest
	return v
}

func (c *cursor) err(what string) error {
	if c.bad {
		return fmt.Errorf("%s: %w", what, ErrTruncated)
	}
	return nil
}

// rest takes what is left.
func (c *cursor) rest() string {
	s := c.s
	c.s = ""
	return s
}

func tagName(t Tag) string { return fmt.Sprintf("%#04x", uint16(t)) }

// fault is err for a section; the text is only made when there is a fault,
// because decoders run for every call of a guest.
func (c *cursor) fault(t Tag) error {
	if c.bad {
		return fmt.Errorf("section %s: %w", tagName(t), ErrTruncated)
	}
	return nil
}
