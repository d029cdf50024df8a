package liquid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"hogpen/hog/stl"
	"hogpen/hog/vm"
)

var (
	escaper   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
	unescaper = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'")
	newlines  = regexp.MustCompile(`\r?\n`)
	notWord   = regexp.MustCompile(`[^\p{M}\p{L}\p{Nd}]+`)
	notPretty = regexp.MustCompile(`[^\p{M}\p{L}\p{Nd}._~!$&'()+,;=@]+`)
	notASCII  = regexp.MustCompile(`[^A-Za-z0-9]+`)
	cjkWord   = regexp.MustCompile(`[\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{3400}-\x{4DBF}\x{3040}-\x{309F}\x{30A0}-\x{30FF}\x{AC00}-\x{D7AF}]`)
	otherWord = regexp.MustCompile(`[^\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{3400}-\x{4DBF}\x{3040}-\x{309F}\x{30A0}-\x{30FF}\x{AC00}-\x{D7AF}\s]+`)
	unaccent  = strings.NewReplacer(
		"à", "a", "á", "a", "â", "a", "ã", "a", "ä", "a", "å", "a", "æ", "ae", "ç", "c", "è", "e", "é", "e", "ê", "e", "ë", "e",
		"ì", "i", "í", "i", "î", "i", "ï", "i", "ð", "d", "ñ", "n", "ò", "o", "ó", "o", "ô", "o", "õ", "o", "ö", "o", "ø", "o",
		"ù", "u", "ú", "u", "û", "u", "ü", "u", "ý", "y", "ÿ", "y", "ß", "ss", "œ", "oe", "þ", "th", "ẞ", "SS", "Œ", "OE", "Þ", "TH")
)

func trim(s string) string { return strings.TrimFunc(s, isSpace) }

// fields splits at white space as JavaScript's \s+ does.
func fields(s string) []string { return strings.FieldsFunc(s, isSpace) }

