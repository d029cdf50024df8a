package executor

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"hogpen/cdp"
	"hogpen/hog/vm"
)

// initialKeys are the properties that describe where a person came from and
// what they use (runtime specification 1.10). $os_name stands for $os.
var initialKeys = strings.Fields(`
	$app_build $app_name $app_namespace $app_version $browser $browser_version $device_type $current_url
	$pathname $os $os_name $os_version $referring_domain $referrer $screen_height $screen_width $viewport_height
	$viewport_width $raw_user_agent utm_source utm_medium utm_campaign utm_content utm_name utm_term gclid gad_source
	gclsrc dclid gbraid wbraid fbclid msclkid twclid li_fat_id mc_cid igshid ttclid rdt_cid irclid _kx epik qclid sccid`)

func personless(props vm.Value) bool {
	v, ok := props.Get("$process_person_profile")
	return ok && v.TypeName() == "boolean" && !v.Truth()
}

// Normalized gives an event as destinations see it: as Normalize leaves it. What
// is recorded is the event before that, which is half as long.
func (x *Executor) Normalized(e cdp.Event) cdp.Event {
	var s Scope
	if s.Open(x, cdp.Project{ID: e.Project}, &e) != nil {
		return e
	}
	s.Normalize()
	return s.Event()
}

// NormalizeLater has Normalize done when somebody asks for what it changes:
// most filters do not, and most events pass none.
func (s *Scope) NormalizeLater() {
	if s.open {
		s.setProps(s.props)
	}
	s.owes = true
}

// settle does what NormalizeLater put off.
func (s *Scope) settle() {
	if s.owes {
		s.Normalize()
	}
}

// blindly reports whether a filter's program, as JSON, asks for nothing that
// Normalize or the lists of transformations change: it names none of those properties, and never takes the
// properties as a whole.
func blindly(code []byte) bool {
	var b bytes.Buffer
	if json.Compact(&b, code) != nil {
		return false
	}
	text := b.String()
	for _, name := range []string{
		"$set", "$set_once", "$unset", "$process_person_profile", "$elements", "$elements_chain", "$os", succeededKey, failedKey, skippedKey,
	} {
		if strings.Contains(text, `"`+name+`"`) {
			return false
		}
	}
	// A property is read by GET_GLOBAL (1) with two names or more.
	for rest, more := text, true; more; {
		if _, rest, more = strings.Cut(rest, `"properties"`); more && !memberRead.MatchString(rest) {
			return false
		}
	}
	return true
}

var memberRead = regexp.MustCompile(`^,1,([2-9]|[1-9][0-9]+)[],]`)

// Normalize does what follows the transformations: initial person properties,
// personless events, the elements chain (runtime specification 1.10). An event
// without any of these stays untouched, and its JSON need not be made again.
// Done twice it is as done once.
func (s *Scope) Normalize() {
	s.owes = false
	if l := s.lists; l != nil {
		s.lists = nil
		s.EndTransformations(l)
	}
	props := s.props
	if s.name != "$snapshot" && s.name != "$performance_event" {
		props = s.withInitial()
	}
	props = settlePerson(props, s.name)
	props = without(props, "$elements_chain", "$elements")
	if props != s.props || s.open {
		s.setProps(props)
	}
}

// initial is one of the keys, ready to be put into $set and $set_once.
type initial struct{ name, set, once vm.Value }

var (
	initials     = makeInitials()
	initialPlace = placesOf(initialKeys)
)

// personal are other properties that matter to an event's person.
var personal = []string{"$set", "$set_once", "$unset", "$groups", "$process_person_profile", "$is_server", "$os_name"}

// mostInitials is more than there are.
const mostInitials = 64

func makeInitials() []initial {
	out := make([]initial, len(initialKeys))
	for i, key := range initialKeys {
		as := key
		if key == "$os_name" {
			as = "$os"
		}
		out[i] = initial{vm.String(key), vm.String(as), vm.String("$initial_" + strings.TrimPrefix(as, "$"))}
	}
	return out
}

// placesOf gives the places of keys; those of what else is personal are -1.
func placesOf(keys []string) map[string]int {
	out := make(map[string]int, len(keys)+len(personal))
	for i, key := range keys {
		out[key] = i
	}
	for _, key := range personal {
		out[key] = -1
	}
	return out
}

var osName = slices.Index(initialKeys, "$os_name")

