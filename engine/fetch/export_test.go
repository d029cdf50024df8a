package fetch

import "net/netip"

// Permitted gives the judgement of a guard without rules.
func Permitted() func(netip.Addr) bool {
	g := &guard{}
	return func(a netip.Addr) bool { return g.permitted("", a) }
}
