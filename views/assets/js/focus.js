// Focus is never lost to the body. A page change ends at its h1; a row that
// disappears hands focus to the same control of its neighbour.
let before = null;

const controls = "a[href],button:not([disabled]),input:not([type=hidden]),select,textarea,[tabindex]";

document.addEventListener("htmx:before:swap", () => {
  const active = document.activeElement;
  const row = active?.closest?.("[data-hp-row]");
  const place = row ? [...row.querySelectorAll(controls)].indexOf(active) : -1;
  before = {
    active, place, id: active?.id,
    near: row ? [row.id, row.nextElementSibling?.id, row.previousElementSibling?.id].filter(Boolean) : [],
  };
});

const lost = () => !document.activeElement || document.activeElement === document.body;

const recover = () => {
  if (!before || before.active === document.body || !lost()) return;
  if (before.id) document.getElementById(before.id)?.focus({ preventScroll: true });
  for (const id of before.near) {
    if (!lost()) return;
    const row = document.getElementById(id);
    row?.querySelectorAll(controls)[Math.max(before.place, 0)]?.focus({ preventScroll: true });
  }
  if (lost()) document.querySelector("h1")?.focus({ preventScroll: true });
};

document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement?._htmx?.boosted) {
    const h1 = document.querySelector("#page h1");
    h1?.setAttribute("tabindex", "-1");
    h1?.focus({ preventScroll: true });
    return;
  }
  const invalid = ctx.response?.status === 422 && document.querySelector("[data-hp-error-summary]");
  if (invalid) invalid.focus();
  else recover();
});

// F6 walks through the regions of the page.
const regions = "#side,#main,[data-hp-region],#toasts";
document.addEventListener("keydown", (event) => {
  if (event.key !== "F6") return;
  const all = [...document.querySelectorAll(regions)].filter((r) => r.checkVisibility() && r.childElementCount);
  if (!all.length) return;
  event.preventDefault();
  const at = all.findIndex((r) => r.contains(document.activeElement));
  const next = all[(at + (event.shiftKey ? all.length - 1 : 1) + all.length) % all.length];
  const target = next.id === "main" ? next : next.querySelector(controls) ?? next;
  target.setAttribute("tabindex", target.getAttribute("tabindex") ?? "-1");
  target.focus();
});
