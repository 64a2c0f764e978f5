// Typing: while somebody writes an answer, the person may see it. Told seldom; that it fails harms nothing.
import { post } from "./request.js";
import * as thread from "./thread.js";

const PAUSE = 15_000; // channels show it for 20 seconds or more, or until the answer comes
const told = new Map();

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-composer][data-typing] textarea") || !target.value.trim()) return;
  const conversation = thread.conversation();
  if (Date.now() - (told.get(conversation) ?? -Infinity) < PAUSE) return;
  told.set(conversation, Date.now());
  post(`${document.querySelector("#chat").dataset.url}typing/`, new FormData()).catch(() => {});
});
