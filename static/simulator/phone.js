// Phone: one socket that brings the thread drawn whole, forms sent without leaving the page, and the fact
// that somebody looks, which is what makes a message read.
import "../console/js/lightbox.js";
import "../console/js/player.js";
import { gist } from "../console/js/announce.js";
import { morph, parse } from "../console/js/morph.js";

const LONGEST_WAIT = 15_000;
const SILENCE = 45_000; // the server says something every 30 seconds
const NEAR_THE_END = 80;
const ENDED = [4401, 4404, 4429];

const thread = document.querySelector("#thread");
const form = document.querySelector("[data-write]");
const box = form.elements.text;
let attempts = 0;
let silence = 0;
let editing = "";

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams({ language: document.documentElement.lang });
  const socket = new WebSocket(`${scheme}://${location.host}/ws/simulator/${thread.dataset.phone}/?${query}`);
  socket.onmessage = (event) => {
    attempts = 0;
    banner("offline", false);
    listen(socket);
    const frame = JSON.parse(event.data);
    if (frame.type === "thread") draw(frame.html);
  };
  socket.onclose = (event) => {
    clearTimeout(silence);
    if (ENDED.includes(event.code)) return banner("ended", true);
    banner("offline", true);
    setTimeout(connect, Math.min(250 * 2 ** attempts++, LONGEST_WAIT));
  };
  listen(socket);
}

// A line that is silent is a line that is dead, whatever the browser thinks.
function listen(socket) {
  clearTimeout(silence);
  silence = setTimeout(() => socket.close(), SILENCE);
}

function banner(name, isShown) {
  document.querySelector(`[data-banner=${name}]`).hidden = !isShown;
}

function draw(html) {
  const isAtTheEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < NEAR_THE_END;
  const next = thread.cloneNode(false);
  next.append(parse(html));
  morph(thread, next);
  if (isAtTheEnd) thread.scrollTop = thread.scrollHeight;
  look();
}

// Whoever looks at the phone reads it, unless ticks are given by hand.
function look() {
  if (document.hidden || thread.hasAttribute("data-by-hand")) return;
  if (!thread.querySelector('[data-status="sent"], [data-status="delivered"]')) return;
  post(thread.dataset.seen, new FormData(document.querySelector("#on-message")));
}

async function post(url, body) {
  try {
    const answer = await fetch(url, { method: "POST", body, headers: { "X-Fragment": "thread" } });
    if (answer.status === 401) return banner("ended", true);
    const html = await answer.text();
    if (answer.ok) draw(html);
    else if (answer.status === 422) morph(form.querySelector("[data-error]"), parse(html).querySelector("[data-error]"));
    return answer.ok;
  } catch {
    banner("offline", true);
  }
}

async function write() {
  if (!box.value.trim()) return;
  const body = new FormData(form);
  const written = box.value;
  box.value = "";
  if (await post(editing || form.action, body)) quote(null);
  else box.value = written;
  thread.scrollTop = thread.scrollHeight;
  box.focus();
}

// Answer a message, or with `url` give it other words; with neither, write a new one.
function quote(message, url = "") {
  editing = url;
  form.elements.quoted.value = url ? "" : message?.dataset.id ?? "";
  form.querySelector("[data-replying]").hidden = !message;
  form.querySelector("[data-editing]").hidden = !url;
  form.querySelector("[data-replying-text]").textContent = message ? gist(message) : "";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  write();
});
document.addEventListener("submit", async (event) => {
  const isSample = event.target.matches("[data-samples]");
  if (event.target.id !== "on-message" && !isSample) return;
  event.preventDefault();
  const by = event.submitter;
  by?.closest("[popover]")?.hidePopover();
  await post(by?.hasAttribute("formaction") ? by.formAction : event.target.action, new FormData(event.target, by));
  if (isSample) thread.scrollTop = thread.scrollHeight;
});
document.addEventListener("change", async (event) => {
  if (!event.target.matches("[data-own]") || !event.target.files.length) return;
  const samples = event.target.form;
  const body = new FormData(samples);
  body.set("text", box.value);
  samples.hidePopover();
  samples.reset();
  if (await post(samples.action, body)) box.value = "";
  thread.scrollTop = thread.scrollHeight;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-unquote]")) quote(null);
  const button = event.target.closest("[data-quote], [data-edit]");
  if (!button) return;
  const message = button.closest(".msg");
  quote(message, button.dataset.edit);
  if (button.dataset.edit) box.value = gist(message);
  box.focus();
});
document.addEventListener("visibilitychange", look);

thread.scrollTop = thread.scrollHeight;
look();
connect();
