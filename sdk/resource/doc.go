// Package resource makes the plain part of a mirror out of a vendor's OpenAPI
// description. mirra-gen turns the description into tables of operations and
// shapes; this package builds, changes and filters documents by them. What a
// description cannot say (how ids look, what a member is when nobody set it,
// what an operation causes) the plugin says beside the tables.
package resource
