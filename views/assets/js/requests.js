// House rules for all htmx requests, in one place (views/ui/hx/doc.go tells the
// server's side):
//  - a fragment answer with a status from 400 leaves its target as it was, but
//    its partials (a toast, a row) are still put in place; 422 and 409 swap;
//  - a failed request without a partial gets a toast here, with Retry for what
//    can be asked again;
//  - a boosted page swap always swaps, whatever the status, for error pages are
//    pages; an answer without #page is loaded as a document of its own;
//  - toasts of a page that a boosted form led to are taken over, for they stand
//    outside what is swapped;
//  - the target is busy while a request runs.
import { say } from "./announce.js";
import { toast } from "./toast.js";

const swapsAnyway = new Set([409, 422]);
const isBoosted = (ctx) => ctx.sourceElement?._htmx?.boosted;

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  const form = ctx.sourceElement.closest?.("[data-hp-filter]");
  if (!form || !ctx.request.body) return;
  // Equal views have equal addresses: what is not set is not in the query.
  for (const [name, value] of [...ctx.request.body.entries()]) {
    if (value === "") ctx.request.body.delete(name);
  }
});

document.addEventListener("htmx:before:request", (event) => {
  event.detail.ctx.target?.setAttribute?.("aria-busy", "true");
});

document.addEventListener("htmx:finally:request", (event) => {
  event.detail.ctx.target?.removeAttribute?.("aria-busy");
});

document.addEventListener("htmx:after:request", (event) => {
  const { ctx } = event.detail;
  if (isBoosted(ctx)) {
    if (!/\sid="page"/.test(ctx.text)) {
      event.preventDefault();
      location.href = ctx.response.raw.url;
    } else if (told.test(ctx.text)) takeToasts(ctx.text);
    return;
  }
  if (ctx.response.status >= 400 && !swapsAnyway.has(ctx.response.status)) ctx.swap = "none";
});

const told = /id="toasts"[^>]*>\s*<div/;
const takeToasts = (text) => {
  const toasts = [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("#toasts > [data-hp-toast]")];
  document.getElementById("toasts")?.prepend(...toasts);
  for (const element of toasts) window.htmx.process(element);
};

const sentence = (status) => {
  if (status === 401) return "You are signed out. Sign in again to go on.";
  if (status === 403) return "You may not do this. Nothing was changed.";
  if (status === 404) return "This no longer exists.";
  if (status === 413) return "This is too large. Nothing was changed.";
  if (status === 429) return "Too many requests. Nothing was changed. Try again in a moment.";
  return `Hogpen answered with error ${status}. Nothing was changed.`;
};

document.addEventListener("htmx:response:error", (event) => {
  const { ctx } = event.detail;
  const status = ctx.response.status;
  if (isBoosted(ctx) || swapsAnyway.has(status) || ctx.text.includes("<hx-partial")) return;
  if (ctx.sourceElement.closest("[data-hp-switch]")) return; // tells it in its row
  toast({ kind: "bad", text: sentence(status), retry: status >= 500 ? () => again(ctx) : null });
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (!ctx || ctx.response || ctx.sourceElement.closest("[data-hp-switch]")) return;
  toast({ kind: "bad", text: "Could not reach Hogpen. Nothing was changed.", retry: () => again(ctx) });
});

const again = (ctx) => {
  const element = ctx.sourceElement;
  if (element instanceof HTMLFormElement) element.requestSubmit();
  else window.htmx.trigger(element, ctx.sourceEvent?.type ?? "click");
};

// A search tells its count once typing has paused.
let quiet;
document.addEventListener("htmx:after:swap", (event) => {
  const { ctx } = event.detail;
  if (!ctx.sourceElement?.closest?.("[data-hp-filter]")) return;
  clearTimeout(quiet);
  quiet = setTimeout(() => {
    const count = document.querySelector("[data-hp-count]");
    if (count) say(count.dataset.hpCount);
  }, 500);
});
