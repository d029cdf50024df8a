package stl_test

import (
	"slices"
	"testing"

	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

func TestFormatCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"%a": "Sun", "%b": "Jan", "%c": "01", "%m": "01", "%d": "07", "%D": "01/07/24", "%e": "7", "%f": "678", "%F": "2024-01-07",
		"%g": "24", "%y": "24", "%C": "24", "%G": "2024", "%Y": "2024", "%h": "03", "%I": "03", "%l": "03", "%H": "15", "%k": "15",
		"%i": "04", "%j": "007", "%M": "January", "%W": "Sunday", "%V": "01", "%p": "PM", "%Q": "1", "%r": "03:04 PM", "%R": "15:04",
		"%s": "05", "%S": "05", "%t": `\t`, "%n": `\n`, "%T": "15:04:05", "%u": "7", "%w": "7", "%z": "+0000", "%%": "%",
		"%x": "", "a%": "a", "%éb": "b", "at %H o": "at 15 o",
	} {
		src := "formatDateTime(toDateTime('2024-01-07T15:04:05.678Z'), '" + code + "')"
		if have := eval(t, src, vm.LoadOptions{}); have != "'"+want+"'" {
			t.Errorf("%s = %s, want '%s'", src, have, want)
		}
	}
}

func TestFaultsAndCorners(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ src, want string }{
		{"formatDateTime(toDateTime(0), '%H', 'Nowhere/At All')", "'Invalid DateTime'"},
		{"formatDateTime('2024', '%H')", "! Error: Expected a DateTime"},
		{"dateAdd('quarter', 1, toDate('2024-01-01'))", "! Error: Unsupported interval unit: quarter"},
		{"dateAdd('day', 1, '2024-01-01')", "! HogVMException: Expected a Date or DateTime"},
		{"dateAdd('hour', 25, toDate('2024-01-01'))", "Date(2024, 1, 2)"},
		{"dateAdd('day', 1, toDateTime('2024-03-30T12:00:00', 'Europe/Tallinn'))", "DateTime(1711875600.0, 'Europe/Tallinn')"},
		{"dateDiff('ms', toDate('2024-01-01'), toDate('2024-01-01'))", "! Error: Unsupported unit for dateDiff: ms"},
		{"dateTrunc('week', toDateTime(0))", "! Error: Unsupported unit for dateTrunc: week"},
		{"dateTrunc('day', toDate('2024-01-01'))", "! Error: Expected a DateTime for dateTrunc"},
		{"extract('dow', toDateTime(0))", "! Error: Unknown extract part: dow"},
		{"toTimeZone(5, 'UTC')", "! Error: Expected a DateTime"},
		{"toDateTime('2024-10-27T03:30:00', 'Europe/Tallinn')", "DateTime(1729989000.0, 'Europe/Tallinn')"},
		{"toDateTime('2024-02-30')", "DateTime(NaN.0, 'UTC')"},
		{"toDateTime('2024-02-03T10')", "DateTime(NaN.0, 'UTC')"},
		{"toDateTime('2024-02-03 10:20,5')", "DateTime(NaN.0, 'UTC')"},
		{"toDateTime('2024-02-03 10:20:30,1239+0230')", "DateTime(1706946630.123, 'UTC')"},
		{"toDate(null)", "Date(NaN, NaN, NaN)"},
		{"toString(toDateTime(null))", "null"},
		{"lower()", "! HogVMException: Function lower requires at least 1 arguments"},
		{"lower('a', 'b')", "! HogVMException: Function lower requires at most 1 arguments"},
		{"arrayMap([])", "! HogVMException: Function arrayMap requires exactly 2 arguments"},
		{"sha256HmacChain(['a'])", "! Error: Data array must contain at least two elements."},
		{"JSONHas({'a': [1]}, 'a', 0)", "false"},
		{"JSONExtractInt([1], 0)", "! Error: Hog arrays start from index 1"},
		{"JSONExtract('{\"a\":1}', 0, 'Int')", "! Error: Hog arrays start from index 1"},
		{"JSONExtractBool('{\"a\":1}', -0, 'a')", "! Error: Hog arrays start from index 1"},
		{"JSONExtractString('{\"a\":\"x\"}', 'a', 0)", "! Error: Hog arrays start from index 1"},
		{"decodeURLComponent('é%C3')", "! HogVMException: URI malformed"},
		{"JSONHas('{\"a\":\"[1,2]\"}', 'a', 2)", "true"},
		{"decodeURLComponent('%zz')", "! HogVMException: URI malformed"},
		{"substring('a😀b', 2, 2)", "'😀'"},
		{"position('😀b', 'b')", "3"},
		{"length(reverse('😀'))", "2"},
		{"reverse(reverse('a😀'))", "'a😀'"},
		{"splitByString(null, 'a')", "['a']"},
		{"isIPAddressInRange('2001:db8::1', '2001:db8::/32')", "true"},
		{"isIPAddressInRange('1.2.3.4', '::/0')", "false"},
		{"isIPAddressInRange('1.2.3.4', '1.2.3.0/33')", "false"},
		{"isIPAddressInRange(null, '1.2.3.0/8')", "false"},
		{"'a' =~ '('", "! HogVMException: Invalid regular expression: missing closing ): `(`"},
		{"replaceAll('ab', 'b', '$$-$`-$x')", "'a$-a-$x'"},
		{"match(null, 'null')", "false"},
		{"lower('ΟΔΟΣ')", "'οδος'"},
		{"length(upper(reverse('😀')))", "2"},
		{"base64Decode('4oI=')", "'\ufffd'"},
		{"base64Decode('/////w==')", "'\ufffd\ufffd\ufffd\ufffd'"},
		{"substring('abc', 1.5, 1.5)", "'ab'"},
		{"substring('abc', 2, true)", "'bc'"},
		{"splitByString(',', 'a,b', 'x')", "[]"},
		{"JSONExtractString('12')", "null"},
		{"JSONExtractBool('true')", "true"},
		{"Error('a', 0)", "Error('a')"},
	} {
		for _, only := range []bool{false, true} {
			if have := eval(t, tt.src, vm.LoadOptions{SwitchOnly: only}); have != tt.want {
				t.Errorf("%s (switch %v) = %s, want %s", tt.src, only, have, tt.want)
			}
		}
	}
}

func TestInfoKnowsEveryFunction(t *testing.T) {
	t.Parallel()
	info := stl.Info()
	if len(info) != len(stl.All) {
		t.Errorf("%d names for %d functions", len(info), len(stl.All))
	}
	names := make([]string, 0, len(info))
	for name := range info {
		names = append(names, name)
		if f := stl.Find(name); f == nil || f.Name != name {
			t.Errorf("%s is not found", name)
		}
	}
	if len(names) < 120 || slices.Contains(names, "") {
		t.Errorf("%d functions: %v", len(names), names)
	}
	if stl.Find("nosuch") != nil {
		t.Error("a function that does not exist was found")
	}
}
