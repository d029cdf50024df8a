// Hog for CodeMirror: a tokenizer by line, with the classes that code shown by
// the server uses too (.tok-k and so on). It colours; it does not parse.
import { StreamLanguage, HighlightStyle } from "@codemirror/language";
import { tags } from "@lezer/highlight";
import { globals, keywords } from "./hog-words.js";

export { keywords };
const keyword = new Set(keywords);
const global = new Set(globals);

const pop = (state) => void state.stack.pop();

// text eats a string up to its end or, in f-strings, up to "{".
const text = (stream, state, frame) => {
  while (!stream.eol()) {
    const c = stream.next();
    if (c === "\\") stream.next();
    else if (c === frame.quote && !stream.eat(frame.quote)) return pop(state), "string";
    else if (c === "{" && frame.template) {
      state.stack.push({ code: true, depth: 0 });
      return "string";
    }
  }
  return "string";
};

const code = (stream, state, frame) => {
  if (stream.eatSpace()) return null;
  if (stream.match(/^(\/\/|--|#(?!\d)).*/)) return "comment";
  if (stream.match("/*")) return state.stack.push({ comment: true }), "comment";
  const open = stream.match(/^(f?)'/);
  if (open) return state.stack.push({ quote: "'", template: open[1] === "f" }), "string";
  // Double quotes and backticks hold names in Hog, not strings.
  if (stream.match(/^"([^"\\]|\\.|"")*"/) || stream.match(/^`([^`\\]|\\.|``)*`/)) return "variable";
  if (stream.match(/^(0x[\da-f]+|\d+(\.\d+)?(e[+-]?\d+)?)/i)) return "number";
  const word = stream.match(/^[A-Za-z_$][\w$]*/);
  if (word) {
    const name = word[0];
    if (keyword.has(name.toLowerCase())) return "keyword";
    if (stream.match(/^\s*\(/, false)) return "function";
    return global.has(name) ? "global" : "variable";
  }
  const c = stream.next();
  if (frame && c === "{") frame.depth++;
  else if (frame && c === "}" && frame.depth-- === 0) return pop(state), "string";
  return null;
};

export const hog = StreamLanguage.define({
  name: "hog",
  startState: () => ({ stack: [] }),
  copyState: (state) => ({ stack: state.stack.map((f) => ({ ...f })) }),
  token(stream, state) {
    const frame = state.stack.at(-1);
    if (frame?.comment) {
      if (stream.match(/^.*?\*\//)) pop(state);
      else stream.skipToEnd();
      return "comment";
    }
    return frame?.quote ? text(stream, state, frame) : code(stream, state, frame);
  },
  languageData: { commentTokens: { line: "//", block: { open: "/*", close: "*/" } }, closeBrackets: { brackets: ["(", "[", "{", "'"] } },
  tokenTable: { function: tags.function(tags.variableName), global: tags.standard(tags.variableName) },
});

export const hogHighlight = HighlightStyle.define([
  { tag: tags.keyword, class: "tok-k" },
  { tag: tags.string, class: "tok-s" },
  { tag: tags.number, class: "tok-n" },
  { tag: tags.function(tags.variableName), class: "tok-f" },
  { tag: tags.standard(tags.variableName), class: "tok-g" },
  { tag: tags.comment, class: "tok-c" },
]);
