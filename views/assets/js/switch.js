// The optimistic switch. It is a form of one field; sending it turns the switch
// and the row's status at once. The answer's row replaces the guess; a failure
// takes it back and says so in the row.
//
// Around the form, an element with data-hp-row may hold: [data-hp-status], whose
// content is replaced by template[data-hp-guess] meanwhile, and [data-hp-error],
// a hidden place for the message.
import { alarm } from "./announce.js";

const pending = new WeakMap();

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches?.("[data-hp-switch]")) return;
    if (pending.has(form)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const button = form.querySelector("[role=switch]");
    const row = form.closest("[data-hp-row]");
    const status = row?.querySelector("[data-hp-status]");
    const guess = row?.querySelector("template[data-hp-guess]");
    const on = button.getAttribute("aria-checked") === "true";
    pending.set(form, { button, on, status, html: status ? [...status.childNodes] : null });
    button.setAttribute("aria-checked", String(!on));
    button.setAttribute("aria-busy", "true");
    if (status && guess) status.replaceChildren(guess.content.cloneNode(true));
    const error = row?.querySelector("[data-hp-error]");
    if (error) error.hidden = true;
  },
  true,
);

document.addEventListener("htmx:finally:request", (event) => {
  const { ctx } = event.detail;
  const form = ctx.sourceElement?.closest?.("[data-hp-switch]");
  const was = form && pending.get(form);
  if (!was) return;
  pending.delete(form);
  was.button.removeAttribute("aria-busy");
  const status = ctx.response?.status ?? 0;
  if (status && status < 400) return;
  was.button.setAttribute("aria-checked", String(was.on));
  if (was.status?.isConnected && status !== 422) was.status.replaceChildren(...was.html);
  if (status !== 422) tell(form, was, status);
});

const tell = (form, was, status) => {
  const name = was.button.getAttribute("aria-label");
  const verb = was.on ? "paused" : "enabled";
  const why = status === 0 ? "Hogpen could not be reached." : status === 403 ? "You may not do this." : `Hogpen answered with error ${status}.`;
  const text = `${name} was not ${verb}. ${why}`;
  alarm(text);
  const place = form.closest("[data-hp-row]")?.querySelector("[data-hp-error]");
  if (!place) return;
  const retry = document.createElement("button");
  retry.type = "button";
  retry.className = "btn btn-link btn-s";
  retry.textContent = "Retry";
  retry.addEventListener("click", () => form.requestSubmit());
  place.replaceChildren(text, " ", retry);
  place.hidden = false;
};
