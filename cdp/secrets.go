package cdp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Sealer encrypts secret inputs at rest. A sealed text opens only under the
// context it was sealed with.
type Sealer interface {
	Seal(plain, context []byte) ([]byte, error)
	Open(sealed, context []byte) ([]byte, error)
}

// SecretMask is what clients may send in place of a secret they do not know.
const SecretMask = "********"

// MappingSecret is the key in Function.Sealed of a mapping's secret input.
func MappingSecret(mapping int, key string) string {
	return "mappings." + strconv.Itoa(mapping) + "." + key
}

// SealContext binds a sealed text to its function and key, so that it opens
// nowhere else.
func SealContext(id FunctionID, key string) []byte {
	return []byte("hog_function/" + string(id) + "/" + key)
}

// sealedInput is the text that is sealed: an Input with its compiled parts.
type sealedInput struct {
	Value      json.RawMessage `json:"value,omitempty"`
	Templating string          `json:"templating,omitempty"`
	Bytecode   json.RawMessage `json:"bytecode,omitempty"`
	Order      int             `json:"order"`
}

// OpenSecret opens one sealed input of f. key is a key of f.Sealed; the
// Input's own key is without a mapping's prefix.
func (f *Function) OpenSecret(s Sealer, key string) (Input, error) {
	plain, err := s.Open(f.Sealed[key], SealContext(f.ID, key))
	if err != nil {
		return Input{}, fmt.Errorf("open secret input %s of function %s: %w", key, f.ID, err)
	}
	var in sealedInput
	if err := json.Unmarshal(plain, &in); err != nil {
		return Input{}, fmt.Errorf("read secret input %s of function %s: %w", key, f.ID, err)
	}
	name := key
	if rest, ok := strings.CutPrefix(key, "mappings."); ok {
		if _, name, ok = strings.Cut(rest, "."); !ok {
			name = key
		}
	}
	return Input{Key: name, Value: in.Value, Templating: in.Templating, Bytecode: in.Bytecode, Order: in.Order}, nil
}

// Secrets opens the secret inputs of the function itself, or of one mapping
// when mapping is not -1, in no particular order. An input's Order says when
// it is evaluated among the open ones.
func (f *Function) Secrets(s Sealer, mapping int) (Inputs, error) {
	schema := f.InputsSchema
	name := func(key string) string { return key }
	if mapping >= 0 {
		schema = f.Mappings[mapping].InputsSchema
		name = func(key string) string { return MappingSecret(mapping, key) }
	}
	var out Inputs
	for _, item := range effective(schema) {
		if _, ok := f.Sealed[name(item.Key)]; !ok || !item.Secret {
			continue
		}
		in, err := f.OpenSecret(s, name(item.Key))
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	return out, nil
}

// resolveSecret settles the value of a secret input: a new one, or the one
// that is stored (REST API specification 5.5).
func (w *inputWork) resolveSecret(s InputSchema, given givenInput, faults *Faults) (givenInput, bool) {
	path := w.path.At(s.Key)
	masked := given.value != nil && string(given.value) == `"`+SecretMask+`"`
	if masked && !given.secret {
		faults.add(path, "This secret input was not updated correctly. Enter the value again.")
		return given, false
	}
	if given.value != nil && !masked {
		return given, true
	}
	kept, ok, err := w.stored.get(s.Key)
	if err != nil {
		faults.add(path, "The saved value cannot be opened with this server's key. Enter the value again.")
		return given, false
	}
	if ok {
		if given.templating == "" {
			given.templating = kept.Templating
		}
		return givenInput{value: kept.Value, templating: given.templating, secret: true}, true
	}
	if given.secret {
		faults.add(path, "No value is saved for this secret input. Enter the value again.")
		return given, false
	}
	return givenInput{templating: given.templating}, true
}

// keeper finds what secret inputs may keep: what is sealed, and plain values
// under a key that has become secret. Sealed values are opened when they are
// asked for, so that one that cannot be opened hinders only itself.
type keeper struct {
	function *Function
	sealer   Sealer
	mapping  int    // -1 for the function's own inputs
	plain    Inputs // as stored
}

// get finds the stored value of a key; false when there is none. The error
// tells that it cannot be opened.
func (k keeper) get(key string) (Input, bool, error) {
	name := key
	if k.mapping >= 0 {
		name = MappingSecret(k.mapping, key)
	}
	if k.function != nil && k.function.Sealed[name] != nil {
		in, err := k.function.OpenSecret(k.sealer, name)
		return in, err == nil, err
	}
	in, ok := k.plain.Get(key)
	return in, ok && in.Value != nil, nil
}

// belongsToMapping reports whether a key of Sealed is a mapping's. An input
// of the function itself may be called the same only if its schema says so.
func (f *Function) belongsToMapping(key string) bool {
	rest, ok := strings.CutPrefix(key, "mappings.")
	if !ok {
		return false
	}
	n, _, ok := strings.Cut(rest, ".")
	_, err := strconv.Atoi(n)
	return ok && err == nil
}

// seal encrypts secrets into f.Sealed under their keys. A secret that is the
// same as before keeps its sealed text, so that nothing seems to change.
func seal(f *Function, old map[string][]byte, s Sealer, secrets Inputs, mapping int) error {
	for _, in := range secrets {
		key := in.Key
		if mapping >= 0 {
			key = MappingSecret(mapping, in.Key)
		}
		plain, err := json.Marshal(sealedInput{Value: in.Value, Templating: in.Templating, Bytecode: in.Bytecode, Order: in.Order})
		if err != nil {
			return fmt.Errorf("write secret input %s: %w", key, err)
		}
		context := SealContext(f.ID, key)
		if before, ok := old[key]; ok {
			if had, err := s.Open(before, context); err == nil && bytes.Equal(had, plain) {
				f.Sealed[key] = before
				continue
			}
		}
		sealed, err := s.Seal(plain, context)
		if err != nil {
			return fmt.Errorf("seal secret input %s: %w", key, err)
		}
		f.Sealed[key] = sealed
	}
	return nil
}

// BrokenSecrets names the secret inputs of f whose stored value is of no use:
// it is the mask, or does not open with this server's key. The keys of
// mappings are those of Function.Sealed; all are in order.
func (fs *Functions) BrokenSecrets(f *Function) []string {
	var out []string
	for key := range f.Sealed {
		in, err := f.OpenSecret(fs.Sealer, key)
		if err != nil || string(in.Value) == `"`+SecretMask+`"` {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}
