// A form with data-hp-confirm asks before it is sent. The attribute is the
// question; data-hp-confirm-body tells the consequence, data-hp-confirm-action
// names the button. Without script the form is sent at once, so the server
// still decides what is allowed.
const agreed = new WeakSet();

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    const by = event.submitter;
    const asks = by?.dataset.hpConfirm ? by : form;
    if (!asks.dataset?.hpConfirm || agreed.delete(form)) return;
    const dialog = document.getElementById("confirm");
    if (!dialog) return;
    event.preventDefault();
    event.stopPropagation();
    dialog.querySelector("[data-hp-confirm-title]").textContent = asks.dataset.hpConfirm;
    dialog.querySelector("[data-hp-confirm-text]").textContent = asks.dataset.hpConfirmBody ?? "";
    dialog.querySelector("[data-hp-confirm-yes]").textContent = asks.dataset.hpConfirmAction ?? "Go on";
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") return;
        agreed.add(form);
        form.requestSubmit(by?.isConnected ? by : undefined);
      },
      { once: true },
    );
  },
  true,
);
