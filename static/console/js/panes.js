// Panes: which one a narrow screen shows, and whether the person is beside the chat on a wide one.
// The browser's Back button goes person → chat → list.
const frame = document.querySelector(".frame");
const wide = matchMedia("(min-width: 1200px)");
const YEAR = 31_536_000;
const focusOf = { list: ".row.is-current .row__name", chat: "#thread", person: "#person .bar .ib", views: ".views .view" };

export const isWide = () => wide.matches;

export function show(pane, { push = true, focus = true } = {}) {
  if (wide.matches && pane === "person") return;
  if (frame.dataset.pane === pane) return;
  frame.dataset.pane = pane;
  if (wide.matches) return;
  for (const behind of frame.querySelectorAll(".views, .list, .chat")) behind.inert = pane === "person";
  if (push) history.pushState({ pane, isInner: true }, "");
  if (focus) document.querySelector(focusOf[pane])?.focus({ preventScroll: true });
}

export function togglePerson(isOpen = frame.dataset.person !== "open") {
  if (!wide.matches) return show(isOpen ? "person" : "chat");
  frame.dataset.person = isOpen ? "open" : "closed";
  document.cookie = `person=${frame.dataset.person}; path=/; max-age=${YEAR}; samesite=lax`;
}

document.addEventListener("click", (event) => {
  const to = event.target.closest("[data-pane-to]");
  if (!to) return;
  event.preventDefault();
  const pane = to.dataset.paneTo;
  if (wide.matches) togglePerson(pane === "person" && frame.dataset.person !== "open");
  else if (history.state?.isInner && pane !== "person" && pane !== "views") history.back();
  else show(pane, { push: pane !== "list" });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !wide.matches && frame.dataset.pane === "person") show("chat");
});
wide.addEventListener("change", () => {
  for (const behind of frame.querySelectorAll("[inert]")) behind.inert = false;
});
