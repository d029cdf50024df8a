// data-hp-theme="light|dark|auto" chooses the theme. The choice lives in a
// cookie, so that the server writes it into <html> and no page flashes.
const apply = (theme) => {
  document.documentElement.dataset.theme = theme;
  for (const b of document.querySelectorAll("[data-hp-theme]")) b.setAttribute("aria-pressed", String(b.dataset.hpTheme === theme));
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-hp-theme]");
  if (!button) return;
  const secure = location.protocol === "https:" ? ";secure" : "";
  document.cookie = `hp_theme=${button.dataset.hpTheme};path=/;max-age=31536000;samesite=lax${secure}`;
  apply(button.dataset.hpTheme);
});
