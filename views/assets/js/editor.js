// <hog-editor>: a textarea until this module wakes it, CodeMirror after that.
// The textarea stays in the form and always holds the text.
//
//   <hog-editor check="URL" complete="URL" nonce="…" label="Hog code">
//     <textarea name="hog">…</textarea>
//   </hog-editor>
//
// check: the source is posted there as a form field "source" (plus "kind", the
// attribute of that name), 400 ms after the last key, and the answer is
//   {"diagnostics":[{"line":1,"column":5,"end_line":1,"end_column":9,
//     "severity":"error|warning|info","message":"…","hint":"…"}]}
// Lines and columns count from 1, columns in characters. A newer text cancels
// the check of an older one.
// complete: a JSON list of {"label","type","detail","info","apply"}, fetched
// once. hp:checked is sent from the element after each check.
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars } from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab, toggleTabFocusMode } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { setDiagnostics, lintGutter, nextDiagnostic, lintKeymap } from "@codemirror/lint";
import { searchKeymap, highlightSelectionMatches } from "@codemirror/search";
import { hog, hogHighlight, keywords } from "./hog.js";

const csrf = () => document.querySelector("meta[name=csrf-token]")?.content ?? "";

class HogEditor extends HTMLElement {
  connectedCallback() {
    if (this.view) return;
    this.area = this.querySelector("textarea");
    if (!this.area) return;
    this.wake();
  }

  // CodeMirror measures its lines once, so the font has to be there first; it is
  // asked for here, since nothing else on the page may use it.
  async wake() {
    const font = document.fonts.load('13px "Atkinson Hyperlegible Mono"').catch(() => {});
    await Promise.race([font, new Promise((done) => setTimeout(done, 1500))]);
    if (this.view || !this.isConnected) return;
    this.build();
    this.setAttribute("data-awake", "");
    this.setAttribute("data-island", "");
    this.check();
  }

  // value reads and sets the text.
  get value() { return this.view ? this.view.state.doc.toString() : this.area.value; }
  set value(text) {
    if (!this.view) return void (this.area.value = text);
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  build() {
    const box = document.createElement("div");
    box.className = "editor";
    this.problems = document.createElement("div");
    this.problems.className = "editor-problems";
    this.problems.hidden = true;
    this.bar = document.createElement("div");
    this.bar.className = "editor-bar";
    this.append(box);
    const label = this.getAttribute("label") ?? "Hog code";
    const help = `${this.area.id || "hog"}-keys`;
    this.view = new EditorView({
      parent: box,
      state: EditorState.create({ doc: this.area.value, extensions: this.extensions(label, help) }),
    });
    const keys = document.createElement("span");
    keys.id = help;
    keys.textContent = "Tab indents; Esc, then Tab leaves the editor. F8 goes to the next problem.";
    this.status = document.createElement("span");
    this.status.className = "ml-auto";
    this.bar.append(keys, this.status);
    box.append(this.problems, this.bar);
    this.area.form?.addEventListener("reset", () => setTimeout(() => (this.value = this.area.value)));
  }

  extensions(label, help) {
    const readOnly = this.area.readOnly || this.area.disabled;
    // The policy in force is that of the document, which a boosted link keeps;
    // the page that it swapped in carries a nonce of its own.
    const nonce = document.querySelector("meta[name=style-nonce]")?.content || this.getAttribute("nonce");
    return [
      nonce ? EditorView.cspNonce.of(nonce) : [],
      lineNumbers(), history(), drawSelection(), highlightSpecialChars(), highlightActiveLine(), highlightActiveLineGutter(),
      indentOnInput(), indentUnit.of("    "), bracketMatching(), closeBrackets(), highlightSelectionMatches(),
      EditorView.lineWrapping, lintGutter(), hog, syntaxHighlighting(hogHighlight),
      autocompletion({ override: [(c) => this.complete(c)] }),
      keymap.of([
        { key: "F8", run: nextDiagnostic }, { key: "Ctrl-m", run: toggleTabFocusMode },
        ...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab,
      ]),
      EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly),
      EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": help, spellcheck: "false", autocapitalize: "off" }),
      EditorView.updateListener.of((update) => update.docChanged && this.changed()),
    ];
  }

  changed() {
    this.area.value = this.value;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.check(), 400);
  }

  async complete(context) {
    const word = context.matchBefore(/[\w$][\w$.]*/);
    if (!word && !context.explicit) return null;
    this.known ??= this.fetchCompletions();
    return { from: word?.from ?? context.pos, options: await this.known, validFor: /^[\w$.]*$/ };
  }

  async fetchCompletions() {
    const own = keywords.map((label) => ({ label, type: "keyword" }));
    const url = this.getAttribute("complete");
    if (!url) return own;
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      return answer.ok ? own.concat(await answer.json()) : own;
    } catch {
      return own;
    }
  }

  async check() {
    const url = this.getAttribute("check");
    if (!url) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    try {
      const body = new URLSearchParams({ source: this.value, kind: this.getAttribute("kind") ?? "" });
      const answer = await fetch(url, { method: "POST", body, signal: asking.signal, headers: { Accept: "application/json", "X-CSRF-Token": csrf() } });
      if (!answer.ok) throw new Error(answer.status);
      const { diagnostics } = await answer.json();
      this.mark(diagnostics ?? []);
    } catch (error) {
      if (error.name !== "AbortError") this.status.textContent = "Could not check the code";
    }
  }

  mark(found) {
    const doc = this.view.state.doc;
    const marks = found.map((d) => {
      const from = offset(doc, d.line, d.column);
      const to = d.end_line ? offset(doc, d.end_line, d.end_column) : from;
      return { from, to: Math.max(to, Math.min(from + 1, doc.length)), severity: d.severity, message: d.hint ? `${d.message} ${d.hint}` : d.message };
    });
    this.view.dispatch(setDiagnostics(this.view.state, marks));
    this.list(found, marks);
    const errors = found.filter((d) => d.severity === "error").length;
    this.status.textContent = errors ? `${errors} ${errors === 1 ? "problem" : "problems"}` : "No problems";
    this.dispatchEvent(new CustomEvent("hp:checked", { bubbles: true, detail: { errors, diagnostics: found } }));
  }

  list(found, marks) {
    this.problems.hidden = !found.length;
    this.problems.replaceChildren(
      ...found.map((d, i) => {
        const button = document.createElement("button");
        button.type = "button";
        const place = document.createElement("b");
        place.textContent = `${d.line}:${d.column}`;
        const text = document.createElement("span");
        text.textContent = marks[i].message;
        button.append(place, text);
        button.addEventListener("click", () => {
          this.view.dispatch({ selection: { anchor: marks[i].from }, scrollIntoView: true });
          this.view.focus();
        });
        return button;
      }),
    );
  }
}

// offset turns line and column (characters) into CodeMirror's UTF-16 offset.
const offset = (doc, line, column) => {
  const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
  let units = 0;
  for (const char of at.text) {
    if (--column <= 0) break;
    units += char.length;
  }
  return at.from + Math.min(units, at.length);
};

customElements.define("hog-editor", HogEditor);
