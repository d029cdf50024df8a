package javascript_test

const (
	plusJoins   = "`+` is JavaScript's: a text or a container on one side makes it join texts"
	textKeys    = "dicts are plain objects: their keys are texts"
	argsDropped = "JavaScript drops arguments that a function has no parameters for"
	hoisted     = "JavaScript knows a function before its declaration"
)

// differences are the programs among the tests that print something else in
// JavaScript, each with the reason. One that vanished fails its test.
var differences = map[string]string{
	"print(['1' + 2])":                              plusJoins,
	"print(['a' + 'b'])":                            plusJoins,
	"print([[] + 1])":                               plusJoins,
	"print([[5] + 1])":                              plusJoins,
	"print(['0x10' + 0])":                           plusJoins,
	"print([{1: 'x'}['1']])":                        textKeys,
	"print([{1: 2, null: 3}])":                      textKeys,
	"fn f(a) { return a } print(f(1, 2))":           argsDropped,
	"fn f() { return g() } fn g() { return 1 } f()": hoisted,
	"script queries":                                "queries print as the objects they are",
	"script data":                                   textKeys,
	"let n := 0 fn f() { n := n + 1 return true } print(true or f(), n)": "`or` stops at the first operand that decides",
	"let j := arrayStringConcat print(j([1, 2]))":                        "an absent argument of a library function is not filled with null",
	"print('b' =~ 'a(?i)B')":                                             "JavaScript has no flags in the middle of a regular expression",
}
