// Refresh: so much happened at once that asking for what is there is quicker than hearing of each. List and
// chat are brought up to date where they are; what is being written, the focus and the places stay.
import { refreshControls } from "./actions.js";
import { refreshCounts } from "./counts.js";
import * as list from "./list.js";
import { replay } from "./live.js";
import { morph, parse } from "./morph.js";
import { get } from "./request.js";
import * as suggestion from "./suggestion.js";
import * as thread from "./thread.js";

const AGAIN = 1_000;
const PAGES = 20; // further back, loading the page is quicker
let isWanted = false;
let isBusy = false;
let askedAt = 0;

// What was being loaded when a refresh was asked for may be from before.
export function refreshAgain(since) {
  if (askedAt >= since) refresh();
}

export async function refresh() {
  isWanted = true;
  askedAt = Date.now();
  if (isBusy) return;
  isBusy = true;
  while (isWanted) {
    isWanted = false;
    const since = Date.now();
    await Promise.all([renewList(), renewChat()]).then(() => replay(since), failed);
    refreshCounts();
    if (isWanted) await new Promise((over) => { setTimeout(over, AGAIN); });
  }
  isBusy = false;
}

// A page that knows it is not up to date asks until it is; one that may not ask any more says so itself.
function failed({ status }) {
  if (status === 401) return;
  if (status < 500) location.reload();
  else isWanted = true;
}

async function renewList() {
  const { search } = location;
  const shown = list.length();
  const fresh = parse(await get(`/chat/${search}`, "list"));
  const found = [...fresh.querySelectorAll(".row")];
  let rest = fresh.querySelector("[data-more]");
  for (let page = 1; rest && found.length < shown && page < PAGES; page += 1) {
    const next = await list.following(rest);
    found.push(...next.querySelectorAll(".row"));
    rest = next.querySelector("[data-more]");
  }
  if (search === location.search) list.renew(found, rest);
}

async function renewChat() {
  const chat = document.querySelector("#chat");
  const { url } = chat.dataset;
  if (!url) return;
  const beginning = firstIn(chat);
  let page = parse(await get(url, "chat"));
  const fresh = page.querySelector("#chat");
  const chip = `window-${fresh.dataset.conversation}`;
  for (let pages = 1; ; pages += 1) {
    if (document.querySelector("#chat") !== chat) return;
    const first = firstIn(page);
    const link = page.querySelector("[data-older]");
    if (pages === 1) morph(document.getElementById(chip), page.querySelector(`#${chip}`));
    placeAll(page);
    if (!link || first <= beginning) break;
    if (pages === PAGES) return location.reload();
    page = parse(await get(url + link.getAttribute("href"), "older"));
  }
  suggestion.draw(fresh.querySelector("[data-slot]"));
  refreshControls(fresh.dataset.state, "person_changed");
}

// Where messages begin, as the server orders them.
const firstIn = (part) => part.querySelector(".msg[data-order]")?.dataset.order ?? "";

// A page of messages, drawn anew: what is here stays, what is new goes where it belongs.
function placeAll(page) {
  for (const day of page.querySelectorAll(".thread__day")) {
    for (const message of day.querySelectorAll(".msg")) {
      const alone = day.cloneNode(false);
      alone.append(day.querySelector(".day").cloneNode(true), message);
      thread.place(alone, { isNew: true });
    }
  }
}
