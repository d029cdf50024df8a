// Pointer, touch and keys on a chart. [data-hp-chart] is one focusable element;
// each [data-hp-bucket] in it is a rectangle over one bucket with data-label,
// data-values ("41|93", in the order of data-series) and, where it leads
// somewhere, data-href. The numbers come from the attributes, so the tooltip
// says what the table says.
import { say } from "./announce.js";

class Chart {
  constructor(root) {
    this.root = root;
    this.series = JSON.parse(root.dataset.series);
    this.at = -1;
    root.addEventListener("pointermove", (e) => this.to(this.under(e), false));
    root.addEventListener("pointerdown", (e) => this.to(this.under(e), false));
    root.addEventListener("pointerleave", () => document.activeElement !== root && this.to(-1, false));
    root.addEventListener("blur", () => this.to(-1, false));
    root.addEventListener("keydown", (e) => this.key(e));
    root.addEventListener("dblclick", () => this.open());
  }

  // Buckets are looked up each time: a morph may have replaced them.
  buckets() { return [...this.root.querySelectorAll("[data-hp-bucket]")]; }
  under(event) { return this.buckets().indexOf(event.target.closest?.("[data-hp-bucket]")); }

  key(event) {
    const n = this.buckets().length;
    const to = { ArrowLeft: this.at < 0 ? n - 1 : this.at - 1, ArrowRight: this.at + 1, Home: 0, End: n - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.to(Math.max(0, Math.min(to, n - 1)), true);
    } else if (event.key === "Escape") this.to(-1, false);
    else if (event.key === "Enter") this.open();
  }

  open() {
    const href = this.buckets()[this.at]?.dataset.href;
    if (href) location.href = href;
  }

  to(at, aloud) {
    if (at === this.at) return;
    this.at = at;
    const bucket = this.buckets()[at];
    const tip = this.root.querySelector("[data-hp-tip]");
    const cursor = this.root.querySelector("[data-hp-cursor]");
    tip.hidden = !bucket;
    cursor.setAttribute("visibility", bucket ? "visible" : "hidden");
    if (!bucket) return;
    for (const name of ["x", "width"]) cursor.setAttribute(name, bucket.getAttribute(name));
    const rows = bucket.dataset.values.split("|").map((value, i) => ({ ...this.series[i], value })).filter((r) => r.value !== "0");
    this.fill(tip, bucket.dataset.label, rows);
    this.place(tip, bucket);
    if (aloud) say(`${bucket.dataset.label}: ${rows.map((r) => `${r.value} ${r.name}`).join(", ") || "nothing"}`);
  }

  fill(tip, label, rows) {
    const head = document.createElement("b");
    head.textContent = label;
    const list = document.createElement("ul");
    for (const row of rows) {
      const item = document.createElement("li");
      const swatch = document.createElement("i");
      swatch.className = `swatch ${row.class}`;
      const name = document.createElement("span");
      name.textContent = row.name;
      const value = document.createElement("b");
      value.textContent = Number.isNaN(Number(row.value)) ? row.value : Number(row.value).toLocaleString("en");
      item.append(swatch, name, value);
      list.append(item);
    }
    tip.replaceChildren(head, rows.length ? list : "Nothing in this bucket");
  }

  // The tip stands beside the bucket, on the side that has room.
  place(tip, bucket) {
    const plot = this.root.getBoundingClientRect();
    const box = bucket.getBoundingClientRect();
    const right = box.right - plot.left + 12;
    const left = right + tip.offsetWidth > plot.width ? box.left - plot.left - tip.offsetWidth - 12 : right;
    tip.style.left = `${Math.max(0, left)}px`;
  }
}

const known = new WeakSet();
const attach = () => {
  for (const root of document.querySelectorAll("[data-hp-chart]")) {
    if (known.has(root)) continue;
    known.add(root);
    new Chart(root);
  }
};
document.addEventListener("htmx:after:process", attach);
attach();
