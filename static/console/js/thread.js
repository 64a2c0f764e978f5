// Thread: puts messages in their order and day, follows the end, marks as read what was looked at.
import { announce, gist } from "./announce.js";
import { join } from "./grouping.js";
import { morph } from "./morph.js";
import * as older from "./older.js";
import { post } from "./request.js";

const NEAR_END = 80;
const READ_AFTER = 300;
let isFollowing = true;
let hasUnread = false;
let unseen = 0;
let readTimer = 0;

const chat = () => document.querySelector("#chat");
const pane = () => document.querySelector("#thread");
export const conversation = () => Number(chat().dataset.conversation ?? 0);

// A day with one message comes from the server; the message goes where it belongs.
export function place(day, { isNew = false } = {}) {
  const message = day.querySelector(".msg");
  const known = document.getElementById(message.id);
  if (known) {
    join(morph(known, message));
    return follow();
  }
  const wasShown = forget(message.dataset.key);
  if (isNotLoaded(message)) return;
  insert(message, day);
  if (isNew && !wasShown) greet(message);
  follow();
}

// Take away what was shown while this message was being sent.
function forget(key) {
  const shown = key && pane().querySelector(`.msg[data-sending="${CSS.escape(key)}"]`);
  if (!shown) return false;
  const section = shown.parentElement;
  shown.remove();
  if (!section.querySelector(".msg")) section.remove();
  return true;
}

function isNotLoaded(message) {
  const first = pane().querySelector(".msg[data-order]");
  return pane().querySelector("[data-older]") !== null && first !== null && message.dataset.order < first.dataset.order;
}

function insert(message, day) {
  let section = pane().querySelector(`.thread__day[data-day="${day.dataset.day}"]`);
  if (!section) {
    section = day;
    message.remove();
    const later = [...pane().querySelectorAll(".thread__day")].find((other) => other.dataset.day > day.dataset.day);
    if (later) later.before(section);
    else pane().append(section);
  }
  const next = [...section.querySelectorAll(".msg")].find((other) => !other.dataset.order || other.dataset.order > message.dataset.order);
  if (next && message.dataset.order) next.before(message);
  else section.append(message);
  join(message);
}

function greet(message) {
  if (message.matches(".msg--in")) {
    hasUnread = true;
    announce(`${chat().dataset.name}: ${gist(message)}`);
  }
  if (isFollowing) return markRead();
  unseen += 1;
  sayUnseen();
}

function sayUnseen() {
  const jump = document.querySelector("[data-jump]");
  const count = jump.querySelector("[data-jump-count]");
  jump.hidden = isFollowing;
  count.hidden = unseen === 0;
  count.textContent = unseen;
}

function follow() {
  if (isFollowing && pane()) pane().scrollTop = pane().scrollHeight;
}

// Show at the end a message that only this page knows of.
export function append(message, day) {
  insert(message, day);
  isFollowing = true;
  follow();
}

// A chat was opened: join what stands together, go to what is new, mark it read.
export function arrive() {
  if (!pane()) return;
  for (const message of pane().querySelectorAll(".msg")) join(message);
  [unseen, hasUnread] = [0, chat().dataset.unread !== "0"];
  const target = /^#m\d+$/.test(location.hash) && document.querySelector(location.hash);
  const unread = document.querySelector("#unread");
  pane().scrollTop = pane().scrollHeight;
  if (target) show(target);
  else if (unread && unread.offsetTop < pane().scrollTop) unread.scrollIntoView({ block: "start" });
  looked();
  pane().addEventListener("scroll", looked, { passive: true });
  size.disconnect();
  for (const part of [pane(), ...pane().children]) size.observe(part); // pictures arrive late
  older.watch();
  markRead();
}

function looked() {
  isFollowing = pane().scrollHeight - pane().scrollTop - pane().clientHeight < NEAR_END;
  if (isFollowing) {
    unseen = 0;
    markRead();
  }
  sayUnseen();
}

function markRead() {
  clearTimeout(readTimer);
  readTimer = setTimeout(() => {
    const { mayWrite, url } = chat().dataset;
    if (!hasUnread || mayWrite === undefined || document.hidden || !document.hasFocus()) return;
    if (!pane().checkVisibility({ visibilityProperty: true })) return;
    hasUnread = false;
    post(`${url}read/`, new FormData()).catch(() => { hasUnread = true; });
  }, READ_AFTER);
}

function show(message) {
  message.scrollIntoView({ block: "center" });
  message.classList.remove("msg--flash");
  requestAnimationFrame(() => message.classList.add("msg--flash"));
}

const size = new ResizeObserver(follow);
document.fonts.ready.then(follow);
for (const back of ["focus", "visibilitychange"]) addEventListener(back, () => { if (pane() && isFollowing) markRead(); });

document.addEventListener("click", async (event) => {
  const quote = event.target.closest("[data-jump-to]");
  if (quote) {
    event.preventDefault();
    const quoted = await older.find(quote.dataset.jumpTo);
    if (quoted) show(quoted);
  }
  if (event.target.closest("[data-jump]")) pane().scrollTo({ top: pane().scrollHeight, behavior: "smooth" });
});
