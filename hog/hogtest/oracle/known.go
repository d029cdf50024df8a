package oracle

import (
	"regexp"
	"strings"
)

// Difference is a difference that is meant.
type Difference struct {
	Kind Kind
	Name string
	// Why tells what each side does, and the reason.
	Why string
	// Match tells whether a case whose answers differ differs by this.
	Match func(c Case) bool
}

// Known are all differences that are meant.
var Known = []Difference{
	{Trees, "word as a name", "PostHog's parser backs out of an operator or statement that cannot go on and takes its word for a name (`a and` is the two names a and and). " +
		"Here that is a fault with its place: it is always a slip of the pen.",
		func(c Case) bool { return c.Ours == Refused && wordAsName.MatchString(c.Theirs) }},
	{Trees, "clause of SQL", "sample, qualify, array join with aliases and the like are part of queries only; the specification lets Hogpen take a subset of them.",
		func(c Case) bool { return c.Ours == Refused && clauseOfSQL.MatchString(c.Theirs) }},
	{Trees, "declaration as a body", "The specification's grammar (2.1) takes any statement as the body of an if or a loop; PostHog's parser takes all but `let`, and reads `if (a) let b` as a call and a declaration.",
		func(c Case) bool {
			return bareLet.MatchString(c.Source) && (c.Theirs == Refused || strings.Contains(c.Theirs, `name:"if"}`) || strings.Contains(c.Theirs, `Field{chain:["else"]}} VariableDeclaration`))
		}},
	{Trees, "query as an argument", "`f(select (a), …)` with a parenthesis after select is a call for Hogpen, and a query for PostHog's parser if what follows fits nothing else.",
		func(c Case) bool {
			return c.Ours == Refused && selectParen.MatchString(c.Source) && strings.Contains(c.Theirs, "SelectQuery")
		}},
	{Trees, "index without an expression", "PostHog's parser reads `a []` as two statements; here it is an index that lacks its expression.",
		func(c Case) bool { return c.Ours == Refused && emptyIndex.MatchString(c.Source) }},
	{Trees, "unit of an interval", "PostHog's parser takes any expression between `interval` and its unit; Hogpen one operand, so that a variable may be called interval.",
		func(c Case) bool {
			return longInterval.MatchString(c.Source) && strings.Contains(c.Theirs, `name:"toInterval`)
		}},
	{Trees, "star from a subquery", "As an argument `select * from (…)` is a multiplication for PostHog's parser: a variable select times a call of from. Hogpen reads the query.",
		func(c Case) bool {
			return strings.Contains(c.Theirs, `ArithmeticOperation{left:Field{chain:["select"]} op:"*" right:Call{args:`)
		}},
	{Programs, "null is empty", "The published machine is of level R1, where keys, values, length, upper and the like of null, and so for loops and callbacks, fall over; Hogpen follows R2 (specification 0), where null is empty.",
		nullIsEmpty},
	{Calls, "null is empty", "As for programs.", nullIsEmpty},
	{Programs, "date of no number", "toDate of what is no number falls over a fault of the date library in PostHog's machine; here it gives the date that has no number.",
		dateOfNoNumber},
	{Calls, "date of no number", "As for programs.", dateOfNoNumber},
	{Programs, "date of a date", "toDate of a date gives a date of NaN in PostHog's machine; here the same date.",
		func(c Case) bool {
			return strings.ReplaceAll(c.Ours, "Date(2024, 2, 29)", "") == strings.NewReplacer("Date(2024, 2, 29)", "", "Date(NaN, NaN, NaN)", "").Replace(c.Theirs)
		}},
	{Programs, "fault of JavaScript", "Where PostHog's machine falls over a fault of JavaScript itself (`x.split is not a function`), Hogpen stops with a text about Hog.",
		accident},
	{Calls, "fault of JavaScript", "As for programs.", accident},
	{Calls, "encoding of a hash", "With an encoding that does not exist, null among them, PostHog's functions return the bytes as an object of JavaScript; here null is the usual one, and others are an error that names the encoding.",
		func(c Case) bool { return hashCall.MatchString(c.Source) && strings.HasPrefix(c.Theirs, "= {") }},
	{Calls, "chain of hashes", "PostHog's HMAC chains take the characters of a text for an array, and fall over numbers; here an array is wanted, and numbers are texts.",
		func(c Case) bool {
			return chainCall.MatchString(c.Source) && (strings.Contains(c.Ours, " expects an array, got ") || strings.Contains(c.Theirs, `! TypeError: The "`) || strings.HasPrefix(c.Theirs, "= {"))
		}},
	{Calls, "date of something else", "What is no date makes PostHog's date functions start from the current time, or fall over; here it is an error, or the number that is none (specification 7.1, Q16).",
		func(c Case) bool {
			return dateCall.MatchString(c.Source) && (strings.HasSuffix(c.Ours, "! Error: Expected a Date or DateTime") || strings.HasSuffix(c.Ours, "! HogVMException: Expected a Date or DateTime") || c.Ours == "= NaN")
		}},
	{Calls, "fault of JavaScript while printing", "An error whose message is no text makes PostHog's print fall over; here it is printed.",
		func(c Case) bool { return strings.Contains(c.Theirs, "! TypeError: value.split is not a function") }},
	{Calls, "text is wanted", "PostHog's trim and base64 functions take what is no text as JavaScript happens to take it, with an empty answer mostly; here it is an error that names the function.",
		func(c Case) bool {
			return textCall.MatchString(c.Source) && (strings.Contains(c.Ours, " expects a string, got ") || strings.HasPrefix(c.Source, "return try") && c.Ours == "= ''")
		}},
	{Calls, "letters of base64", "For Node a letter beyond Latin-1 is the digit of its last eight bits; here it is no digit and passed over.",
		func(c Case) bool { return base64Call.MatchString(c.Source) }},
	{Calls, "text of a dict as an object", "The text of a dict is [object Map] to PostHog's machine and [object Object] by the specification (5.7).",
		func(c Case) bool { return c.Theirs == "= '[object Map]'" && c.Ours == "= '[object Object]'" }},
	{Calls, "inside of a value", "To PostHog's functions on objects a closure, a date and an error are objects with keys of the machine's own; here they have none.",
		func(c Case) bool { return insideCall.MatchString(c.Source) && insideValue.MatchString(c.Source) }},
	{Calls, "text of a dict", "JSON.stringify shows a Map as {}, so PostHog's texts of faults do; here the dict is shown.",
		func(c Case) bool {
			return strings.HasPrefix(c.Source, "return jsonStringify(Error(") && strings.Contains(c.Theirs, `"payload":{}`) ||
				strings.HasPrefix(c.Ours, "! HogVMException: Invalid closure: ") && strings.HasPrefix(c.Theirs, "! HogVMException: Invalid closure: ")
		}},
	{Calls, "number of no number", "PostHog keeps what should be a number as it came, and prints it inside of the date or list; here it is made one first.",
		func(c Case) bool { return numberCall.MatchString(c.Source) && !plainNumbers.MatchString(c.Source) }},
	{Calls, "key of no name", "A key that is neither text nor index names a property of JavaScript for PostHog's JSONHas; here there is none.",
		func(c Case) bool { return strings.HasPrefix(c.Source, "return JSONHas(") && c.Ours == "= false" }},
	{Calls, "date of a date", "toDate of a date gives a date of NaN in PostHog's machine; here the same date.",
		func(c Case) bool { return strings.HasPrefix(c.Source, "return toDate(toDate") }},
	{Calls, "date that is none", "A number of days that is none falls over a fault of the date library in PostHog's machine; here it gives a date of NaN.",
		func(c Case) bool { return strings.HasPrefix(c.Theirs, "! InvalidArgumentError: Invalid unit value") }},
	{Calls, "letters of a format", "PostHog hands the letters of a format on to its date library, which reads quotes and some letters itself; here they stand for themselves.",
		func(c Case) bool {
			return strings.HasPrefix(c.Source, "return formatDateTime(") && !plainFormat.MatchString(c.Source)
		}},
	{Calls, "empty search", "Replacing an empty text puts the new one between the halves of a character of two units in PostHog's machine, and between characters here.",
		func(c Case) bool {
			return strings.HasPrefix(c.Source, "return replaceAll(") && emptySearch.MatchString(c.Source)
		}},
	{Calls, "half a character", "JSON text escapes half of a surrogate pair in PostHog's machine; here it is U+FFFD, as everywhere else.",
		func(c Case) bool { return halfCall.MatchString(c.Source) }},
	{Calls, "type of an error", "HogError takes any type in PostHog's machine, and prints the text of it; here what is no text, or empty, is Error.",
		func(c Case) bool { return strings.HasPrefix(c.Source, "return HogError(") }},
	{Calls, "characters to trim", "Of what is no text PostHog's trim functions make odd sets of characters; here its first character, or a space, is trimmed.",
		func(c Case) bool { return trimCall.MatchString(c.Source) }},
	{Programs, "hole in an array", "Assigning beyond the end of an array leaves holes in PostHog's machine, which print as nothing; here they are null (specification 7.1, Q19).",
		func(c Case) bool { return hole.MatchString(c.Theirs) }},
	{Programs, "cell of a closure", "PostHog's machine finds a closed upvalue again by its place on the stack, so that closures of later rounds share the first one's variable; here each has its own (specification 7.1, Q4).",
		func(c Case) bool { return captures(c.Source) }},
	{Programs, "text of a query", "PostHog's machine cannot print some nodes of sql(…), such as a tuple's element, and leaves out unions and common tables; here all are printed.",
		func(c Case) bool {
			return queryText.MatchString(c.Source) && strings.HasSuffix(c.Theirs, "! Error: Unknown AST node type: TupleAccess")
		}},
	{Programs, "inside of a value", "To PostHog's machine a closure is an object with keys of the machine's own, in loops and callbacks too; here it has none.",
		func(c Case) bool {
			return insideProgram.MatchString(c.Source) || strings.Contains(c.Theirs, "'__hogClosure__'")
		}},
	{Trees, "star as an operand", "PostHog's parser takes `*` for a column wherever an operand is wanted; here only where nothing but the end of the expression follows.",
		func(c Case) bool { return c.Ours == Refused && starOperand.MatchString(c.Source) }},
}

