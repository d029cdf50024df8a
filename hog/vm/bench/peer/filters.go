package main

import (
	"cel.dev/cel-go/cel"
	"github.com/expr-lang/expr"
)

// The nearest idiom for `ilike` is, in expr, lower-case and contains, and in
// CEL, which has no lower-case of its own, a regular expression.
func exprPeer(workload string, event map[string]any) ([]peer, error) {
	if workload != "filter" {
		return nil, nil
	}
	p, err := expr.Compile(`event == "$pageview" && properties["$browser"] == "Chrome" && lower(person.properties.email) contains "@example.com"`, expr.Env(event), expr.AsBool())
	if err != nil {
		return nil, err
	}
	return []peer{{"expr", func() (any, error) { return expr.Run(p, event) }}}, nil
}

func celPeer(workload string, event map[string]any) ([]peer, error) {
	if workload != "filter" {
		return nil, nil
	}
	env, err := cel.NewEnv(cel.Variable("event", cel.StringType), cel.Variable("properties", cel.MapType(cel.StringType, cel.DynType)), cel.Variable("person", cel.MapType(cel.StringType, cel.DynType)))
	if err != nil {
		return nil, err
	}
	tree, issues := env.Compile(`event == '$pageview' && properties['$browser'] == 'Chrome' && person.properties.email.matches('(?i)@example\\.com')`)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	p, err := env.Program(tree, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, err
	}
	return []peer{{"cel-go", func() (any, error) {
		v, _, err := p.Eval(event)
		if err != nil {
			return nil, err
		}
		return v.Value(), nil
	}}}, nil
}
