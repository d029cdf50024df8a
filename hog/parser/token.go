package parser

import (
	"strings"

	"hogpen/hog/ast"
)

// kind is the type of a token.
type kind uint8

const (
	tokEOF   kind = iota
	tokIdent      // plain, keywords included
	tokQuoted
	tokInt
	tokFloat // with an exponent; 1.5 is three tokens, so that t.1.2 can be read
	tokString
	tokBad // what no rule matches; already reported

	tokTemplateStart // f'
	tokText          // literal text of a template or a tag
	tokTemplateEnd

	tokTagOpen      // <name
	tokTagName      // the name of an attribute
	tokTagEnd       // > of an opening tag
	tokTagSelfClose // />
	tokTagClose     // </name>

	tokLParen
	tokRParen
	tokLBracket
	tokRBracket
	tokLBrace
	tokRBrace
	tokComma
	tokSemicolon
	tokDot
	tokNullDot // ?.
	tokNullish // ??
	tokQuestion
	tokColon
	tokDoubleColon
	tokAssign // :=
	tokArrow
	tokConcat // ||
	tokPlus
	tokMinus
	tokStar
	tokSlash
	tokPercent
	tokEq
	tokEqEq
	tokNotEq // != and <>
	tokLt
	tokLtEq
	tokGt
	tokGtEq
	tokRegex // =~ and ~
	tokNotRegex
	tokIRegex // =~* and ~*
	tokNotIRegex
	tokHash
	tokSlashGt // /> outside a tag
	tokLtSlash // </ outside a tag
)

// token is one token: its kind, which keyword it is (when it is a plain
// identifier), and where it stands.
type token struct {
	kind  kind
	kw    keyword
	start int32
	end   int32
}

func (t token) span() ast.Span { return ast.Span{Start: t.start, End: t.end} }

// keyword is a word that steers parsing. kwNone is any other identifier.
type keyword uint8

const (
	kwNone keyword = iota
	// The reserved words: never a name.
	kwLet
	kwFn
	kwFun
	kwWhile
	kwTry
	kwCatch
	kwFinally
	kwThrow
	kwExcept
	kwIntersect
	kwMaterialized
	kwWithin
	kwNull
	kwNan
	kwInf
	kwInfinity
	kwLastReserved = kwInfinity
)

// The words that are names as well.
const (
	kwIf keyword = kwLastReserved + 1 + iota
	kwElse
	kwFor
	kwReturn
	kwNot
	kwAnd
	kwOr
	kwIs
	kwIn
	kwLike
	kwILike
	kwBetween
	kwCase
	kwWhen
	kwThen
	kwEnd
	kwCast
	kwTryCast
	kwInterval
	kwDate
	kwTimestamp
	kwArray
	kwLambda
	kwColumns
	kwSubstring
	kwTrim
	kwDistinct
	kwSelect
	kwAs
	kwCohort
	kwIgnore
	kwNulls
	kwOver
	kwFilter
	kwWith
	kwFrom
)

// keywordOf finds the keyword that an identifier is, ignoring case. A switch
// on the lower-case word needs no table that has to be built first.
func keywordOf(word string) keyword {
	if len(word) < 2 || len(word) > 12 {
		return kwNone
	}
	switch strings.ToLower(word) {
	case "let":
		return kwLet
	case "fn":
		return kwFn
	case "fun":
		return kwFun
	case "while":
		return kwWhile
	case "try":
		return kwTry
	case "catch":
		return kwCatch
	case "finally":
		return kwFinally
	case "throw":
		return kwThrow
	case "except":
		return kwExcept
	case "intersect":
		return kwIntersect
	case "materialized":
		return kwMaterialized
	case "within":
		return kwWithin
	case "null":
		return kwNull
	case "nan":
		return kwNan
	case "inf":
		return kwInf
	case "infinity":
		return kwInfinity
	}
	return steeringWord(strings.ToLower(word))
}

func steeringWord(word string) keyword {
	switch word {
	case "if":
		return kwIf
	case "else":
		return kwElse
	case "for":
		return kwFor
	case "return":
		return kwReturn
	case "not":
		return kwNot
	case "and":
		return kwAnd
	case "or":
		return kwOr
	case "is":
		return kwIs
	case "in":
		return kwIn
	case "like":
		return kwLike
	case "ilike":
		return kwILike
	case "between":
		return kwBetween
	case "case":
		return kwCase
	case "when":
		return kwWhen
	case "then":
		return kwThen
	case "end":
		return kwEnd
	case "cast":
		return kwCast
	case "try_cast":
		return kwTryCast
	case "interval":
		return kwInterval
	case "date":
		return kwDate
	case "timestamp":
		return kwTimestamp
	case "array":
		return kwArray
	case "lambda":
		return kwLambda
	case "columns":
		return kwColumns
	case "substring":
		return kwSubstring
	case "trim":
		return kwTrim
	case "distinct":
		return kwDistinct
	case "select":
		return kwSelect
	case "as":
		return kwAs
	case "cohort":
		return kwCohort
	case "ignore":
		return kwIgnore
	case "nulls":
		return kwNulls
	case "over":
		return kwOver
	case "filter":
		return kwFilter
	case "with":
		return kwWith
	case "from":
		return kwFrom
	}
	return kwNone
}

func (k keyword) reserved() bool { return k != kwNone && k <= kwLastReserved }

// IsReserved reports whether word can never be a plain name, not even after a
// dot. Case is ignored.
func IsReserved(word string) bool { return keywordOf(word).reserved() }

// Steers reports whether word, though it may be a name, takes part in some
// construct, so that writing it plain can be read in two ways.
func Steers(word string) bool { return keywordOf(word) != kwNone }

// IsPlainName reports whether word has the shape of an unquoted identifier.
func IsPlainName(word string) bool {
	if word == "" || !isNameStart(word[0]) {
		return false
	}
	for i := 1; i < len(word); i++ {
		if !isNamePart(word[i]) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool    { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool     { return c >= '0' && c <= '9' }
func isNameStart(c byte) bool { return isLetter(c) || c == '_' || c == '$' }
func isNamePart(c byte) bool  { return isNameStart(c) || isDigit(c) }
func isHex(c byte) bool       { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
