// Theme: follows the system until somebody chooses; the choice travels in a cookie, so that the server
// writes data-theme and nothing flashes.
const root = document.documentElement;
const YEAR = 31_536_000;

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const chosen = root.dataset.theme;
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  paint(isDark ? "light" : "dark");
});

function paint(theme) {
  root.toggleAttribute("data-theme-switching", true); // a change of theme is not a movement
  root.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=${YEAR}; samesite=lax`;
  requestAnimationFrame(() => requestAnimationFrame(() => root.removeAttribute("data-theme-switching")));
}
