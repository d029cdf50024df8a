package geoip_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hogpen/engine/geoip"
	"hogpen/engine/geoip/geoiptest"
	"hogpen/hog/vm"
)

// house is a database with a clock and a log of the test's.
type house struct {
	path string
	db   *geoip.Database
	log  bytes.Buffer
	now  time.Time
	mu   sync.Mutex
}

func newHouse(t *testing.T, places geoiptest.Places) *house {
	t.Helper()
	h := &house{path: filepath.Join(t.TempDir(), "places.mmdb"), now: time.Unix(1_800_000_000, 0)}
	geoiptest.Write(t, h.path, places)
	db, err := geoip.Open(geoip.Config{Path: h.path, Log: slog.New(slog.NewTextHandler(&h.log, nil)), Now: h.clock})
	if err != nil {
		t.Fatal(err)
	}
	h.db = db
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// later lets the time pass after which the file is looked at again.
func (h *house) later() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Minute)
}

func city(v vm.Value) string { return v.Path("city", "names", "en").Text() }

func TestLookup(t *testing.T) {
	t.Parallel()
	h := newHouse(t, geoiptest.Places{"89.160.20.0/24": geoiptest.London, "2001:db8::/32": `{"country": {"iso_code": "XX"}}`})
	want := `{"city":{"geonameId":2643743,"names":{"de":"London","en":"London"}},"continent":{"code":"EU","names":{"en":"Europe"}},` +
		`"country":{"isInEuropeanUnion":false,"isoCode":"GB","names":{"en":"United Kingdom","pt-BR":"Reino Unido"}},` +
		`"location":{"accuracyRadius":10,"latitude":51.5142,"longitude":-0.0931,"timeZone":"Europe/London"},"postal":{"code":"EC2V"},` +
		`"subdivisions":[{"isoCode":"ENG","names":{"en":"England"}},{"isoCode":"LND","names":{"en":"City of London"}}]}`
	for _, tt := range []struct{ ip, want string }{
		{"89.160.20.129", want}, {"89.160.20.7", want}, {"::ffff:89.160.20.129", want}, {"89.160.21.1", "null"},
		{"2001:db8::1", `{"country":{"isoCode":"XX"}}`}, {"2001:DB8:0:0::1", `{"country":{"isoCode":"XX"}}`},
		{"", "null"}, {"localhost", "null"}, {"1.2.3", "null"}, {"1.2.3.4.5", "null"}, {"256.1.1.1", "null"}, {"089.160.20.129", "null"},
		{" 89.160.20.129", "null"}, {"89.160.20.129 ", "null"}, {"89.160.20.129\x00", "null"}, {"89.160.20.129:80", "null"}, {"89.160.20.129/24", "null"},
		{"2001:db8::1%eth0", "null"}, {"2001:db8::1%" + strings.Repeat("z", 1000), "null"}, {"[2001:db8::1]", "null"}, {"::", "null"}, {":", "null"},
		{"0x59a01481", "null"}, {"1503663233", "null"}, {"８９.160.20.129", "null"}, {strings.Repeat("1", 1<<20), "null"}, {"\xff\xfe", "null"},
	} {
		have := h.db.Lookup(tt.ip)
		if text := string(vm.AppendJSON(nil, have)); text != tt.want {
			t.Errorf("%.40q gives %s, want %s", tt.ip, text, tt.want)
		}
		if have.IsDict() && !have.Frozen() {
			t.Errorf("%q gives a value that can be written to", tt.ip)
		}
	}
	if kind, made := h.db.Kind(); kind != "Test-City" || made.Unix() != 1_760_000_000 {
		t.Errorf("kind %q made %v", kind, made)
	}
}

