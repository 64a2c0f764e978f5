// List: puts rows in their places by what the server wrote on them. Rows change where they are; what
// would move them waits while the pointer or the keyboard is on the list, and a pill says how many wait.
import { dress, dressAll } from "./dress.js";
import { morph, parse } from "./morph.js";
import { get } from "./request.js";

const waiting = new Map();
let isPointerInside = false;

const section = () => document.querySelector("#list");
const rows = () => document.querySelector("#rows");
const isHeld = () => isPointerInside || rows().matches(":has(.row__name:focus-visible)");

export function place(row) {
  const old = document.getElementById(row.id);
  const belongs = old && section().hasAttribute("data-query") ? true : isOfThisView(row);
  if (!old && (!belongs || isBeyondTheEnd(row))) return;
  if (old) morph(old, row);
  put(old ?? row, belongs);
}

function put(row, belongs) {
  dress(row);
  waiting.delete(row.id);
  const isThere = row.isConnected && belongs && isInPlace(row);
  const move = () => (belongs ? insert(row) : row.remove());
  if (!isThere && isHeld()) waiting.set(row.id, move);
  else if (!isThere) move();
  sayWaiting();
}

export const length = () => others(null).length;

// The list as it is by now, from its first row on: what is not in it is in this view no more.
export function renew(fresh, rest) {
  const names = new Set(fresh.map((row) => row.id));
  waiting.clear();
  rows().querySelector("[data-more]")?.remove();
  for (const row of others(null)) if (!names.has(row.id)) put(row, false);
  for (const row of fresh) {
    const old = document.getElementById(row.id);
    put(old ? morph(old, row) : row, true);
  }
  if (rest) rows().append(rest);
  watchEnd();
}

function isOfThisView({ dataset }) {
  const { view, inbox, query } = section().dataset;
  if (query !== undefined) return false;
  if (inbox) return dataset.inbox === inbox && dataset.closed === undefined;
  if (view === "closed") return dataset.closed !== undefined;
  if (dataset.closed !== undefined) return false;
  if (view === "pending") return dataset.pending !== undefined;
  if (view === "mine") return dataset.assignee === document.body.dataset.me;
  if (view === "unassigned") return !dataset.assignee;
  if (view === "unread") return dataset.unread !== "0";
  return true;
}

// The order of the server: recent, or pending first and then by the time left to answer.
function rank(row) {
  const recent = -Number(row.dataset.at);
  if (section().dataset.order !== "urgent") return [0, 0, recent];
  const until = Number(row.dataset.window || 0);
  return [row.dataset.pending === undefined ? 1 : 0, until > Date.now() * 1000 ? until : Infinity, recent];
}

function isBefore(one, other) {
  const [a, b] = [rank(one), rank(other)];
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? Number(one.dataset.conversation) > Number(other.dataset.conversation) : a[at] < b[at];
}

const others = (row) => [...rows().querySelectorAll(":scope > .row")].filter((other) => other !== row);
const isBeyondTheEnd = (row) => rows().querySelector("[data-more]") !== null && others(row).every((other) => isBefore(other, row));

function isInPlace(row) {
  const [above, below] = [row.previousElementSibling, row.nextElementSibling];
  return (!above || isBefore(above, row)) && (!below?.matches(".row") || isBefore(row, below));
}

function insert(row) {
  const below = others(row).find((other) => isBefore(row, other)) ?? rows().querySelector("[data-more]");
  if (below) below.before(row);
  else rows().append(row);
}

function sayWaiting() {
  const pill = document.querySelector("[data-news]");
  pill.hidden = waiting.size === 0;
  pill.querySelector("[data-news-count]").textContent = waiting.size;
}

const settle = () => { if (waiting.size && !isHeld()) release(); };

function release() {
  const moves = [...waiting.values()];
  waiting.clear();
  for (const move of moves) move();
  sayWaiting();
}

export function move(step) {
  const all = [...rows().querySelectorAll(":scope > .row")];
  const now = all.findIndex((row) => row.contains(document.activeElement) || (!rows().contains(document.activeElement) && row.matches(".is-current")));
  const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
  next?.querySelector(".row__name").focus({ focusVisible: true });
  next?.scrollIntoView({ block: "nearest" });
}

// The rows that follow, wherever the page is by now: its address names the open chat.
export const following = async (item) => parse(await get(`/chat/${item.querySelector("a").getAttribute("href")}`, "rows"));

async function more(item) {
  if (item.ariaBusy) return;
  item.ariaBusy = "true";
  const page = await following(item);
  for (const row of page.querySelectorAll(".row")) if (document.getElementById(row.id)) row.remove();
  item.replaceWith(page);
  dressAll();
  watch();
}

let end = null;

export function watch() {
  waiting.clear();
  sayWaiting();
  watchEnd();
}

function watchEnd() {
  end?.disconnect();
  const item = rows().querySelector("[data-more]");
  if (!item) return;
  const come = (seen) => { if (seen.some((entry) => entry.isIntersecting)) more(item).catch(() => { item.ariaBusy = null; }); };
  end = new IntersectionObserver(come, { root: document.querySelector(".list__scroll"), rootMargin: "400px" });
  end.observe(item);
}

const inList = (event) => event.target.closest?.(".list__scroll");
if (matchMedia("(hover: hover)").matches) {
  document.addEventListener("pointerover", (event) => { isPointerInside = Boolean(inList(event)); settle(); });
  document.documentElement.addEventListener("pointerleave", () => { isPointerInside = false; settle(); });
}
document.addEventListener("focusin", settle);
document.addEventListener("click", (event) => { if (event.target.closest("[data-news]")) release(); });
