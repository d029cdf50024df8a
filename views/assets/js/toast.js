// Toasts: the server appends them to #toasts as partials, scripts call toast().
// Each leaves after data-hp-ttl milliseconds, but never while the pointer or
// focus is on it; 0 means it stays. At most three stand at once. Ctrl+Z outside
// text fields presses the newest Undo.
import { say, alarm } from "./announce.js";

const most = 3;
const timers = new WeakMap();

const start = (element) => {
  const ttl = Number(element.dataset.hpTtl);
  if (!ttl) return;
  clearTimeout(timers.get(element));
  timers.set(element, setTimeout(() => dismiss(element), ttl));
};
const stop = (element) => clearTimeout(timers.get(element));

const dismiss = (element) => {
  const inside = element.contains(document.activeElement);
  element.remove();
  if (inside) document.getElementById("main")?.focus();
};

const arrived = (element) => {
  const text = element.querySelector("[data-hp-toast-text]")?.textContent.trim() ?? "";
  (element.classList.contains("toast-bad") ? alarm : say)(text);
  for (const type of ["pointerenter", "focusin"]) element.addEventListener(type, () => stop(element));
  for (const type of ["pointerleave", "focusout"]) element.addEventListener(type, () => start(element));
  start(element);
};

const watch = () => {
  const region = document.getElementById("toasts");
  if (!region || region.hpWatched) return;
  region.hpWatched = true;
  const take = (nodes) => {
    for (const node of nodes) if (node.matches?.("[data-hp-toast]")) arrived(node);
    for (const old of [...region.querySelectorAll("[data-hp-toast]")].slice(most)) dismiss(old);
  };
  new MutationObserver((changes) => changes.forEach((c) => take(c.addedNodes))).observe(region, { childList: true });
  take([...region.children]);
};
document.addEventListener("htmx:after:process", watch);
watch();

document.addEventListener("click", (event) => {
  const element = event.target.closest?.("[data-hp-dismiss]")?.closest("[data-hp-toast]");
  if (element) dismiss(element);
});

// An Undo that was sent has done its work; the answer brings the next toast.
document.addEventListener("submit", (event) => {
  const element = event.target.closest?.("[data-hp-toast]");
  if (element) setTimeout(() => dismiss(element));
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey) return;
  if (event.defaultPrevented || event.target.closest?.("input,textarea,select,[contenteditable]")) return;
  const undo = document.querySelector("#toasts [data-hp-undo]");
  if (!undo) return;
  event.preventDefault();
  undo.click();
});

// toast shows a text of the client's own: {kind, text, retry}. retry is called
// when its button is pressed; null leaves the button out.
export const toast = ({ kind = "", text, retry = null }) => {
  const template = document.getElementById(`toast-${kind || "ok"}`);
  if (!template) return alarm(text);
  const element = template.content.firstElementChild.cloneNode(true);
  element.querySelector("[data-hp-toast-text]").textContent = text;
  const button = element.querySelector("[data-hp-retry]");
  if (retry) button.addEventListener("click", () => (dismiss(element), retry()));
  else button?.remove();
  document.getElementById("toasts").prepend(element);
};
