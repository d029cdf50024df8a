// Package fields reads declared members out of JSON objects the way PostHog's
// API does (REST API specification 1.2): a declared string takes a number, a
// declared integer takes "3" or 3.0, a declared boolean takes "yes"; whatever
// cannot be read becomes a Fault with PostHog's code and sentence.
//
// A value is kept as raw JSON until someone declares what it should be, so
// that free-form values come out again byte for byte: key order, number
// spelling and all. Members of an object keep their order; of two members with
// one name the later one counts, at the place of the first.
//
// What a reader asks for is also its description: Describe runs it on nothing
// and notes the shape of each member.
package fields
