// Keys: "/" search, "?" this list, "g" then a letter goes to a page, "n" new,
// j and k walk through rows. What a key does is written at the link or button
// itself: data-hp-key="g f". Single keys act outside text fields only and can
// be switched off in the list (WCAG 2.1.4).
const store = "hp_shortcuts";
const off = () => localStorage.getItem(store) === "off";
let prefix = "";
let forget;

const typing = (element) => element.closest?.("input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable],[role=textbox]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target) || off() || document.querySelector("dialog[open]")) return;
  const keys = prefix ? `${prefix} ${event.key}` : event.key;
  clearTimeout(forget);
  prefix = "";
  if (run(keys)) event.preventDefault();
  else if (event.key === "g" && keys === "g") {
    prefix = "g";
    forget = setTimeout(() => (prefix = ""), 1500);
  }
});

const run = (keys) => {
  if (keys === "/") return focus(document.querySelector("[data-hp-search]"));
  if (keys === "?") return show();
  if (keys === "j" || keys === "k") return walk(keys === "j" ? 1 : -1);
  const target = document.querySelector(`[data-hp-key="${CSS.escape(keys)}"]`);
  target?.click();
  return Boolean(target);
};

const focus = (element) => {
  element?.focus();
  element?.select?.();
  return Boolean(element);
};

const show = () => {
  const dialog = document.getElementById("shortcuts");
  dialog?.showModal();
  return Boolean(dialog);
};

const walk = (step) => {
  const links = [...document.querySelectorAll("[data-hp-row] [data-hp-row-link]")];
  const at = links.findIndex((l) => l.closest("[data-hp-row]").contains(document.activeElement));
  return focus(links[at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1)]);
};

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-hp-shortcuts]")) localStorage.setItem(store, event.target.checked ? "on" : "off");
});
document.addEventListener("htmx:after:process", () => {
  for (const box of document.querySelectorAll("[data-hp-shortcuts]")) box.checked = !off();
});
