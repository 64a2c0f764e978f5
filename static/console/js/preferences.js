// Preferences: what somebody likes on this device; the boxes lie in the dialog of the shortcuts.
export const isOn = (name) => localStorage.getItem(`pref-${name}`) === "on";

function paint() {
  for (const check of document.querySelectorAll("[data-pref]")) check.checked = isOn(check.dataset.pref);
  for (const hint of document.querySelectorAll("[data-hint-enter]")) hint.hidden = isOn("ctrl-enter");
  for (const hint of document.querySelectorAll("[data-hint-ctrl]")) hint.hidden = !isOn("ctrl-enter");
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-pref]")) return;
  localStorage.setItem(`pref-${target.dataset.pref}`, target.checked ? "on" : "off");
  paint();
});

export { paint };
