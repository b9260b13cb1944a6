package main

import "io/fs"

// otherOwner returns "": the folders of a user are that user's.
func otherOwner(fs.FileInfo) string { return "" }

// withoutOthers returns "": modes say nothing here.
func withoutOthers(fs.FileInfo) string { return "" }

// withoutPrivilege tells whether sudo is asked for a password; there is none.
func withoutPrivilege() bool { return false }
