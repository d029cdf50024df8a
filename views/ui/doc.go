// Package ui is the kit: the components that pages are made of. It knows no
// noun of Hogpen.
//
// A component is a templ function of one Props struct whose zero value is
// useful, with children for its content. Looks are classes of
// views/assets/css/kit.css and data.css; pages only arrange. Behaviour is a
// data-hp-… attribute and a module of views/assets/js; everything works as
// plain HTML first. No component writes a style attribute or a handler: the
// content policy forbids both, so dynamic sizes are SVG attributes.
//
// Three rules keep swaps harmless: what may be swapped has a stable id made of
// kind and record id, what floats is a popover or dialog, and text that
// describes a control is tied to it by id ([Field] does that).
package ui

import (
	"context"

	"github.com/a-h/templ"
)

// Env is what components need of the request: web/respond puts it into the
// context with [WithEnv] before it renders.
type Env struct {
	CSRF  string // the session's token, for hidden fields
	Nonce string // of the style policy, for the code editor
}

type envKey struct{}

// WithEnv returns a context whose components know env.
func WithEnv(ctx context.Context, env Env) context.Context {
	return context.WithValue(ctx, envKey{}, env)
}

// EnvOf returns the context's Env, or the zero one.
func EnvOf(ctx context.Context) Env {
	env, _ := ctx.Value(envKey{}).(Env)
	return env
}

// Attrs are further attributes of an element, such as data-hp-copy.
type Attrs = templ.Attributes

// spread gives an Attributer for an optional one; templ cannot spread nil.
func spread(a templ.Attributer) templ.Attributer {
	if a == nil {
		return Attrs{}
	}
	return a
}

// Tone is one of the six meanings of colour. It never stands alone: an icon and
// a word say the same.
type Tone string

// The tones. Mute is the zero value.
const (
	Mute   Tone = ""
	OK     Tone = "ok"
	Warn   Tone = "warn"
	Bad    Tone = "bad"
	Info   Tone = "info"
	Hold   Tone = "hold"
	Accent Tone = "accent" // chips only: something to act on
	Tag    Tone = "tag"    // chips only: a label people gave
)

// class joins a base class and a variant: class("chip", "ok") is "chip chip-ok".
func class(base, variant string) string {
	if variant == "" {
		return base
	}
	return base + " " + base + "-" + variant
}

// opt gives the attributes whose value is not empty: opt("id", p.ID, "name", p.Name).
func opt(pairs ...string) templ.Attributer {
	var out templ.OrderedAttributes
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, templ.KeyValue[string, any]{Key: pairs[i], Value: pairs[i+1]})
		}
	}
	return out
}
