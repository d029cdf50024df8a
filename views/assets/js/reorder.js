// Ordering a list, five equal ways: drag, keys on the handle, Alt+arrows in the
// row, up and down buttons, and the browser's undo keys. A move is staged: the
// list changes, the order that runs does not, until the form is sent.
//
// Markup: a list [data-hp-reorder="form id"] of [data-hp-item] with data-hp-name,
// each holding a hidden input name=order that belongs to the form, a
// [data-hp-handle], [data-hp-position], [data-hp-was] and [data-hp-move="up|down"].
// The form is (or holds) the staged bar: hidden while nothing is staged, with
// [data-hp-staged-text] and [data-hp-undo-move]. data-hp-noun names one item.
// hp:reorder is sent from the list after each move.
import Sortable, { AutoScroll } from "sortablejs/modular/sortable.core.esm.js";
import { say } from "./announce.js";

Sortable.mount(new AutoScroll());

const calm = matchMedia("(prefers-reduced-motion: reduce)");

class Order {
  constructor(list) {
    this.list = list;
    this.form = document.getElementById(list.dataset.hpReorder);
    this.reset();
    this.sortable = Sortable.create(list, {
      handle: "[data-hp-handle]", draggable: "[data-hp-item]",
      forceFallback: true, fallbackTolerance: 4, animation: calm.matches ? 0 : 120,
      onStart: () => { this.dragged = this.items(); list.dataset.island = ""; },
      onEnd: (event) => this.dropped(event.item),
    });
    list.addEventListener("keydown", (e) => this.key(e));
    list.addEventListener("focusout", (e) => this.left(e));
    // Capture: with script a move button stages, it does not send the form.
    list.addEventListener("click", (e) => this.button(e), true);
    this.form.addEventListener("click", (e) => {
      if (e.target.closest("[data-hp-undo-move]")) this.undo();
    });
  }

  // reset takes the order on the page as the one that runs.
  reset() {
    this.applied = this.items();
    this.past = [];
    this.future = [];
    this.lifted = null;
    this.show();
  }

  items() { return [...this.list.querySelectorAll(":scope > [data-hp-item]")]; }
  changed() { return this.items().some((item, i) => item !== this.applied[i]); }
  handle(item) { return item.querySelector("[data-hp-handle]"); }

  // arrange puts the items into the given order, keeping focus where it was.
  arrange(order) {
    const focused = document.activeElement;
    this.moving = true;
    for (const item of order) this.list.append(item);
    if (this.list.contains(focused)) focused.focus({ preventScroll: true });
    this.moving = false;
    this.show();
  }

  // moveTo changes the place of one item and returns whether it moved.
  moveTo(item, to) {
    const order = this.items();
    const from = order.indexOf(item);
    to = Math.max(0, Math.min(to, order.length - 1));
    if (from === to) return false;
    order.splice(to, 0, ...order.splice(from, 1));
    this.arrange(order);
    item.scrollIntoView({ block: "nearest" });
    return true;
  }

  // stage moves and remembers the order before, for undo.
  stage(item, to) {
    const before = this.items();
    if (!this.moveTo(item, to)) return;
    this.remember(before);
    say(`${item.dataset.hpName}, position ${this.place(item)} of ${before.length}`);
  }

  remember(before) {
    this.past.push(before);
    this.future = [];
    this.show();
    this.list.dispatchEvent(new CustomEvent("hp:reorder", { bubbles: true, detail: { order: this.items().map((i) => i.id) } }));
  }

  undo() { this.travel(this.past, this.future); }
  redo() { this.travel(this.future, this.past); }
  travel(from, to) {
    const order = from.pop();
    if (!order) return;
    to.push(this.items());
    this.arrange(order);
    if (this.form.contains(document.activeElement) || document.activeElement === document.body) this.handle(this.items()[0])?.focus();
    say(this.changed() ? "Move undone" : "Order as it was");
  }

  place(item) { return this.items().indexOf(item) + 1; }

  dropped(item) {
    delete this.list.dataset.island;
    const now = this.items();
    if (now.some((it, i) => it !== this.dragged[i])) {
      this.remember(this.dragged);
      say(`${item.dataset.hpName} dropped at position ${this.place(item)} of ${now.length}`);
    }
    this.handle(item)?.focus({ preventScroll: true });
  }

  button(event) {
    const button = event.target.closest("[data-hp-move]");
    if (!button) return;
    event.preventDefault();
    event.stopPropagation();
    const item = button.closest("[data-hp-item]");
    this.stage(item, this.place(item) - 1 + (button.dataset.hpMove === "up" ? -1 : 1));
    // At the end of the list the pressed button is disabled; its twin takes focus.
    if (button.disabled) item.querySelector("[data-hp-move]:not([disabled])")?.focus();
  }

