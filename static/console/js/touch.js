// Touch: what is done to a message that is there – react, correct, take back – by the toolbar lent to it.
import { act } from "./act.js";
import { gist } from "./announce.js";
import * as composer from "./composer.js";

const dialog = document.querySelector("#withdraw");
let leaving = null;

document.addEventListener("click", (event) => {
  const message = event.target.closest(".msg");
  const emoji = event.target.closest("[data-emoji]")?.dataset.emoji;
  if (emoji) {
    event.target.closest("[popover]").hidePopover();
    const ours = message.querySelector("[data-ours]")?.dataset.ours;
    act(message, "react", { emoji: emoji === ours ? "" : emoji });
  }
  if (event.target.closest("[data-rewrite]")) composer.rewrite(message);
  if (event.target.closest("[data-withdraw]")) {
    leaving = message;
    dialog.querySelector("[data-withdrawn]").textContent = gist(message);
    dialog.returnValue = "";
    dialog.showModal();
  }
});
dialog.addEventListener("close", () => {
  if (dialog.returnValue === "yes") act(leaving, "withdraw");
});
