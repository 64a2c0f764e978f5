// Keys: single letters outside fields, never Ctrl+Alt, which is AltGr on Spanish keyboards. Tab in an empty box and
// Ctrl+E in any are the suggestion's.
import { hasFiles } from "./attach.js";
import { box } from "./composer.js";
import { move } from "./list.js";
import { openList } from "./navigate.js";
import { togglePerson } from "./panes.js";
import { isOn } from "./preferences.js";
import { edit } from "./suggestion.js";

const GO = { p: "pending", m: "mine", t: "all" };
const SEQUENCE = 1_000;
let wentAt = 0;

const dialog = document.querySelector("#keys");
const press = (selector) => document.querySelector(`#chat-bar ${selector}`)?.click();
const pressSeen = (selector) => [...document.querySelectorAll(`#chat ${selector}`)].find((button) => button.checkVisibility())?.click();
const isReady = () => document.querySelector("#suggest-accept:enabled")?.checkVisibility();
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
  s: () => pressSeen("[data-key-s]"),
  d: () => pressSeen("[data-key-d]"),
  g: () => { wentAt = Date.now(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (dialog.open || (event.target.closest("input, textarea, select") && !dialog.contains(event.target))) return;
  const isLetter = /^[a-z1-5]$/.test(event.key);
  if (isLetter && isOn("no-letters")) return;
  const goesTo = Date.now() - wentAt < SEQUENCE && GO[event.key];
  wentAt = 0;
  const rates = /^[1-5]$/.test(event.key) && (() => pressSeen(`.rate label:nth-child(${event.key})`));
  const action = goesTo ? () => openList(`?view=${goesTo}`) : rates || actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.isComposing || event.altKey || event.shiftKey || event.metaKey || dialog.open) return;
  const sends = key === "Tab" && !event.ctrlKey && target === box() && box() && !target.value && !hasFiles() && isReady();
  const edits = key.toLowerCase() === "e" && event.ctrlKey && isReady();
  const asks = key === "Enter" && !event.ctrlKey && target.matches("#instruction");
  if (!sends && !edits && !asks) return;
  event.preventDefault();
  if (sends) document.querySelector("#suggest-accept").click();
  else if (edits) edit();
  else target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-open=keys]")) dialog.showModal();
});
