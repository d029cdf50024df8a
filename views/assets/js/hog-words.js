// Made from hog/tokens by go generate; change it there.
export const keywords = ["let", "fn", "fun", "if", "else", "for", "while", "return", "try", "catch", "finally", "throw", "case", "when", "then", "end", "and", "or", "not", "in", "like", "ilike", "is", "between", "null", "true", "false", "nan", "inf", "infinity"];
export const globals = ["event", "person", "groups", "project", "source", "inputs", "request"];
