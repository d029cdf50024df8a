// What the Build page needs: keys that press a button from anywhere, unsaved
// changes that are not lost by leaving, and the rail that follows the scroll.

// data-hp-ctrl="s" is pressed by Ctrl S or ⌘ S, also from within the editor:
// capture comes before CodeMirror's own keys.
document.addEventListener(
  "keydown",
  (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const button = document.querySelector(`[data-hp-ctrl="${CSS.escape(event.key)}"]`);
    if (!button || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    button.click();
  },
  true,
);

// form[data-hp-guard] asks before it is left with changes. A save that
// succeeded makes it clean again.
let dirty = null;
const isDirty = () => Boolean(dirty?.isConnected);
const clean = () => (dirty = null);
// The sample of the bench is nobody's work.
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-hp-guard]");
  if (form && event.isTrusted !== false && !event.target.closest(".bench")) dirty = form;
});
document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (ctx.sourceElement === dirty && ctx.response?.status < 300) clean();
});
addEventListener("submit", (event) => event.target === dirty && !window.htmx && clean());
addEventListener("beforeunload", (event) => isDirty() && event.preventDefault());
document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (!isDirty() || !ctx.sourceElement?._htmx?.boosted) return;
  if (confirm("Leave without saving? What you changed here is lost.")) clean();
  else event.preventDefault();
});

// [data-hp-sections] marks the link of the section one reads.
const follow = () => {
  const nav = document.querySelector("[data-hp-sections]");
  if (!nav) return;
  let at = null;
  for (const link of nav.querySelectorAll("a")) {
    const section = document.querySelector(link.getAttribute("href"));
    if (section && (!at || section.getBoundingClientRect().top < 120)) at = link;
  }
  for (const link of nav.querySelectorAll("a")) {
    if (link === at) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};
addEventListener("scroll", follow, { passive: true });
document.addEventListener("htmx:after:process", follow);
follow();
