// Package browser drives the installed Chromium in tests. It is the one place
// that knows chromedp, whose interface still moves.
//
// A machine without Chromium fails the test: what people see is not optional.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Names under which distributions install Chromium, in order of preference.
var names = [...]string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Tab is one page of a browser of its own. Its methods end the test when what
// they ask for does not happen in time.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// Option changes how a tab is opened.
type Option func(*options)

type options struct {
	width, height int64
	features      []*emulation.MediaFeature
	noScript      bool
	touch         bool
}

// Size sets the window in CSS pixels; 1280 by 900 without it. Below 640 wide
// the tab is a phone with touch.
func Size(width, height int64) Option {
	return func(o *options) { o.width, o.height, o.touch = width, height, width < 640 }
}

// Dark asks for the dark colour scheme.
func Dark() Option { return feature("prefers-color-scheme", "dark") }

// ReducedMotion asks for no animation.
func ReducedMotion() Option { return feature("prefers-reduced-motion", "reduce") }

// ForcedColors is a high-contrast system theme.
func ForcedColors() Option { return feature("forced-colors", "active") }

func feature(name, value string) Option {
	return func(o *options) {
		o.features = append(o.features, &emulation.MediaFeature{Name: name, Value: value})
	}
}

// NoScript switches JavaScript off.
func NoScript() Option { return func(o *options) { o.noScript = true } }

// Open opens a tab that ends with the test.
func Open(t testing.TB, opts ...Option) *Tab {
	t.Helper()
	o := options{width: 1280, height: 900}
	for _, opt := range opts {
		opt(&o)
	}
	parent, err := shared().start()
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	tab := &Tab{t: t}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.listen))
	t.Cleanup(cancel)
	tab.ctx = ctx
	tab.do("open", chromedp.Do(ctx)) // no deadline here: it would be the tab's life
	tab.prepare(o)
	return tab
}

// shared is the one browser of all tests of a package; each tab has its own
// cookies and storage. It is started by the first tab and ended by Main.
var shared = sync.OnceValue(func() *process { return &process{} })

type process struct {
	mu  sync.Mutex
	ctx context.Context
}

// Main runs a package's tests and ends the browser they used:
//
//	func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	p := shared()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx == nil {
		return code
	}
	ended := make(chan error, 1)
	go func() { ended <- chromedp.Cancel(p.ctx) }()
	select {
	case err := <-ended:
		if err != nil {
			fmt.Fprintln(os.Stderr, "browser: close:", err)
		}
	case <-time.After(patience):
		fmt.Fprintln(os.Stderr, "browser: does not close; it ends with this process")
	}
	return code
}

// start returns the browser's context, and starts it if need be.
func (p *process) start() (context.Context, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx != nil {
		return p.ctx, nil
	}
	path, err := find()
	if err != nil {
		return nil, err
	}
	allocator := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("font-render-hinting", "none"))
	// Both cancel functions are left to chromedp.Cancel, which waits for the end.
	ctx, _ := chromedp.NewExecAllocator(context.Background(), allocator...)
	ctx, _ = chromedp.NewContext(ctx)
	if err := chromedp.Do(ctx); err != nil { // the browser's life: it has no deadline
		return nil, err
	}
	p.ctx = ctx
	return ctx, nil
}

func find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium in PATH (looked for %v); browser tests need one", names)
}

func (b *Tab) prepare(o options) {
	viewport := []chromedp.EmulateViewportOption{}
	if o.touch {
		viewport = append(viewport, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	b.run("prepare", chromedp.EmulateViewport(o.width, o.height, viewport...))
	b.run("listen", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: o.noScript}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: o.features})
		return err
	}))
}

// listen keeps what a healthy page never says: policy violations, failed
// loads, uncaught exceptions.
func (b *Tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" {
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.problems = append(b.problems, text)
	}
}

