// Rows that can be added and removed: dictionaries, filters. [data-hp-rows]
// holds [data-hp-rows-list] with [data-hp-rows-row]s, a template
// [data-hp-rows-new] and a button [data-hp-rows-add], or a pair of them for each
// kind of row, which both name it; each row has a button [data-hp-rows-remove]. [data-hp-rows-none] shows while there is none. Without
// script the server has put one empty row at the end. A paste of several lines
// "key: value", "key=value" or of a JSON object into a key makes a row each.
import { say } from "./announce.js";

// The row for people without script is no child of the list but of a noscript,
// which is parsed into elements when an answer brings it.
const rowsOf = (root) => [...root.querySelector("[data-hp-rows-list]").children].filter((e) => e.matches("[data-hp-rows-row]"));
const first = (row) => row.querySelector("input:not([type=hidden]),select");
const told = (root) => {
  const none = root.querySelector("[data-hp-rows-none]");
  if (none) none.hidden = rowsOf(root).length > 0;
  root.dispatchEvent(new Event("input", { bubbles: true }));
};

const add = (root, after, kind = "") => {
  const row = root.querySelector(`[data-hp-rows-new="${kind}"]`).content.firstElementChild.cloneNode(true);
  if (after) after.after(row);
  else root.querySelector("[data-hp-rows-list]").append(row);
  return row;
};

const remove = (row) => {
  const root = row.closest("[data-hp-rows]");
  const rows = rowsOf(root);
  const at = rows.indexOf(row);
  const next = rows[at + 1] ?? rows[at - 1];
  row.remove();
  (next?.querySelector("[data-hp-rows-remove]") ?? root.querySelector("[data-hp-rows-add]"))?.focus();
  told(root);
  say("Removed");
};

document.addEventListener("click", (event) => {
  const adder = event.target.closest?.("[data-hp-rows-add]");
  if (adder) {
    const root = adder.closest("[data-hp-rows]");
    first(add(root, null, adder.dataset.hpRowsAdd))?.focus();
    told(root);
  }
  const row = event.target.closest?.("[data-hp-rows-remove]")?.closest("[data-hp-rows-row]");
  if (row) remove(row);
});

// pairs reads pasted text; null when it is no list of pairs.
const pairs = (text) => {
  try {
    const value = JSON.parse(text);
    if (value && typeof value === "object" && !Array.isArray(value)) {
      return Object.entries(value).map(([k, v]) => [k, typeof v === "string" ? v : `=${JSON.stringify(v)}`]);
    }
  } catch {
    // not JSON: lines, then
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  if (lines.length < 2) return null;
  const found = lines.map((line) => /^\s*([^:=]+?)\s*[:=]\s*(.*)$/.exec(line));
  return found.every(Boolean) ? found.map((m) => [m[1], m[2]]) : null;
};

document.addEventListener("paste", (event) => {
  const input = event.target.closest?.(".pair-key");
  const found = input && pairs(event.clipboardData.getData("text"));
  if (!found) return;
  event.preventDefault();
  let row = input.closest("[data-hp-rows-row]");
  const root = row.closest("[data-hp-rows]");
  found.forEach(([key, value], i) => {
    if (i > 0 || input.value) row = add(root, row);
    row.querySelector(".pair-key").value = key;
    row.querySelector(".pair-value").value = value;
  });
  told(root);
  say(`${found.length} rows`);
});

// A comparison without a value hides the field for one; its text stays.
const unary = (select) => {
  const value = select.closest("[data-hp-rows-row]").querySelector(".filter-value");
  if (value) value.hidden = select.dataset.hpUnary.split(" ").includes(select.value);
};
document.addEventListener("change", (event) => event.target.matches?.("[data-hp-unary]") && unary(event.target));
const all = () => document.querySelectorAll("[data-hp-unary]").forEach(unary);
document.addEventListener("htmx:after:process", all);
all();