var (
	wordAsName   = regexp.MustCompile(`(?i)chain:\["(and|or|not|between|case|when|then|else|end|return|throw|is|in|like|ilike|as|let|if|select|from|where|interval)"|Call\{args:.* name:"(in|is|not|and|or|when|then|case|select|from)"`)
	clauseOfSQL  = regexp.MustCompile(`SampleExpr|qualify:|window_exprs:|with_fill:|group_by_mode:`)
	selectParen  = regexp.MustCompile(`\(select \(`)
	bareLet      = regexp.MustCompile(`(\)|else)\s*let `)
	emptyIndex   = regexp.MustCompile(`[\w\x60"')\]}]\s*\[\s*\]`)
	longInterval = regexp.MustCompile(`interval [^;]* (second|minute|hour|day|week|month|quarter|year)s?\b`)
	starOperand  = regexp.MustCompile(`(^|[-(+,=:&|>]|\b(return|throw|in|and|or|not|then|else|when))\s*\*\s*[^\s),;\]}]`)
)

var (
	base64Call = regexp.MustCompile(`^return (tryB|b)ase64Decode\('[^']*[^\x00-\x7f]`)
	// plainFormat and plainNumbers are calls that nothing excuses.
	plainFormat  = regexp.MustCompile(`^return formatDateTime\((\d+|'[^']*'|toDate(Time)?\([^)]*\)), '(%[A-Za-z]|[- :])*'(, '(UTC|Europe/Berlin|America/New_York|Asia/Kolkata)')?\)$`)
	plainNumbers = regexp.MustCompile(`^return \w+\((-?[\d.]+(, )?)*\)$`)
	emptySearch  = regexp.MustCompile(`'\\0'|, '', `)
	halfCall     = regexp.MustCompile(`^return (jsonStringify|tryDecodeURLComponent)\(reverse\(`)
	textCall     = regexp.MustCompile(`^return (trim|trimLeft|trimRight|base64Encode|base64Decode|tryBase64Decode)\(`)
	insideCall   = regexp.MustCompile(`^return (keys|values|JSON\w+|array\w+)\(`)
	insideValue  = regexp.MustCompile(`-> x\)|Error\(|toDate`)
	numberCall   = regexp.MustCompile(`^return (fromUnixTimestamp|fromUnixTimestampMilli|range)\(`)
	trimCall     = regexp.MustCompile(`^return trim\w*\(('[^']*'|null), [^']`)
	hashCall     = regexp.MustCompile(`^return (md5|sha1|sha256)\(`)
	chainCall    = regexp.MustCompile(`^return sha(1|256)HmacChain(Hex)?\(`)
	dateCall     = regexp.MustCompile(`^return (to[A-Z]\w*|addDays|date\w+|extract|formatDateTime)\(`)
)

