// data-hp-open="id" shows a dialog, data-hp-close closes the one it is in, and
// so does a press on the backdrop. The browser returns focus to the opener.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-hp-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.hpOpen);
    if (dialog instanceof HTMLDialogElement && !dialog.open) {
      event.preventDefault();
      dialog.showModal();
    }
    return;
  }
  const closer = event.target.closest?.("[data-hp-close]");
  if (closer) closer.closest("dialog")?.close();
  else if (event.target instanceof HTMLDialogElement) event.target.close();
});

// A dialog that arrives with data-hp-now opens itself.
document.addEventListener("htmx:after:process", () => {
  for (const dialog of document.querySelectorAll("dialog[data-hp-now]:not([open])")) {
    dialog.removeAttribute("data-hp-now");
    dialog.showModal();
  }
});
