package bytecode

import (
	"fmt"
	"strings"
)

// maxIndent is how many nested functions are still set off by indentation.
const maxIndent = 20

// Disassemble lists the program, one instruction a line: the index of the
// opcode, its name, its operands. A jump shows where it lands; the body of a
// function is indented. What is no operation is shown as data.
//
//	0000  STRING "Hello "
//	0002  GET_GLOBAL 1
//	0004  JUMP_IF_FALSE 4 -> 0010
//
// Indexes count elements after the header, as jumps do.
func Disassemble(p *Program) string {
	var b strings.Builder
	var ends []int // where the function bodies end that ip is inside of
	for ip := 0; ip < len(p.Code); {
		for len(ends) > 0 && ip >= ends[len(ends)-1] {
			ends = ends[:len(ends)-1]
		}
		op, n, ok := Length(p.Code, ip)
		fmt.Fprintf(&b, "%04d  %s", ip, strings.Repeat("    ", min(len(ends), maxIndent)))
		if !ok {
			n = 1
			fmt.Fprintf(&b, "data %s\n", p.Code[ip])
		} else {
			instruction(&b, p.Code, ip, op, n)
			if end, isBody := bodyEnd(p.Code, ip, op, n); isBody {
				ends = append(ends, end)
			}
		}
		ip += n
	}
	return b.String()
}

func instruction(b *strings.Builder, code []Elem, ip int, op Op, n int) {
	b.WriteString(op.String())
	for _, e := range code[ip+1 : ip+n] {
		b.WriteByte(' ')
		b.WriteString(e.String())
	}
	if to, ok := target(code, ip, op); ok {
		fmt.Fprintf(b, " -> %04d", to)
	}
	b.WriteByte('\n')
}

// target is where a jump or a handler leads.
func target(code []Elem, ip int, op Op) (int64, bool) {
	switch op {
	case Jump, JumpIfFalse, JumpIfStackNotNull:
		return int64(ip) + 2 + code[ip+1].Int, code[ip+1].Kind == KindInt
	case Try:
		return int64(ip) + 1 + code[ip+1].Int, code[ip+1].Kind == KindInt
	}
	return 0, false
}

func bodyEnd(code []Elem, ip int, op Op, n int) (int, bool) {
	if op != Callable && op != DeclareFn {
		return 0, false
	}
	length := code[ip+n-1]
	if length.Kind != KindInt || length.Int <= 0 || length.Int > int64(len(code)) {
		return 0, false
	}
	return ip + n + int(length.Int), true
}
