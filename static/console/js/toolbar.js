// Toolbar: one, lent to the message under the pointer or the focus. In the thread the arrows go from
// message to message, and Tab from a message to its buttons.
import { gist } from "./announce.js";

const toolbar = document.querySelector("#acts").content.firstElementChild;

function lend(message) {
  if (toolbar.querySelector(":popover-open")) return; // its menu stays with its message
  if (message?.dataset.message && toolbar.parentElement !== message) message.append(toolbar);
}

const messageOf = (event) => event.target.closest?.("#thread .msg");
document.addEventListener("pointerover", (event) => {
  if (event.pointerType === "mouse") lend(messageOf(event));
});
document.addEventListener("focusin", (event) => lend(messageOf(event)));

document.addEventListener("keydown", (event) => {
  const thread = event.target.closest("#thread");
  if (!thread || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  const messages = [...thread.querySelectorAll(".msg[data-message]")];
  const now = messages.indexOf(event.target.closest(".msg"));
  const next = now < 0 ? messages.at(-1) : messages[now + (event.key === "ArrowUp" ? -1 : 1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

document.addEventListener("click", (event) => {
  const copied = event.target.closest("[data-copy]")?.closest(".msg");
  if (copied) navigator.clipboard?.writeText(gist(copied));
});
