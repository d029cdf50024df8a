package stl

import (
	"strconv"
	"strings"

	"hogpen/hog/vm"
)

const networkGroup = "Network"

var networkFuncs = []*Func{
	{
		Func: fn("isIPAddressInRange", 2, 2, plain(isIPAddressInRange)), Group: networkGroup, Args: "address, cidr",
		Doc: "Tells whether an IP address lies in a range like 10.0.0.0/8 or 2001:db8::/32; false for anything malformed.", Null: "Gives false.",
		Examples: []Example{{"isIPAddressInRange('127.0.0.1', '127.0.0.0/8')", "true"}, {"isIPAddressInRange('::1', '::/127')", "true"}, {"isIPAddressInRange('127.0.0.01', '127.0.0.0/8')", "false"}},
	},
}

func isIPAddressInRange(c *vm.Call) vm.Value {
	address, cidr := c.Arg(0).Text(), c.Arg(1).Text()
	network, size, found := strings.Cut(cidr, "/")
	bits, err := strconv.Atoi(size)
	if !found || err != nil || bits < 0 || size[0] == '+' {
		return vm.False
	}
	parse := parseIPv4
	if strings.Contains(network, ":") {
		parse = parseIPv6
	}
	a, ok1 := parse(address)
	n, ok2 := parse(network)
	if !ok1 || !ok2 || bits > 8*len(n) {
		return vm.False
	}
	for i := range n {
		take := max(0, min(8, bits-8*i))
		mask := byte(0xff) << (8 - take)
		if a[i]&mask != n[i]&mask {
			return vm.False
		}
	}
	return vm.True
}

// parseIPv4 takes four canonical decimal numbers.
func parseIPv4(s string) ([]byte, bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return nil, false
	}
	out := make([]byte, 4)
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || strconv.FormatUint(n, 10) != p {
			return nil, false
		}
		out[i] = byte(n)
	}
	return out, true
}

// parseIPv6 takes eight groups, of each the hexadecimal digits at its
// beginning, with :: once at most.
func parseIPv6(s string) ([]byte, bool) {
	head, tail, short := strings.Cut(s, "::")
	left, ok1 := groups(head)
	right, ok2 := groups(tail)
	n := len(left) + len(right)
	if !ok1 || !ok2 || strings.Contains(tail, "::") || short && n > 14 || !short && n != 16 {
		return nil, false
	}
	out := make([]byte, 16)
	copy(out, left)
	copy(out[16-len(right):], right)
	return out, true
}

func groups(s string) ([]byte, bool) {
	if s == "" {
		return nil, true
	}
	var out []byte
	for _, g := range strings.Split(s, ":") {
		n, digits := 0, 0
		for digits < len(g) {
			d := strings.IndexByte("0123456789abcdef", g[digits]|0x20)
			if g[digits] >= '0' && g[digits] <= '9' {
				d = int(g[digits] - '0')
			}
			if d < 0 || digits == 4 {
				break
			}
			n = n<<4 | d
			digits++
		}
		if digits == 0 || len(out) >= 16 {
			return nil, false
		}
		out = append(out, byte(n>>8), byte(n))
	}
	return out, true
}