var queryText = regexp.MustCompile(`\bsql\(.*\.\d`)

var insideProgram = regexp.MustCompile(`(, |in |\b(keys|values)\()\(x -> x\)`)

var hole = regexp.MustCompile(`\[,|, ,|, \]`)

// local declares a variable of a block, loop or closure: n1, n2 and so on, which
// are names of one variable each, or q.
var local = regexp.MustCompile(`(?:let |, |\(|catch \()(n\d+|q)(?:\)| :=| in |, |:)`)

// captures tells whether a closure or function uses a local variable of what is
// around it.
func captures(src string) bool {
	for _, m := range local.FindAllStringSubmatchIndex(src, -1) {
		name, rest := regexp.MustCompile(`\b`+src[m[2]:m[3]]+`\b`), src[m[1]:]
		// The closure's own parameters end with the first arrow.
		rest = strings.TrimPrefix(rest, " -> ")
		if i := inner.FindStringIndex(rest); i != nil && name.MatchString(rest[i[1]:]) {
			return true
		}
	}
	return false
}

var inner = regexp.MustCompile(`->|\bfn `)

// nullIsEmpty tells whether theirs falls over null where ours goes on.
func nullIsEmpty(c Case) bool {
	lines, end, ok := cutLast(c.Theirs)
	return ok && strings.HasPrefix(c.Ours, lines) &&
		(strings.Contains(end, "! TypeError: Cannot convert undefined or null to object") || strings.Contains(end, "! TypeError: Cannot read properties of null") || strings.Contains(end, "! TypeError: Cannot read properties of undefined"))
}

