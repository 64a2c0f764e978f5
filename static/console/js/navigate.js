// Navigate: opens chats and views by their own addresses without leaving the page, so that the socket
// and what is being written stay.
import { fail } from "./banner.js";
import * as composer from "./composer.js";
import { retitle } from "./counts.js";
import { dressAll } from "./dress.js";
import * as list from "./list.js";
import { replay } from "./live.js";
import { morph, parse } from "./morph.js";
import { showWaiting } from "./outbox.js";
import * as panes from "./panes.js";
import * as preferences from "./preferences.js";
import { refreshAgain } from "./refresh.js";
import { get, Refused } from "./request.js";
import { tellOpen } from "./socket.js";
import * as suggestion from "./suggestion.js";
import * as thread from "./thread.js";

const SLOW = 150;
let loading = null;

export function start() {
  history.replaceState({ pane: document.querySelector(".frame").dataset.pane, ...history.state }, "");
  list.watch();
  arrived();
}

function arrived() {
  thread.arrive();
  composer.arrive();
  suggestion.arrive();
  tellOpen();
  preferences.paint();
  dressAll();
  showWaiting();
}

export async function openChat(path, { push = true } = {}) {
  loading?.abort();
  loading = new AbortController();
  const since = Date.now();
  const slow = setTimeout(() => { document.querySelector("#chat").ariaBusy = "true"; }, SLOW);
  try {
    const page = parse(await get(path, "chat", loading.signal));
    if (push) history.pushState({ pane: "chat", isInner: true }, "", path + location.search);
    composer.leave();
    for (const part of [...page.children]) document.getElementById(part.id).replaceWith(part);
    panes.show(path === "/chat/" ? "list" : "chat", { push: false, focus: push });
    arrived();
    replay(since, thread.conversation());
    refreshAgain(since);
  } catch (error) {
    if (error.name !== "AbortError") report(error);
  } finally {
    clearTimeout(slow);
    document.querySelector("#chat").ariaBusy = null;
  }
}

export async function openList(search, { push = true } = {}) {
  const since = Date.now();
  try {
    const next = parse(await get(`/chat/${search}`, "list")).firstElementChild;
    const path = panes.isWide() ? location.pathname : "/chat/";
    if (push) history.pushState({ pane: "list", isInner: true }, "", path + search);
    remember(new URLSearchParams(search).get("order"));
    const now = document.querySelector("#list");
    const [box, typed] = [now.querySelector("[name=q]"), now.querySelector("[name=q]").value];
    morph(now, next);
    if (document.activeElement === box) box.value = typed;
    mark(new URLSearchParams(search));
    now.querySelector(".list__scroll").scrollTop = 0;
    list.watch();
    dressAll();
    retitle();
    panes.show("list", { push: false, focus: false });
    refreshAgain(since);
  } catch (error) {
    report(error);
  }
}

function remember(order) {
  if (order) document.cookie = `order=${order}; path=/; max-age=31536000; samesite=lax`;
}

function mark(query) {
  const [inbox, view] = [query.get("inbox"), query.get("view") ?? "all"];
  for (const link of document.querySelectorAll("[data-list][data-view], [data-list][data-inbox]")) {
    const isCurrent = inbox ? link.dataset.inbox === inbox : link.dataset.view === view;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function report(error) {
  if (!(error instanceof Refused)) fail("unreachable");
  else if (error.status !== 401) fail(error.status === 403 ? "forbidden" : "failed");
}

const isPlain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", (event) => {
  if (!isPlain(event)) return;
  const chat = event.target.closest(".row__name, [data-chat]");
  const view = event.target.closest("a[data-list]");
  if (!chat && !view) return;
  event.preventDefault();
  if (view) return openList(view.search);
  if (chat.getAttribute("aria-current")) {
    if (!panes.isWide()) panes.show("chat");
    return composer.box()?.focus();
  }
  openChat(chat.pathname);
});

let searchTimer = 0;
const searched = (form) => openList(`?${new URLSearchParams(new FormData(form))}`);
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-search]");
  if (!form) return;
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => searched(form), 250);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-search]")) return;
  event.preventDefault();
  clearTimeout(searchTimer);
  searched(event.target);
});

addEventListener("popstate", (event) => {
  const open = document.querySelector("#chat").dataset.url ?? "/chat/";
  const pane = event.state?.pane ?? (location.pathname === "/chat/" ? "list" : "chat");
  if (!panes.isWide() && pane === "list") return panes.show("list", { push: false });
  if (location.pathname !== open) return openChat(location.pathname, { push: false });
  panes.show(pane, { push: false });
});
