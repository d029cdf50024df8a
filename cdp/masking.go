package cdp

import (
	"encoding/json"
	"time"

	"hogpen/cdp/fields"
)

// ReadMasking reads masking from JSON, checks it and compiles its hash (REST
// API specification 4.5). null and nil are no masking.
func ReadMasking(raw json.RawMessage) (*Masking, Faults) {
	if raw == nil || fields.KindOf(raw) == fields.Null {
		return nil, nil
	}
	var faults Faults
	var found []fields.Fault
	r, ok := fields.Nested(raw, fields.To("masking"), &found)
	if !ok {
		faults.take(found)
		return nil, faults
	}
	m := readMasking(r)
	faults.take(found)
	if m.Hash == "" {
		return m, faults
	}
	t, err := compileTemplate(m.Hash, false)
	if err != nil {
		faults.add(fields.To("masking", "hash"), "%s", templateFault(m.Hash, err))
		return m, faults
	}
	m.Bytecode = t.code
	return m, faults
}

// MaskingShape is what ReadMasking reads.
func MaskingShape() fields.Shape {
	return fields.Describe("MaskingWrite", func(r *fields.Reader) { readMasking(r) }).OrNull()
}

func readMasking(r *fields.Reader) *Masking {
	ttl := fields.Between(60, 86400)
	ttl.Required = true
	threshold := fields.Rule{Nullable: true, Min: new(int64)}
	*threshold.Min = 1
	return &Masking{
		TTL:       r.Int("ttl", ttl).Value,
		Threshold: r.Int("threshold", threshold).Ptr(),
		Hash:      r.Text("hash", fields.Rule{Required: true}).Value,
	}
}

// MaskWindow is one window of masking as it is kept over a restart.
type MaskWindow struct {
	Key    [16]byte // stands for the function and the key
	Count  int      // invocations so far
	Until  time.Time
	Passed [16]byte // stands for the invocation that passed last
}