// TestNewFileIsPickedUp: replaced, overwritten in place, or broken.
func TestNewFileIsPickedUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, geoiptest.Places{"10.0.0.0/8": `{"city": {"names": {"en": "One"}}}`})
	expect := func(step, want string) {
		t.Helper()
		if have := city(h.db.Lookup("10.1.2.3")); have != want {
			t.Errorf("%s: in %q, want %q\n%s", step, have, want, h.log.String())
		}
	}
	put := func(raw []byte, at int64) {
		t.Helper()
		if err := os.WriteFile(h.path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(h.path, time.Time{}, time.Unix(at, 0)); err != nil {
			t.Fatal(err)
		}
	}
	expect("at first", "One")
	two := geoiptest.Bytes(t, geoiptest.Places{"10.0.0.0/8": `{"city": {"names": {"en": "Two"}}}`})
	put(two, 1)
	expect("before it is time", "One")
	h.later()
	expect("overwritten", "Two")
	put(two[:len(two)/2], 2)
	h.later()
	expect("cut off", "Two")
	h.later()
	expect("still cut off", "Two")
	if n := strings.Count(h.log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d complaints about one bad file:\n%s", n, h.log.String())
	}
	put([]byte("not a database"), 3)
	h.later()
	expect("garbage", "Two")
	if err := os.Remove(h.path); err != nil {
		t.Fatal(err)
	}
	h.later()
	expect("away", "Two")
	next := filepath.Join(filepath.Dir(h.path), "next")
	geoiptest.Write(t, next, geoiptest.Places{"10.0.0.0/8": `{"city": {"names": {"en": "Three"}}}`})
	if err := os.Rename(next, h.path); err != nil {
		t.Fatal(err)
	}
	h.later()
	expect("replaced", "Three")
}

func TestBadFileIsTold(t *testing.T) {
	t.Parallel()
	good := geoiptest.Bytes(t, geoiptest.Places{"10.0.0.0/8": geoiptest.London})
	damaged := bytes.Clone(good)
	copy(damaged[bytes.Index(damaged, []byte("London"))-20:], bytes.Repeat([]byte{0xff}, 40))
	for name, tt := range map[string]struct {
		raw  []byte
		want string
	}{
		"missing": {nil, "there is no such file"}, "empty": {[]byte{}, "not a whole file"}, "text": {[]byte("hello"), "not a whole file"},
		"cut":     {good[:len(good)-30], "not a whole file"},
		"damaged": {damaged, "is damaged"}, "no records": {geoiptest.Bytes(t, nil), "is empty"},
		"other records": {geoiptest.Bytes(t, geoiptest.Places{"10.0.0.0/8": `"text"`}), "no records of places"},
	} {
		path := filepath.Join(t.TempDir(), "x.mmdb")
		if tt.raw != nil {
			if err := os.WriteFile(path, tt.raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := geoip.Open(geoip.Config{Path: path}); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// TestManyLookups: goroutines look up while the file changes.
func TestManyLookups(t *testing.T) {
	t.Parallel()
	h := newHouse(t, geoiptest.Places{"10.0.0.0/8": geoiptest.London})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if city(h.db.Lookup("10.1.2.3")) != "London" {
					t.Error("not in London")
					return
				}
				h.later()
			}
		})
	}
	for i := range 5 {
		geoiptest.Write(t, h.path+".next", geoiptest.Places{"10.0.0.0/8": geoiptest.London})
		if err := os.Chtimes(h.path+".next", time.Time{}, time.Unix(int64(i), 0)); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(h.path+".next", h.path); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}

// FuzzLookup: no text of an address can harm.
func FuzzLookup(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.mmdb")
	geoiptest.Write(f, path, geoiptest.Places{"89.160.20.0/24": geoiptest.London})
	db, err := geoip.Open(geoip.Config{Path: path})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"89.160.20.129", "::ffff:89.160.20.1", "2001:db8::1%x", "", "1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ip string) {
		if v := db.Lookup(ip); !v.IsNull() && city(v) != "London" {
			t.Errorf("%q gives %s", ip, vm.AppendJSON(nil, v))
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	path := filepath.Join(b.TempDir(), "x.mmdb")
	geoiptest.Write(b, path, geoiptest.Places{"89.160.20.0/24": geoiptest.London})
	db, err := geoip.Open(geoip.Config{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		db.Lookup("89.160.20.129")
	}
}
