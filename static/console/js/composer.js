// Composer: the send key, the characters left, quoting, the draft. The limits are the server's.
import { act } from "./act.js";
import { gist } from "./announce.js";
import * as attach from "./attach.js";
import { keepDraft, draftOf, sourceOf } from "./drafts.js";
import { lengthOf } from "./limits.js";
import { send } from "./outbox.js";
import { isOn } from "./preferences.js";
import { say } from "./say.js";
import * as thread from "./thread.js";

const FEW_LEFT = 200;
const DRAFT_AFTER = 300;
let draftTimer = 0;
let editing = ""; // the message of ours that gets other words

export const form = () => document.querySelector("[data-composer]");
export const box = () => form()?.querySelector("textarea");
export const isCorrecting = () => editing !== "";
const isOnscreenKeyboard = matchMedia("(pointer: coarse)").matches;

export function arrive() {
  if (!box()) return;
  attach.draw();
  const about = document.getElementById(`m${editing || form().elements.reply_to.value}`);
  if (about) point(about); // the server drew the form anew: what it answers or corrects stays
  else editing = "";
  if (!box().value) box().value = draftOf(thread.conversation());
  count();
}

// The page goes on to another chat: what is in the box stays with this one.
export function leave() {
  clearTimeout(draftTimer);
  if (box() && !editing) keepDraft(thread.conversation(), box().value);
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
  if (editing) return correct(text);
  attach.retry();
  const replyTo = form().elements.reply_to.value;
  if (attach.hasFiles()) {
    if (!attach.send({ text, replyTo })) return;
  } else if (text) {
    send({ url: form().action, conversation: thread.conversation(), text, replyTo, suggestion: sourceOf(thread.conversation()) });
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
  clearTimeout(draftTimer); // it would keep the words of the message as the draft
  if (!editing) keepDraft(thread.conversation(), box().value);
  quote(message);
  form().elements.reply_to.value = "";
  editing = message.dataset.message;
  point(message);
  box().value = gist(message);
  count();
}

async function correct(text) {
  const message = document.getElementById(`m${editing}`);
  if (text && (!message || text === gist(message) || (await act(message, "edit", { text })))) putBack();
}

// What was being written before the correction comes back.
function putBack() {
  quote(null);
  box().value = draftOf(thread.conversation());
  count();
  box().focus();
}

export function quote(message) {
  if (!form()) return;
  editing = "";
  form().elements.reply_to.value = message?.dataset.message ?? "";
  form().querySelector("[data-replying]").hidden = !message;
  if (!message) return;
  point(message);
  box().focus();
}

function point(message) {
  const strip = form().querySelector("[data-replying]");
  const by = message.querySelector(".msg__by")?.textContent.trim() || document.querySelector("#chat").dataset.name;
  strip.hidden = false;
  strip.querySelector("[data-replying-to]").textContent = editing ? say("editing") : by;
  strip.querySelector("[data-replying-text]").textContent = gist(message);
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
  if (!editing && !target.value) keepDraft(conversation, "");
  else if (!editing) draftTimer = setTimeout(() => keepDraft(conversation, target.value), DRAFT_AFTER);
});

document.addEventListener("keydown", (event) => {
  if (event.target !== box() || !box() || event.isComposing) return;
  if (event.key === "Escape") {
    if (editing) putBack();
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
  if (event.target.closest("[data-unquote]")) editing ? putBack() : quote(null);
  const message = event.target.closest(".msg");
  if (event.target.closest("[data-reply]")) quote(message);
});
addEventListener("pagehide", leave);
