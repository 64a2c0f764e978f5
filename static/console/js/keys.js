// Keys: single letters outside fields, never Ctrl+Alt, which is AltGr on Spanish keyboards.
import { box } from "./composer.js";
import { move } from "./list.js";
import { openList } from "./navigate.js";
import { togglePerson } from "./panes.js";
import { isOn } from "./preferences.js";

const GO = { p: "pending", m: "mine", t: "all" };
const SEQUENCE = 1_000;
let wentAt = 0;

const dialog = document.querySelector("#keys");
const press = (selector) => document.querySelector(`#chat-bar ${selector}`)?.click();
const actions = {
  "?": () => dialog.showModal(),
  "/": () => document.querySelector(".search .input").focus(),
  j: () => move(1),
  k: () => move(-1),
  i: () => document.querySelector("#chat").dataset.conversation && togglePerson(),
  r: () => box()?.focus(),
  p: () => press("[data-key-p]"),
  m: () => press("[data-key-m]"),
  e: () => press("[data-key-e]"),
  g: () => { wentAt = Date.now(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (dialog.open || (event.target.closest("input, textarea, select") && !dialog.contains(event.target))) return;
  const isLetter = /^[a-z]$/.test(event.key);
  if (isLetter && isOn("no-letters")) return;
  const goesTo = Date.now() - wentAt < SEQUENCE && GO[event.key];
  wentAt = 0;
  const action = goesTo ? () => openList(`?view=${goesTo}`) : actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open=keys]")) dialog.showModal();
});
