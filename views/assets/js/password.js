// data-hp-reveal="id" shows and hides what a password field holds.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-hp-reveal]");
  const field = button && document.getElementById(button.dataset.hpReveal);
  if (!field) return;
  const show = field.type === "password";
  field.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
  button.textContent = show ? "Hide" : "Show";
});
