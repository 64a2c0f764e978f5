// Outbox: a message is shown at once and sent under a key of its own, which it keeps until the server
// confirms it: whatever breaks in between, sending it again cannot make two.
import { keepDraft, keepSource } from "./drafts.js";
import { clock, day } from "./hours.js";
import { parse } from "./morph.js";
import { newKey, post, Refused } from "./request.js";
import * as thread from "./thread.js";

const STORE = `outbox-${document.body.dataset.me}`; // whoever signs in next does not send for somebody else
const RETRY = 5_000;
let waiting = JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
let isSending = false;

const store = () => sessionStorage.setItem(STORE, JSON.stringify(waiting));
const drawn = (key) => document.querySelector(`.msg[data-sending="${CSS.escape(key)}"]`);

export function start() {
  showWaiting();
  flush();
  setInterval(() => { if (waiting.length) flush(); }, RETRY);
}

export function send({ url, conversation, text, replyTo, suggestion = "" }) {
  const item = { key: newKey(), url, conversation, text, replyTo, suggestion, at: Date.now() };
  waiting.push(item);
  store();
  draw(item);
  flush();
}

// One after the other, in the order in which they were written.
export async function flush() {
  if (isSending) return;
  isSending = true;
  try {
    while (waiting.length) {
      const item = waiting[0];
      if (!(await deliver(item))) return;
      waiting = waiting.filter((other) => other !== item); // it may have been discarded meanwhile
      store();
    }
  } finally {
    isSending = false;
  }
}

async function deliver(item) {
  const form = new FormData();
  form.set("text", item.text);
  form.set("client_key", item.key);
  form.set("reply_to", item.replyTo);
  form.set("suggestion", item.suggestion ?? "");
  try {
    const html = await post(item.url, form);
    if (thread.conversation() === item.conversation) thread.place(parse(html).firstElementChild);
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status !== 401 && error.status < 500) return giveBack(item, error);
    hold(item);
    return false;
  }
}

// The server will not take it: the words go back to where they were written, with the reason.
function giveBack(item, { html, status }) {
  drawn(item.key)?.remove();
  const box = document.querySelector("[data-composer] textarea");
  const isHere = thread.conversation() === item.conversation && box;
  if (isHere && !box.value.trim()) box.value = item.text;
  keepDraft(item.conversation, item.text);
  const isProposed = document.querySelector(`.suggest[data-state=shown][data-suggestion="${item.suggestion}"]`);
  if (isProposed) keepSource(item.conversation, item.suggestion); // whoever sent it meanwhile, sent it
  const reason = parse(html).querySelector("#composer-error");
  if (isHere) document.querySelector("#composer-error").replaceChildren(...(reason?.childNodes ?? [`${status}`]));
  return true;
}

function hold(item) {
  const held = drawn(item.key)?.querySelector("[data-held]");
  if (held) held.hidden = false;
}

function draw(item) {
  if (thread.conversation() !== item.conversation || drawn(item.key)) return;
  const message = document.querySelector("#sending").content.cloneNode(true).firstElementChild;
  message.dataset.sending = item.key;
  message.querySelector("[data-text]").textContent = item.text;
  message.querySelector("time").textContent = clock(item.at);
  const today = document.querySelector("#today").content.cloneNode(true).firstElementChild;
  today.dataset.day = day(item.at);
  thread.append(message, today);
}

export function showWaiting() {
  for (const item of waiting) {
    draw(item);
    hold(item);
  }
}

document.addEventListener("click", (event) => {
  const message = event.target.closest("[data-discard]")?.closest(".msg");
  if (!message) return;
  waiting = waiting.filter((item) => item.key !== message.dataset.sending);
  store();
  message.remove();
});
