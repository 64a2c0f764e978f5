// Composer: the send key, the characters left, quoting, the draft. The limits are the server's.
import { gist } from "./announce.js";
import { keepDraft, draftOf } from "./drafts.js";
import { send } from "./outbox.js";
import { isOn } from "./preferences.js";
import * as thread from "./thread.js";

const FEW_LEFT = 200;
const DRAFT_AFTER = 300;
let draftTimer = 0;

export const form = () => document.querySelector("[data-composer]");
export const box = () => form()?.querySelector("textarea");
const isOnscreenKeyboard = matchMedia("(pointer: coarse)").matches;

export function arrive() {
  if (!box()) return;
  box().required = false; // an empty send is simply nothing
  if (!box().value) box().value = draftOf(thread.conversation());
  count();
}

// The page goes on to another chat: what is in the box stays with this one.
export function leave() {
  clearTimeout(draftTimer);
  if (box()) keepDraft(thread.conversation(), box().value);
}

function count() {
  const left = Number(form().dataset.max) - [...box().value.trim()].length;
  const place = form().querySelector("[data-left]");
  place.textContent = left < FEW_LEFT ? left : "";
  place.classList.toggle("is-over", left < 0);
  form().querySelector("[type=submit]").disabled = left < 0;
}

function submit() {
  const text = box().value.trim();
  if (!text || form().querySelector("[type=submit]").disabled) return;
  clearTimeout(draftTimer);
  send({ url: form().action, conversation: thread.conversation(), text, replyTo: form().elements.reply_to.value });
  document.querySelector("#composer-error").replaceChildren();
  box().value = "";
  keepDraft(thread.conversation(), "");
  quote(null);
  count();
  box().focus();
}

export function quote(message) {
  const strip = form()?.querySelector("[data-replying]");
  if (!strip) return;
  strip.hidden = !message;
  form().elements.reply_to.value = message?.dataset.message ?? "";
  if (!message) return;
  const by = message.querySelector(".msg__by")?.textContent.trim() || document.querySelector("#chat").dataset.name;
  strip.querySelector("[data-replying-to]").textContent = by;
  strip.querySelector("[data-replying-text]").textContent = gist(message);
  box().focus();
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-composer]")) return;
  event.preventDefault();
  submit();
});

document.addEventListener("input", ({ target }) => {
  if (target !== box()) return;
  count();
  clearTimeout(draftTimer);
  const conversation = thread.conversation();
  draftTimer = setTimeout(() => keepDraft(conversation, target.value), DRAFT_AFTER);
});

document.addEventListener("keydown", (event) => {
  if (event.target !== box() || !box() || event.isComposing) return;
  if (event.key === "Escape") {
    if (form().elements.reply_to.value) quote(null);
    else box().blur();
    return;
  }
  if (event.key !== "Enter" || event.shiftKey) return;
  if (event.ctrlKey || event.metaKey || (!isOn("ctrl-enter") && !isOnscreenKeyboard)) {
    event.preventDefault();
    submit();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-unquote]")) quote(null);
  const message = event.target.closest(".msg");
  if (event.target.closest("[data-reply]")) quote(message);
  if (event.target.closest("[data-copy]")) navigator.clipboard?.writeText(gist(message));
});
addEventListener("pagehide", leave);
