// data-hp-copy copies its value; data-hp-copy-from="id" copies what that
// element holds. Browsers give the clipboard only to https and localhost; else
// the old way is tried.
import { say, alarm } from "./announce.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-hp-copy],[data-hp-copy-from]");
  if (!button) return;
  const from = button.dataset.hpCopyFrom && document.getElementById(button.dataset.hpCopyFrom);
  const text = from ? from.value ?? from.textContent : button.dataset.hpCopy;
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else legacy(text);
    say("Copied");
    button.dataset.hpCopied = "";
    setTimeout(() => delete button.dataset.hpCopied, 1500);
  } catch {
    alarm("Could not copy. Select the text instead.");
  }
});

const legacy = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copy");
};