// oneSpace makes one space of each run of white space.
func oneSpace(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range s {
		if isSpace(r) {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String()
}

// pair gives the texts of the value and of its arguments, and takes what they
// are long.
func (c *context) texts(in value, args ...value) ([]string, error) {
	out := []string{c.text(in)}
	for _, a := range args {
		out = append(out, c.text(a))
	}
	n := 0
	for _, s := range out {
		n += vm.UTF16Len(s)
	}
	c.use(n)
	return out, c.err
}

func appendText(c *context, in value, args []value) (value, error) {
	if len(args) != 1 {
		return absent, errors.New("append expect 2 arguments")
	}
	t, err := c.texts(in, args[0])
	if err != nil {
		return absent, err
	}
	return text(t[0] + t[1]), nil
}

func prependText(c *context, in value, args []value) (value, error) {
	if len(args) != 1 {
		return absent, errors.New("prepend expect 2 arguments")
	}
	t, err := c.texts(in, args[0])
	if err != nil {
		return absent, err
	}
	return text(t[1] + t[0]), nil
}

// capitalize works on the first UTF-16 unit, which changes no character
// beyond the first plane.
func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if r > 0xffff {
		return s[:n] + stl.Lower(s[n:])
	}
	return stl.Upper(s[:n]) + stl.Lower(s[n:])
}

func stripText(left, right bool) filterFunc {
	return func(c *context, in value, args []value) (value, error) {
		s := c.text(in)
		c.useText(s)
		drop := isSpace
		if a := arg(args, 0); a.jsTruthy() {
			chars := c.text(a)
			c.useText(chars)
			set := map[rune]bool{}
			for _, r := range chars {
				set[r] = true
			}
			drop = func(r rune) bool { return set[r] }
		}
		if left {
			s = strings.TrimLeftFunc(s, drop)
		}
		if right {
			s = strings.TrimRightFunc(s, drop)
		}
		return text(s), c.err
	}
}

func remove(c *context, in value, args []value) (value, error) {
	t, err := c.texts(in, arg(args, 0))
	if err != nil || t[1] == "" {
		return text(t[0]), err
	}
	return text(strings.ReplaceAll(t[0], t[1], "")), nil
}

func removeFirst(c *context, in value, args []value) (value, error) {
	t, err := c.texts(in, arg(args, 0))
	return text(strings.Replace(t[0], t[1], "", 1)), err
}

func removeLast(c *context, in value, args []value) (value, error) {
	t, err := c.texts(in, arg(args, 0))
	return text(replaceAt(t[0], strings.LastIndex(t[0], t[1]), t[1], "")), err
}

func replaceAt(s string, at int, old, with string) string {
	if at < 0 {
		return s
	}
	return s[:at] + with + s[at+len(old):]
}

// replace counts the length of its result, which can be long.
func replace(c *context, in value, args []value) (value, error) {
	s, old, with := c.text(in), c.text(arg(args, 0)), c.text(arg(args, 1))
	n := strings.Count(s, old)
	if old == "" {
		n = max(utf8.RuneCountInString(s)-1, 0)
	}
	if !c.use(vm.UTF16Len(s) + n*(vm.UTF16Len(with)-vm.UTF16Len(old))) {
		return absent, c.err
	}
	if old == "" {
		return text(strings.Join(strings.Split(s, ""), with)), nil
	}
	return text(strings.ReplaceAll(s, old, with)), nil
}

func replaceFirst(c *context, in value, args []value) (value, error) {
	t, err := c.texts(in, arg(args, 0), arg(args, 1))
	return text(strings.Replace(t[0], t[1], t[2], 1)), err
}

func replaceLast(c *context, in value, args []value) (value, error) {
	t, err := c.texts(in, arg(args, 0), arg(args, 1))
	return text(replaceAt(t[0], strings.LastIndex(t[0], t[1]), t[1], t[2])), err
}

// splitText drops empty texts at the end, as Ruby does.
func splitText(c *context, in value, args []value) (value, error) {
	s := c.text(in)
	if !c.useText(s) {
		return absent, c.err
	}
	parts := strings.Split(s, c.text(arg(args, 0)))
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return list(vm.Texts(parts...)), nil
}

// cut gives the first n characters of s; n below 0 gives none.
func cut(s string, n float64) string {
	if !(n > 0) {
		return ""
	}
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func truncate(c *context, in value, args []value) (value, error) {
	s, most, end := c.text(in), 50.0, "..."
	if a := arg(args, 0); a.kind != missing {
		most = c.num(a)
	}
	if a := arg(args, 1); a.kind != missing {
		end = c.text(a)
	}
	if !c.use(vm.UTF16Len(s) + vm.UTF16Len(end)) {
		return absent, c.err
	}
	if float64(utf8.RuneCountInString(s)) <= most {
		return in, nil
	}
	return text(cut(s, most-float64(utf8.RuneCountInString(end))) + end), nil
}

func truncateWords(c *context, in value, args []value) (value, error) {
	s, most, end := c.text(in), 15.0, "..."
	if a := arg(args, 0); a.kind != missing {
		most = c.num(a)
	}
	if a := arg(args, 1); a.kind != missing {
		end = c.text(a)
	}
	if !c.use(vm.UTF16Len(s) + vm.UTF16Len(end)) {
		return absent, c.err
	}
	w := fields(s)
	if s == "" || isSpace(lastRune(s)) || len(w) == 0 {
		w = append(w, "") // what JavaScript finds behind the last blank
	}
	if most <= 0 {
		most = 1
	}
	out := strings.Join(sliced(w, 0, whole(most)), " ")
	if float64(len(w)) >= most {
		out += end
	}
	return text(out), nil
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// words is the filter number_of_words.
func words(c *context, in value, args []value) (value, error) {
	s := c.text(in)
	if !c.useText(s) {
		return absent, c.err
	}
	n := len(fields(s))
	mode := ""
	if a := arg(args, 0); a.isString() {
		mode = a.v.Text()
	}
	if mode == "cjk" || mode == "auto" && cjkWord.MatchString(s) {
		n = len(cjkWord.FindAllStringIndex(s, -1)) + len(otherWord.FindAllStringIndex(s, -1))
	}
	return number(float64(n)), nil
}

// stripHTML removes scripts, styles and comments with their content, then all
// else between angle brackets.
func stripHTML(s string) string {
	open := []struct{ from, to string }{{"<script", "</script>"}, {"<style", "</style>"}, {"<!--", "-->"}, {"<", ">"}}
	var b strings.Builder
next:
	for {
		at := strings.IndexByte(s, '<')
		if at < 0 {
			break
		}
		b.WriteString(s[:at])
		s = s[at:]
		for i := 0; i < len(open); i++ {
			if !strings.HasPrefix(s, open[i].from) {
				continue
			}
			if end := strings.Index(s[len(open[i].from):], open[i].to); end >= 0 {
				s = s[len(open[i].from)+end+len(open[i].to):]
				continue next
			}
			open = append(open[:i], open[i+1:]...)
			i--
		}
		break
	}
	return b.String() + s
}

func slugify(c *context, in value, args []value) (value, error) {
	s := c.text(in)
	if !c.useText(s) {
		return absent, c.err
	}
	mode := "default"
	if a := arg(args, 0); a.kind != missing {
		mode = c.text(a)
	}
	switch mode {
	case "raw":
		s = dashed(strings.ReplaceAll(oneSpace(s), " ", "-"))
	case "default":
		s = dashed(notWord.ReplaceAllString(s, "-"))
	case "pretty":
		s = dashed(notPretty.ReplaceAllString(s, "-"))
	case "ascii":
		s = dashed(notASCII.ReplaceAllString(s, "-"))
	case "latin":
		s = dashed(notWord.ReplaceAllString(unaccent.Replace(s), "-"))
	}
	if !arg(args, 1).jsTruthy() {
		s = stl.Lower(s)
	}
	return text(s), nil
}

func dashed(s string) string { return strings.TrimSuffix(strings.TrimPrefix(s, "-"), "-") }

const (
	unreservedMarks = "-_.!~*'()"
	reservedMarks   = ";,/?:@&=+$#"
)

// percent encodes all but letters, digits and the marks.
func percent(s, marks string) string {
	var b strings.Builder
	s = vm.CleanText(s)
	for i := range len(s) {
		c := s[i]
		if c < utf8.RuneSelf && (unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) || strings.IndexByte(marks, c) >= 0) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte("0123456789ABCDEF"[c>>4])
		b.WriteByte("0123456789ABCDEF"[c&15])
	}
	return b.String()
}

func urlEncode(s string) string {
	return strings.ReplaceAll(percent(s, unreservedMarks), "%20", "+")
}

func cgiEscape(s string) string { return strings.ReplaceAll(percent(s, "-_.~"), "%20", "+") }

func uriEscape(s string) string { return percent(s, unreservedMarks+reservedMarks+"[]") }

func urlDecode(c *context, in value, _ []value) (value, error) {
	s := strings.ReplaceAll(c.text(in), "+", " ")
	if !c.useText(s) {
		return absent, c.err
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return absent, errURI
		}
		d, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			return absent, errURI
		}
		b.Write(d)
		i += 2
	}
	if !utf8.ValidString(b.String()) {
		return absent, errURI
	}
	return text(b.String()), nil
}

var errURI = errors.New("URI malformed")

func base64Encode(s string) string {
	return base64.StdEncoding.EncodeToString([]byte(vm.CleanText(s)))
}

func base64Decode(c *context, in value, _ []value) (value, error) {
	s := c.text(in)
	if !c.useText(s) {
		return absent, c.err
	}
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("\t\n\f\r ", r) {
			return -1
		}
		return r
	}, s)
	if len(s)%4 == 0 {
		s = strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	}
	out, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return absent, errors.New("invalid base64 provided to base64_decode")
	}
	return text(vm.CleanText(string(out))), nil
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(vm.CleanText(s)))
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(c *context, in value, args []value) (value, error) {
	t, err := c.texts(in, arg(args, 0))
	if err != nil {
		return absent, err
	}
	mac := hmac.New(sha256.New, []byte(vm.CleanText(t[1])))
	mac.Write([]byte(vm.CleanText(t[0])))
	return text(hex.EncodeToString(mac.Sum(nil))), nil
}
