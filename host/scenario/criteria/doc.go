// Package criteria binds deterministic criteria, sentences such as "exactly one
// customer was created", to what mirrors have, and says how each is understood.
// It looks nothing up: whoever holds state, trace, webhooks and application
// evaluates a Query. Scenarios, Go and Node share it.
//
// The grammar, in EBNF; words are read in any letter case, and marks that end a
// sentence, parentheses and asterisks are passed over:
//
//	criterion  = counted | property | delivery | order | signature | request | retry | look ;
//
//	counted    = ( "there" be quantity | quantity | article ) noun { filter } verb [ frequency ] { filter } [ frequency ] ;
//	             (* behind "there is" the verb may be missing, or a participle *)
//	verb       = "exists" | "remains" | "does not exist" | be [ "not" | "never" ] participle ;
//	participle = "created" | "made" | "sent" | "issued" | "added" | "opened" | "registered" | "placed"
//	           | "updated" | "changed" | "modified" | "edited" | "deleted" | "removed" | "left" ;
//
//	property   = [ article | each ] noun "'s" path comparison
//	           | [ "the" ] path "of" [ article | each ] noun { filter } comparison
//	           | ( quantity | article | each ) noun { filter } ( "has" | "have" | "had" ) condition ;
//
//	delivery   = [ quantity | article | each ] webhook became [ frequency ] [ "with" status ] [ within ] [ frequency ]
//	           | application [ "did not" | "never" ] took [ quantity | article | each ] webhook [ "with" status ] [ within ] [ frequency ] ;
//	webhook    = [ mirror ] ( "webhook" | "event" | "delivery" ) [ events ] [ "from" mirror ] | [ mirror ] events [ "webhook" | "event" ] ;
//	events     = event { ( "," | "and" | "then" ) event } ;
//	became     = "failed" | "succeeded" | "arrived" | "did not arrive"
//	           | be [ "not" | "never" ] ( "received" | "answered" | "sent" | "emitted" | "fired" | "triggered" | "retried"
//	           | "delivered" | "accepted" | "acknowledged" | "handled" | "rejected" | "refused" ) ;
//	took       = "received" | "answered" | "accepted" | "acknowledged" | "handled" | "rejected" | "refused" ;
//	order      = [ "the" ] webhook became ( "in order" | "in this order" | "in that order" )
//	           | [ "the" ] webhook became ( "before" | "after" ) event ;
//	signature  = [ "the" ] [ mirror ] "webhook" "signature" be checked
//	           | [ "the" ] "signature" "of" [ "the" | each ] webhook be checked
//	           | application checks [ "the" ] [ mirror ] "webhook" "signatures" ;
//	checked    = "verified" | "checked" | "validated" ;
//
//	request    = operation asked [ frequency ] | mirror asked [ frequency ]
//	           | [ quantity | article | each ] [ mirror ] ( "request" | "call" ) [ "to" target ] ( asked [ "to" target ] [ frequency ] | "had" header )
//	           | application [ "did not" | "never" ] "called" target [ frequency ] ;
//	asked      = "failed" | "succeeded" | ( "returned" | "answered" ) status
//	           | be [ "not" | "never" ] ( "called" | "made" | "sent" | "requested" | "used" | "successful" | "answered with" status ) ;
//	header     = [ "a" | "an" | "the" | "no" ] ( path "header" | "header" path ) [ comparison | "of" value ] ;
//	retry      = [ "the" | "all" ] "retries" ( "to" | "of" ) target "backed off" | application "backed off" [ "from" ] target ;
//	target     = operation | [ "the" ] mirror [ "api" ] ;
//	operation  = [ mirror ] ( METHOD "/" … | "`" METHOD " /" … "`" | "`" operation id "`" ) ;
//
//	look       = application ( "shows" | "showed" | "displays" | "reports" ) path comparison [ within ] ;
//	application = [ "the" ] ( "application" | "app" ) ;
//
//	filter     = ( "with" | "having" | "whose" | "where" | "that has" ) condition { ( "," | "and" ) condition }
//	           | "without" [ "a" ] path | ( "to" | "from" ) value | "of" number [ currency ]
//	           | "for" [ "the" ] path value | ( "in" | "at" | "by" | "on" ) mirror ;
//	condition  = [ "a" | "an" | "the" | "its" ] path ( comparison | [ "of" ] value ) | ( "a" | "an" | "no" ) path ;
//	comparison = sign value | be [ "not" ] ( [ sign | "equal to" | "set to" ] value | "set" | "present" | "empty" | "missing" | "one of" values )
//	           | [ be [ "not" ] ] ( "greater than" | "more than" | "less than" | "at least" | "at most" ) number
//	           | [ be ] "between" number "and" number
//	           | ( "contains" | "does not contain" | "starts with" | "ends with" | "matches" | "equals" | "does not equal" | "remains" | "became" ) value ;
//	sign       = "=" | "==" | "!=" | "<" | "<=" | ">" | ">=" ;
//	values     = value { [ "," ] [ "or" ] value } ;
//	value      = "`" text "`" | '"' text '"' | "'" text "'" | word ;
//	path       = "`" text "`" | word ;
//
//	quantity   = "no" | "not a single" | [ bound ] whole | "between" whole "and" whole ;
//	frequency  = "never" | [ bound ] ( "once" | "twice" | whole "times" ) | "between" whole "and" whole "times" ;
//	bound      = "exactly" | "only" | "just" | "at least" | "no fewer than" | "at most" | "no more than" | "up to" | "more than" | "fewer than" ;
//	whole      = digits | "zero" | "one" | … | "twelve" ;
//	article    = "the" | "a" | "an" | "any" | "some" ;
//	each       = "every" | "each" | "all" [ "the" ] ;
//	be         = "is" | "are" | "was" | "were" | "has been" | "have been" | "must be" | "should be" ;
//	status     = digit digit digit | digit "xx" ;
//	within     = "within" duration ;
//
// A noun is what a mirror calls its entities, singular or plural, with spaces or
// as written, after the mirror's name or not. What mirrors have twice needs it.
package criteria