// withInitial fills $set and $set_once from what the event tells.
func (s *Scope) withInitial() vm.Value {
	props := s.props
	server := props.Path("$is_server").Truth()
	var values [mostInitials]vm.Value // in the order of the keys, whatever the event's
	var has [mostInitials]bool
	found := 0
	keys, vals := props.Entries()
	for i, k := range keys {
		if !k.IsString() {
			continue
		}
		at, ok := initialPlace[k.Text()]
		if k.Text() == "$os_name" {
			at = osName
		}
		if !ok || at < 0 || server && strings.HasPrefix(k.Text(), "$os") {
			continue
		}
		values[at], has[at] = vals[i], true
		found++
	}
	if found == 0 {
		return props
	}
	set, once := edit(props.Path("$set"), found), edit(props.Path("$set_once"), found)
	props = s.editProps(3)
	for i, in := range initials {
		if !has[i] {
			continue
		}
		if initialKeys[i] == "$os_name" {
			if have, _ := props.Get("$os"); have.Truthy() {
				continue
			}
			props.Put(in.set, values[i])
		}
		fill(set, in.set, values[i])
		fill(once, in.once, values[i])
	}
	props.Put(setKey, set)
	props.Put(setOnceKey, once)
	return props
}

var setKey, setOnceKey = vm.String("$set"), vm.String("$set_once")

func fill(d, key, v vm.Value) {
	if _, ok := d.Lookup(key); !ok {
		d.Put(key, v)
	}
}

func settlePerson(props vm.Value, name string) vm.Value {
	flag, has := props.Get("$process_person_profile")
	switch {
	case has && personless(props):
		return without(props, "$set", "$set_once", "$unset")
	case has && !flag.IsNull():
		props = without(props, "$process_person_profile")
	}
	if name == "$groupidentify" {
		props = without(props, "$set", "$set_once", "$unset")
	}
	return props
}

// elementsChain is the text that describes clicked elements: $elements_chain,
// else $elements written out.
func elementsChain(props vm.Value) string {
	if chain := props.Path("$elements_chain"); chain.IsString() {
		return chain.Text()
	}
	list := props.Path("$elements")
	if !list.IsList() {
		return ""
	}
	var out []string
	for _, e := range list.Elems() {
		if e.IsDict() {
			out = append(out, element(e))
		}
	}
	return strings.Join(out, ";")
}

func element(e vm.Value) string {
	var b strings.Builder
	b.WriteString(e.Path("tag_name").Text())
	for _, class := range classes(e) {
		b.WriteString("." + strings.ReplaceAll(class, `"`, ""))
	}
	b.WriteByte(':')
	for _, a := range attributes(e) {
		b.WriteString(a[0] + `="` + a[1] + `"`)
	}
	return b.String()
}

func classes(e vm.Value) []string {
	v, ok := e.Get("attr_class")
	if !ok {
		v, _ = e.Get("attr__class")
	}
	var list []string
	if v.IsString() {
		list = strings.Fields(v.Text())
	}
	for _, c := range v.Elems() {
		if c.IsString() && c.Text() != "" {
			list = append(list, c.Text())
		}
	}
	sort.Strings(list)
	return list
}

func attributes(e vm.Value) [][2]string {
	list := [][2]string{{"nth-child", ordinal(e.Path("nth_child"))}, {"nth-of-type", ordinal(e.Path("nth_of_type"))}}
	add := func(name, value string) {
		escape := strings.NewReplacer(`"`, `\"`)
		list = append(list, [2]string{escape.Replace(name), escape.Replace(value)})
	}
	optional := func(name, key string, most int) {
		v, ok := e.Get(key)
		if !ok || !v.IsString() || v.Text() == "" {
			return
		}
		text, _ := cut(v.Text(), most)
		add(name, text)
	}
	optional("text", "$el_text", 400)
	optional("href", "attr__href", 2048)
	optional("attr_id", "attr__id", 2048)
	keys, vals := e.Entries()
	for i, k := range keys {
		if strings.HasPrefix(k.Text(), "attr__") {
			text, _ := vm.ToString(vals[i])
			add(k.Text(), text)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i][0] < list[j][0] })
	return list
}

func ordinal(v vm.Value) string {
	if !v.IsNumber() {
		return "0"
	}
	return strconv.FormatFloat(v.Num(), 'f', -1, 64)
}
