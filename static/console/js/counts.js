// Counts: the numbers of the views, asked for soon after something happened and at most every two
// seconds; also the number in the page's title.
import { get } from "./request.js";
import { swap } from "./morph.js";

const PAUSE = 2_000;
const SOON = 250;
let timer = 0;
let last = 0;

export function refreshCounts() {
  if (timer) return;
  timer = setTimeout(ask, Math.max(SOON, last + PAUSE - Date.now()));
}

async function ask() {
  const { search } = location;
  const counts = await get(`/chat/${search}`, "counts").catch(() => ""); // the line has a banner of its own
  last = Date.now();
  timer = 0;
  if (search !== location.search) return refreshCounts();
  swap(counts);
  retitle();
}

export function retitle() {
  const unread = document.querySelector("#count-unread")?.textContent.trim();
  const title = document.querySelector("#list-title").textContent;
  document.title = `${unread && unread !== "0" ? `(${unread}) ` : ""}${title} · ${document.body.dataset.name}`;
}