// Problems returns what went wrong in the page since the last call: policy
// violations, failed loads, uncaught exceptions.
func (b *Tab) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.problems
	b.problems = nil
	return out
}

// patience bounds one step.
const patience = 15 * time.Second

func (b *Tab) run(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	b.do(what, chromedp.Do(ctx, steps...))
}

func (b *Tab) do(what string, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("browser: %s: %v", what, err)
	}
}

// Go loads a page.
func (b *Tab) Go(url string) {
	b.t.Helper()
	b.run("go to "+url, chromedp.Navigate(url))
}

// Click presses the first element a CSS selector finds, once it is visible.
func (b *Tab) Click(selector string) {
	b.t.Helper()
	b.run("click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Type focuses an element and types a text.
func (b *Tab) Type(selector, text string) {
	b.t.Helper()
	b.run("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Focus gives an element focus.
func (b *Tab) Focus(selector string) {
	b.t.Helper()
	b.run("focus "+selector, chromedp.Focus(chromedp.CSS(selector)))
}

// Keys of the keyboard that have no character.
const (
	Up     = kb.ArrowUp
	Down   = kb.ArrowDown
	Left   = kb.ArrowLeft
	Right  = kb.ArrowRight
	Home   = kb.Home
	End    = kb.End
	Escape = kb.Escape
	Enter  = kb.Enter
	Tabs   = kb.Tab
)

// Press sends keys to whatever has focus.
func (b *Tab) Press(keys string) {
	b.t.Helper()
	b.run("press a key", chromedp.KeyEvent(keys))
}

// PressAlt sends a key with Alt.
func (b *Tab) PressAlt(key string) { b.modified(key, chromedp.ModifierAlt) }

// PressCtrl sends a key with Control.
func (b *Tab) PressCtrl(key string) { b.modified(key, chromedp.ModifierCtrl) }

// PressShift sends a key with Shift.
func (b *Tab) PressShift(key string) { b.modified(key, chromedp.ModifierShift) }

func (b *Tab) modified(key string, m chromedp.Modifier) {
	b.t.Helper()
	b.run("press a key", chromedp.KeyEvent(key, chromedp.KeyModifiers(m)))
}

// Drag carries one element onto another with the mouse.
func (b *Tab) Drag(from, to string) {
	b.t.Helper()
	b.run("drag "+from, chromedp.DragAndDrop(chromedp.CSS(from), chromedp.CSS(to)))
}

// Eval returns the value of a JavaScript expression, which may be a promise.
func Eval[T any](b *Tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	b.do("evaluate "+expression, err)
	return v
}

// Wait returns once a JavaScript expression is true. It asks from outside the
// page, again and again, because a page takes its own timers along when it is
// left and has none when scripts are off.
func (b *Tab) Wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		yes, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if yes && err == nil {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			b.t.Fatalf("browser: waited for %s (last: %v, problems: %v)", expression, err, b.Problems())
		}
	}
}

// Text returns the visible text of the first element a CSS selector finds.
func (b *Tab) Text(selector string) string {
	b.t.Helper()
	return Eval[string](b, fmt.Sprintf("document.querySelector(%q).innerText", selector))
}

// Path returns the path and query of the page.
func (b *Tab) Path() string {
	b.t.Helper()
	return Eval[string](b, "location.pathname + location.search")
}

// artifacts is where pictures go: the folder named by HOGPEN_ARTIFACTS, which
// "make test" sets, or nowhere.
const artifacts = "HOGPEN_ARTIFACTS"

// Picture keeps the whole page as name.png, when pictures are wanted.
func (b *Tab) Picture(name string) {
	b.t.Helper()
	folder := os.Getenv(artifacts)
	if folder == "" {
		return
	}
	b.Wait("document.fonts.status === 'loaded'")
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	b.do("picture "+name, err)
	b.do("picture "+name, os.MkdirAll(folder, 0o755))
	b.do("picture "+name, os.WriteFile(filepath.Join(folder, name+".png"), png, 0o644))
}
