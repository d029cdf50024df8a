// Package tokens is the table of Hog's words and marks for programs that
// colour source: one list, from which the editor's word lists
// (views/assets/js/hog-words.js), the TextMate grammar
// (docs/hog.tmLanguage.json) and the lexer for chroma (docs/hog.chroma.xml) are
// made by go generate. A test compares the table
// with the lexer, which decides.
package tokens

//go:generate go run ./gen ../..

// Class is what a word is for.
type Class string

// The classes. A word of ClassQuery only means something inside a construct of
// SQL and is a plain name elsewhere, so nobody colours it.
const (
	ClassControl     Class = "control"
	ClassDeclaration Class = "declaration"
	ClassOperator    Class = "operator"
	ClassConstant    Class = "constant"
	ClassQuery       Class = "query"
)

// Word is a word that the language knows. Case does not matter.
type Word struct {
	Text     string
	Class    Class
	Reserved bool // never a name
}

// Words gives the table, by class.
func Words() []Word {
	return []Word{
		{"let", ClassDeclaration, true}, {"fn", ClassDeclaration, true}, {"fun", ClassDeclaration, true},

		{"if", ClassControl, false}, {"else", ClassControl, false}, {"for", ClassControl, false}, {"while", ClassControl, true},
		{"return", ClassControl, false}, {"try", ClassControl, true}, {"catch", ClassControl, true}, {"finally", ClassControl, true},
		{"throw", ClassControl, true}, {"case", ClassControl, false}, {"when", ClassControl, false}, {"then", ClassControl, false},
		{"end", ClassControl, false},

		{"and", ClassOperator, false}, {"or", ClassOperator, false}, {"not", ClassOperator, false}, {"in", ClassOperator, false},
		{"like", ClassOperator, false}, {"ilike", ClassOperator, false}, {"is", ClassOperator, false}, {"between", ClassOperator, false},

		{"null", ClassConstant, true}, {"true", ClassConstant, false}, {"false", ClassConstant, false}, {"nan", ClassConstant, true},
		{"inf", ClassConstant, true}, {"infinity", ClassConstant, true},

		{"except", ClassQuery, true}, {"intersect", ClassQuery, true}, {"materialized", ClassQuery, true}, {"within", ClassQuery, true},
		{"cast", ClassQuery, false}, {"try_cast", ClassQuery, false}, {"interval", ClassQuery, false}, {"date", ClassQuery, false},
		{"timestamp", ClassQuery, false}, {"array", ClassQuery, false}, {"lambda", ClassQuery, false}, {"columns", ClassQuery, false},
		{"substring", ClassQuery, false}, {"trim", ClassQuery, false}, {"distinct", ClassQuery, false}, {"select", ClassQuery, false},
		{"as", ClassQuery, false}, {"cohort", ClassQuery, false}, {"ignore", ClassQuery, false}, {"nulls", ClassQuery, false},
		{"over", ClassQuery, false}, {"filter", ClassQuery, false}, {"with", ClassQuery, false}, {"from", ClassQuery, false},
	}
}

// Globals are the roots that functions of every kind may read.
func Globals() []string {
	return []string{"event", "person", "groups", "project", "source", "inputs", "request"}
}

// Coloured gives the texts of the words of some classes, all but ClassQuery
// when none is named, in the order of the table.
func Coloured(classes ...Class) []string {
	var list []string
	for _, w := range Words() {
		wanted := len(classes) == 0 && w.Class != ClassQuery
		for _, c := range classes {
			wanted = wanted || w.Class == c
		}
		if wanted {
			list = append(list, w.Text)
		}
	}
	return list
}
