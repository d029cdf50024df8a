// Menus are popovers that work without script. This adds arrow keys and, where
// the browser cannot anchor a popover, its place.
const items = (menu) => [...menu.querySelectorAll("a[href],button:not([disabled])")];
const anchored = CSS.supports("position-area: bottom");

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target;
    if (!menu.matches?.("[data-hp-menu]")) return;
    const opener = document.querySelector(`[popovertarget="${menu.id}"]`);
    opener?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open") return;
    if (!anchored && opener) place(menu, opener);
    items(menu)[0]?.focus();
  },
  true,
);

const place = (menu, opener) => {
  const from = opener.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = from.bottom + size.height + 8 < innerHeight;
  menu.style.position = "fixed";
  menu.style.top = `${below ? from.bottom : from.top - size.height - 8}px`;
  menu.style.left = `${Math.max(8, Math.min(from.right - size.width, innerWidth - size.width - 8))}px`;
};

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("[data-hp-menu]");
  if (!menu) return;
  const all = items(menu);
  const at = all.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " ") {
    const after = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    after.find((e) => e.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
  }
});

document.addEventListener("click", (event) => {
  const menu = event.target.closest?.("[data-hp-menu] :is(a,button)")?.closest("[data-hp-menu]");
  if (menu?.matches(":popover-open")) setTimeout(() => menu.hidePopover());
});
