// Composer: the send key, the characters left, quoting, the draft. The limits are the server's.
import { act } from "./act.js";
import { gist } from "./announce.js";
import * as attach from "./attach.js";
import { keepDraft, draftOf } from "./drafts.js";
import { lengthOf } from "./limits.js";
import { send } from "./outbox.js";
import { isOn } from "./preferences.js";
import { say } from "./say.js";
import * as thread from "./thread.js";

const FEW_LEFT = 200;
const DRAFT_AFTER = 300;
let draftTimer = 0;

export const form = () => document.querySelector("[data-composer]");
export const box = () => form()?.querySelector("textarea");
const isOnscreenKeyboard = matchMedia("(pointer: coarse)").matches;

export function arrive() {
  if (!box()) return;
  attach.draw();
  if (!box().value) box().value = draftOf(thread.conversation());
  count();
}

// The page goes on to another chat: what is in the box stays with this one.
export function leave() {
  clearTimeout(draftTimer);
  if (box()) keepDraft(thread.conversation(), box().value);
}

function count() {
  const left = Number(form().dataset.max) - lengthOf(form(), box().value.trim());
  const place = form().querySelector("[data-left]");
  const isOver = left < 0 && form().dataset.splits === undefined;
  place.textContent = left < FEW_LEFT && (left >= 0 || isOver) ? left : "";
  place.classList.toggle("is-over", isOver);
  form().querySelector("[type=submit]").disabled = isOver;
}

function submit() {
  const text = box().value.trim();
  if (form().querySelector("[type=submit]").disabled) return;
  if (form().dataset.editing) return correct(text);
  attach.retry();
  const replyTo = form().elements.reply_to.value;
  if (attach.hasFiles()) {
    if (!attach.send({ text, replyTo })) return;
  } else if (text) {
    send({ url: form().action, conversation: thread.conversation(), text, replyTo });
  } else return;
  empty();
}

function empty() {
  clearTimeout(draftTimer);
  document.querySelector("#composer-error").replaceChildren();
  box().value = "";
  keepDraft(thread.conversation(), "");
  quote(null);
  count();
  box().focus();
}

// Give a message of ours other words: the box holds the old ones until they are sent.
export function rewrite(message) {
  quote(message);
  form().elements.reply_to.value = "";
  form().dataset.editing = message.dataset.message;
  form().querySelector("[data-replying-to]").textContent = say("editing");
  box().value = gist(message);
  count();
}

async function correct(text) {
  const message = document.getElementById(`m${form().dataset.editing}`);
  if (text && (!message || text === gist(message) || (await act(message, "edit", { text })))) empty();
}

export function quote(message) {
  const strip = form()?.querySelector("[data-replying]");
  if (!strip) return;
  strip.hidden = !message;
  delete form().dataset.editing;
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
    if (form().dataset.editing) empty();
    else if (form().elements.reply_to.value) quote(null);
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
  if (event.target.closest("[data-unquote]")) form().dataset.editing ? empty() : quote(null);
  const message = event.target.closest(".msg");
  if (event.target.closest("[data-reply]")) quote(message);
  if (event.target.closest("[data-copy]")) navigator.clipboard?.writeText(gist(message));
});
addEventListener("pagehide", leave);
