package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

const notAllowed = "Hostname is not allowed"

// blocked lists the networks that a function may not reach unless the
// operator allows it: private, local, reserved and translated addresses
// (runtime specification 6.3). IPv4-mapped addresses are unwrapped before.
var blocked = prefixes(`
	0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
	192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24
	192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
	224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
	::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64
	2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16
	fc00::/7 fe80::/10 fec0::/10 ff00::/8`)

func prefixes(list string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range strings.Fields(list) {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// Rules are addresses and names that the operator treats in a special way.
type Rules struct {
	prefixes []netip.Prefix
	hosts    map[string]bool
}

// ParseRules reads a list of CIDRs, addresses and host names, as given to
// --fetch-allow. A name allows exactly that name, whatever it resolves to.
func ParseRules(list []string) (Rules, error) {
	r := Rules{hosts: map[string]bool{}}
	for _, s := range list {
		s = strings.TrimSpace(s)
		switch {
		case s == "":
		case strings.Contains(s, "/"):
			p, err := netip.ParsePrefix(s)
			if err != nil {
				return Rules{}, fmt.Errorf("%q is neither a network (10.0.0.0/8), an address nor a host name", s)
			}
			r.prefixes = append(r.prefixes, p.Masked())
		default:
			if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
				a = a.Unmap()
				r.prefixes = append(r.prefixes, netip.PrefixFrom(a, a.BitLen()))
				continue
			}
			if strings.ContainsAny(s, " :@?#*") {
				return Rules{}, fmt.Errorf("%q is neither a network (10.0.0.0/8), an address nor a host name", s)
			}
			r.hosts[canonical(s)] = true
		}
	}
	return r, nil
}

// canonical is how names are compared: lower case, without a closing dot.
func canonical(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

func (r Rules) host(name string) bool { return r.hosts[canonical(name)] }

func (r Rules) addr(a netip.Addr) bool { return within(r.prefixes, a) }

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// guard decides where connections may go, and makes them.
type guard struct {
	allow, deny Rules
	lookup      func(ctx context.Context, host string) ([]netip.Addr, error)
	dialer      net.Dialer
	// connect bounds resolution and connection together. The transport lets a
	// dial go on for later requests when its own request is over.
	connect time.Duration
}

// permitted reports whether host, at address a, may be connected to.
func (g *guard) permitted(host string, a netip.Addr) bool {
	a = a.WithZone("").Unmap()
	switch {
	case g.deny.host(host) || g.deny.addr(a):
		return false
	case g.allow.host(host) || g.allow.addr(a):
		return true
	}
	return a.IsValid() && !within(blocked, a)
}

// resolve gives the addresses of host. All of them must be permitted: a name
// with one public and one private address is refused, for it could be used to
// reach the private one.
func (g *guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		if !g.permitted(host, a) {
			return nil, secure(notAllowed)
		}
		return []netip.Addr{a}, nil
	}
	if g.deny.host(host) {
		return nil, secure(notAllowed)
	}
	addrs, err := g.lookup(ctx, host)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil || len(addrs) == 0 {
		return nil, &Error{Name: ResolutionError, Detail: "Unable to resolve " + host, Cause: err}
	}
	for _, a := range addrs {
		if !g.permitted(host, a) {
			return nil, secure(notAllowed)
		}
	}
	return addrs, nil
}

// toProxy marks the context of a request whose connection leads to a proxy.
type toProxy struct{}

// dial connects to the first address of the host that answers.
func (g *guard) dial(ctx context.Context, network, hostport string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return nil, secure("URL must have HTTP or HTTPS protocol and a valid hostname")
	}
	ctx, cancel := context.WithTimeout(ctx, g.connect)
	defer cancel()
	if ctx.Value(toProxy{}) != nil {
		return g.dialer.DialContext(ctx, network, hostport)
	}
	addrs, err := g.resolve(ctx, host)
	if err != nil {
		return nil, g.late(err)
	}
	d := g.dialer
	d.Control = func(_, actual string, _ syscall.RawConn) error { return g.recheck(host, actual) }
	var failures []error
	for _, a := range addrs {
		c, err := d.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return c, nil
		}
		if ctx.Err() != nil {
			return nil, g.late(ctx.Err())
		}
		failures = append(failures, err)
	}
	return nil, connectError(failures)
}

// late tells a dial's own deadline as a timeout.
func (g *guard) late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return timedOut(g.connect, err)
	}
	return err
}

// recheck looks at the address that the socket is about to connect to.
func (g *guard) recheck(host, actual string) error {
	ap, err := netip.ParseAddrPort(actual)
	if err != nil || !g.permitted(host, ap.Addr()) {
		return secure(notAllowed)
	}
	return nil
}

func connectError(failures []error) error {
	var details []string
	for _, err := range failures {
		var own *Error
		if errors.As(err, &own) {
			return own
		}
		details = append(details, describe(err))
	}
	return &Error{Name: ConnectError, Detail: strings.Join(details, "; "), Cause: errors.Join(failures...)}
}