  key(event) {
    const item = event.target.closest("[data-hp-item]");
    if (!item) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && step) {
      event.preventDefault();
      this.stage(item, this.place(item) - 1 + step);
    } else if (event.target.closest("[data-hp-handle]")) {
      this.handleKey(event, item, step);
    }
  }

  handleKey(event, item, step) {
    const end = { Home: 0, End: this.items().length - 1 }[event.key];
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      this.lifted ? this.drop() : this.lift(item);
    } else if (this.lifted === item && (step || end !== undefined)) {
      event.preventDefault();
      if (this.moveTo(item, step ? this.place(item) - 1 + step : end)) say(`Position ${this.place(item)} of ${this.items().length}`);
      this.help();
    } else if (this.lifted && event.key === "Escape") {
      event.preventDefault();
      this.cancel();
    }
  }

  lift(item) {
    this.lifted = item;
    this.before = this.items();
    item.classList.add("step-lifted");
    say(`${item.dataset.hpName} lifted, position ${this.place(item)} of ${this.before.length}`);
    this.help();
  }

  lower() {
    const item = this.lifted;
    item.classList.remove("step-lifted");
    this.lifted = null;
    this.help();
    return item;
  }

  drop() {
    const item = this.lower();
    if (this.items().some((it, i) => it !== this.before[i])) this.remember(this.before);
    say(`Dropped at position ${this.place(item)}`);
  }

  cancel() {
    const item = this.lower();
    this.arrange(this.before);
    say(`Cancelled, back at position ${this.place(item)}`);
  }

  // left: a lifted item that loses focus is dropped where it is.
  left(event) {
    if (!this.lifted || this.moving || this.lifted.contains(event.relatedTarget)) return;
    this.drop();
  }

  help() {
    const help = document.getElementById(this.list.dataset.hpHelp);
    if (!help) return;
    const state = help.querySelector("[data-hp-lift-state]");
    const item = this.lifted;
    state.textContent = item ? `${item.dataset.hpName} lifted, position ${this.place(item)} of ${this.items().length}` : state.dataset.hpLiftState;
    state.classList.toggle("step-was", Boolean(item));
  }

  // show writes what follows from the order: numbers, names, buttons, the bar.
  show() {
    const items = this.items();
    const moved = [];
    items.forEach((item, i) => {
      const was = this.applied.indexOf(item);
      item.querySelector("[data-hp-position]").textContent = i + 1;
      this.handle(item)?.setAttribute("aria-label", `Reorder ${item.dataset.hpName}, position ${i + 1} of ${items.length}`);
      const mark = item.querySelector("[data-hp-was]");
      if (mark) {
        mark.hidden = was === i;
        mark.textContent = `was ${was + 1} · `;
      }
      for (const button of item.querySelectorAll("[data-hp-move]")) button.disabled = button.dataset.hpMove === "up" ? i === 0 : i === items.length - 1;
      if (was !== i) moved.push({ name: item.dataset.hpName, was, now: i });
    });
    this.form.hidden = moved.length === 0;
    const text = this.form.querySelector("[data-hp-staged-text]");
    if (text) text.textContent = summary(moved);
    const undo = this.form.querySelector("[data-hp-undo-move]");
    if (undo) undo.hidden = this.past.length === 0;
  }
}

// summary names the item that was carried furthest; those that only made room
// for it are counted.
const summary = (moved) => {
  if (!moved.length) return "";
  const [first, ...rest] = [...moved].sort((a, b) => Math.abs(b.now - b.was) - Math.abs(a.now - a.was));
  const others = rest.length ? `, ${rest.length} ${rest.length === 1 ? "other step" : "other steps"} made room` : "";
  return `Order changed: ${first.name} ${first.was + 1} → ${first.now + 1}${others}.`;
};

const orders = new WeakMap();
const attach = () => {
  for (const list of document.querySelectorAll("[data-hp-reorder]")) {
    const known = orders.get(list);
    if (!known) {
      orders.set(list, new Order(list));
      list.hpVersion = list.dataset.hpVersion;
    } else if (list.hpVersion !== list.dataset.hpVersion) {
      // The server answered with a list of its own: that order runs now.
      list.hpVersion = list.dataset.hpVersion;
      known.reset();
    } else {
      known.show();
    }
  }
};
document.addEventListener("htmx:after:process", attach);
attach();

const staged = () => [...document.querySelectorAll("[data-hp-reorder]")].map((l) => orders.get(l)).find((o) => o?.changed());

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey)) return;
  if (event.target.closest?.("input,textarea,[contenteditable]")) return;
  const order = [...document.querySelectorAll("[data-hp-reorder]")].map((l) => orders.get(l))[0];
  if (!order || !(event.shiftKey ? order.future : order.past).length) return;
  event.preventDefault();
  event.shiftKey ? order.redo() : order.undo();
}, true);

// Leaving with staged moves asks first.
addEventListener("beforeunload", (event) => {
  if (staged()) event.preventDefault();
});
document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.sourceElement._htmx?.boosted || !staged()) return;
  if (!confirm("The new order is not applied yet. Leave without applying it?")) event.preventDefault();
});