func dateOfNoNumber(c Case) bool {
	lines, end, ok := cutLast(c.Theirs)
	return ok && strings.HasPrefix(c.Ours, lines) && strings.HasPrefix(end, "! InvalidArgumentError: Invalid unit value NaN")
}

// accident tells whether both sides fail after the same lines, theirs with an
// error that JavaScript raises by itself.
func accident(c Case) bool {
	ours, our, ok := cutLast(c.Ours)
	theirs, their, ok2 := cutLast(c.Theirs)
	return ok && ok2 && ours == theirs && strings.HasPrefix(our, "! ") && javaScript.MatchString(their)
}

var javaScript = regexp.MustCompile(`^! (TypeError|RangeError|SyntaxError|URIError): `)

// cutLast parts an answer into what was printed and its end.
func cutLast(s string) (lines, end string, ok bool) {
	for _, mark := range []string{"= ", "! "} {
		if strings.HasPrefix(s, mark) {
			return "", s, true
		}
		if i := strings.LastIndex(s, "\n"+mark); i >= 0 {
			return s[:i], s[i+1:], true
		}
	}
	return "", s, false
}

func known(c Case) *Difference {
	for i := range Known {
		if Known[i].Kind == c.Kind && Known[i].Match(c) {
			return &Known[i]
		}
	}
	return nil
}

// limited tells whether a run hit a budget on either side.
func limited(c Case) bool {
	return c.Ours == Limit || strings.Contains(c.Theirs, "! HogVMException: Memory limit of") || strings.Contains(c.Theirs, "! HogVMException: Execution timed out")
}
