// Dress: what is personal is put on a row after the server's drawing: which one is open here, and my own draft.
import { draftOf } from "./drafts.js";

export function dress(row) {
  const isCurrent = row.dataset.conversation === document.querySelector("#chat").dataset.conversation;
  row.classList.toggle("is-current", isCurrent);
  const link = row.querySelector(".row__name");
  if (isCurrent) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  const draft = isCurrent ? "" : draftOf(row.dataset.conversation);
  const [last, mine] = [row.querySelector("[data-last]"), row.querySelector(".draft")];
  if (mine) mine.remove();
  last.hidden = Boolean(draft);
  if (!draft) return;
  const words = document.createElement("span");
  words.className = "cut draft";
  words.textContent = `${document.body.dataset.wordDraft} ${draft}`;
  last.after(words);
}

export function dressAll() {
  for (const row of document.querySelectorAll("#rows .row")) dress(row);
}
