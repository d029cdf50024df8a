package oracle

import (
	"strconv"
	"strings"

	"hogpen/hog/ast"
)

// treeWriter writes Hogpen's tree with the names that PostHog's parser gives
// to nodes and fields.
type treeWriter struct{ strings.Builder }

func (w *treeWriter) block(class string, list []ast.Stmt) {
	w.WriteString(node(class, field{"declarations", stmts(list)}))
}

func stmts(list []ast.Stmt) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = stmt(s)
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func blockText(b *ast.Block) string {
	if b == nil {
		return ""
	}
	return node("Block", field{"declarations", stmts(b.Stmts)})
}

func stmt(s ast.Stmt) string {
	switch s := s.(type) {
	case nil:
		return ""
	case *ast.Let:
		return node("VariableDeclaration", field{"name", quoted(s.Name.Text)}, field{"expr", expr(s.Value)})
	case *ast.Assign:
		return node("VariableAssignment", field{"left", expr(s.Target)}, field{"right", expr(s.Value)})
	case *ast.ExprStmt:
		return node("ExprStatement", field{"expr", expr(s.Expr)})
	case *ast.Return:
		return node("ReturnStatement", field{"expr", expr(s.Value)})
	case *ast.Throw:
		return node("ThrowStatement", field{"expr", expr(s.Value)})
	case *ast.Block:
		return blockText(s)
	case *ast.Function:
		return node("Function", field{"name", quoted(s.Name.Text)}, field{"params", namesText(s.Params)}, field{"body", blockText(s.Body)})
	case *ast.Try:
		return tryText(s)
	}
	return control(s)
}

func control(s ast.Stmt) string {
	switch s := s.(type) {
	case *ast.If:
		return node("IfStatement", field{"expr", expr(s.Cond)}, field{"then", stmt(s.Then)}, field{"else_", stmt(s.Else)})
	case *ast.While:
		return node("WhileStatement", field{"expr", expr(s.Cond)}, field{"body", stmt(s.Body)})
	case *ast.For:
		return node("ForStatement", field{"initializer", stmt(s.Init)}, field{"condition", expr(s.Cond)}, field{"increment", stmt(s.Post)}, field{"body", stmt(s.Body)})
	case *ast.ForIn:
		key := ""
		if s.Key.Text != "" {
			key = quoted(s.Key.Text)
		}
		return node("ForInStatement", field{"keyVar", key}, field{"valueVar", quoted(s.Value.Text)}, field{"expr", expr(s.Expr)}, field{"body", stmt(s.Body)})
	}
	return "?"
}

func tryText(s *ast.Try) string {
	clauses := make([]string, len(s.Catches))
	for i, c := range s.Catches {
		clauses[i] = "[" + nameOrNull(c.Var.Text) + " " + nameOrNull(c.Type.Text) + " " + blockText(c.Body) + "]"
	}
	return node("TryCatchStatement", field{"try_stmt", blockText(s.Body)}, field{"catches", "[" + strings.Join(clauses, " ") + "]"}, field{"finally_stmt", blockText(s.Finally)})
}

func nameOrNull(s string) string {
	if s == "" {
		return "null"
	}
	return quoted(s)
}

func quoted(s string) string { return strconv.Quote(s) }

func namesText(list []ast.Name) string {
	parts := make([]string, len(list))
	for i, n := range list {
		parts[i] = quoted(n.Text)
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// expr writes an expression; nothing for none.
func expr(e ast.Expr) string {
	switch n := e.(type) {
	case nil:
		return ""
	case *ast.Constant:
		if n.Kind == ast.KindString {
			return "Constant{" + quoted(n.Str) + "}"
		}
		return "Constant{" + ast.Dump(n) + "}"
	case *ast.Dict:
		items := make([]string, len(n.Items))
		for i, item := range n.Items {
			items[i] = "[" + expr(item.Key) + " " + expr(item.Value) + "]"
		}
		return node("Dict", field{"items", "[" + strings.Join(items, " ") + "]"})
	case *ast.Lambda:
		body := expr(n.Expr)
		if n.Block != nil {
			body = blockText(n.Block)
		}
		return node("Lambda", field{"args", namesText(n.Params)}, field{"expr", body})
	case *ast.Placeholder:
		return node("Placeholder", field{"expr", expr(n.Expr)})
	case *ast.Tag:
		return tagText(n)
	}
	return rejected(e)
}

// rejected writes what parses and no compiler takes.
func rejected(e ast.Expr) string {
	switch n := e.(type) {
	case *ast.Cast:
		class := "TypeCast"
		if n.Try {
			class = "TryCast"
		}
		return node(class, field{"expr", expr(n.Expr)}, field{"type_name", quoted(strings.ToLower(n.Type))})
	case *ast.Slice:
		return node("ArraySlice", field{"array", expr(n.Array)}, field{"start_expr", expr(n.From)}, field{"end_expr", expr(n.To)})
	case *ast.Positional:
		return node("PositionalRef", field{"index", n.Index})
	case *ast.IsDistinct:
		negated := ""
		if n.Negated {
			negated = "true"
		}
		return node("IsDistinctFrom", field{"left", expr(n.Left)}, field{"right", expr(n.Right)}, field{"negated", negated})
	}
	return byMode(e)
}

func tagText(n *ast.Tag) string {
	parts := make([]string, len(n.Attributes))
	for i, a := range n.Attributes {
		value := expr(a.Value)
		if list, ok := a.Value.(*ast.Array); ok && a.Children {
			value = exprs(list.Exprs)
		}
		parts[i] = node("HogQLXAttribute", field{"name", quoted(a.Name)}, field{"value", value})
	}
	return node("HogQLXTag", field{"attributes", "[" + strings.Join(parts, " ") + "]"}, field{"kind", quoted(n.Kind)})
}

func exprs(list []ast.Expr) string {
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = expr(e)
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// byMode writes a node by its form in AST mode, which has the same names.
func byMode(n ast.Node) string {
	class, fields := ast.Mode(n)
	if class == "" {
		if e, ok := n.(ast.Expr); ok {
			if _, visitor, ok := ast.Rejected(e); ok {
				switch visitor {
				case "columns_expr":
					return "ColumnsExpr{}"
				case "window_function":
					return "WindowFunction{}"
				}
			}
		}
		return ast.Dump(n)
	}
	var out []field
	for _, f := range fields {
		if f.Name == "from_asterisk" || f.Name == "hidden" || f.Value.Kind == ast.ModeBool && !f.Value.Bool {
			continue
		}
		out = append(out, field{f.Name, modeValue(f.Value)})
	}
	return node(class, out...)
}

func modeValue(v ast.ModeValue) string {
	switch v.Kind {
	case ast.ModeNode:
		if e, ok := v.Node.(ast.Expr); ok {
			return expr(e)
		}
		return byMode(v.Node)
	case ast.ModeLiteral:
		return strings.TrimSuffix(strings.TrimPrefix(expr(v.Node.(*ast.Constant)), "Constant{"), "}")
	case ast.ModeText:
		return quoted(v.Text)
	case ast.ModeBool:
		return strconv.FormatBool(v.Bool)
	case ast.ModeList:
		parts := make([]string, len(v.List))
		for i, e := range v.List {
			parts[i] = modeValue(e)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case ast.ModeDict:
		// The parser lists what AST mode keys by name.
		return modeValue(ast.ModeValue{Kind: ast.ModeList, List: v.List})
	}
	return "null"
}
