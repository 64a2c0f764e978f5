// Socket: one connection with a cursor. What was missed comes on return; a banner after two seconds
// says so when the line is down; nothing is held here but the place in the feed.
import { hide, show } from "./banner.js";
import { apply } from "./live.js";
import { refresh } from "./refresh.js";
import { clock } from "./hours.js";
import { refreshCounts } from "./counts.js";
import { flush } from "./outbox.js";
import * as suggestion from "./suggestion.js";
import { conversation } from "./thread.js";

const BANNER_AFTER = 2_000;
const SILENCE = 45_000; // the server says something every 30 seconds
const LONGEST_WAIT = 15_000;
const CROWDED_WAIT = 60_000;

let cursor = document.body.dataset.cursor;
let socket = null;
let attempts = 0;
let bannerTimer = 0;
let retryTimer = 0;
let silenceTimer = 0;
let lostAt = null;

export function connect() {
  clearTimeout(retryTimer);
  if (socket && socket.readyState <= WebSocket.OPEN) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = new URLSearchParams({ after: cursor, language: document.documentElement.lang });
  socket = new WebSocket(`${scheme}://${location.host}/ws/chat/?${query}`);
  socket.onmessage = heard;
  socket.onclose = lost;
  listen();
}

function heard(event) {
  listen();
  const frame = JSON.parse(event.data);
  if (frame.type === "reload") return location.reload();
  if (frame.cursor) cursor = frame.cursor;
  if (frame.type === "event") apply(frame);
  if (frame.type === "suggestion") suggestion.grow(frame);
  if (frame.type === "refresh") refresh();
  if (frame.type === "ready") found();
}

function found() {
  attempts = 0;
  lostAt = null;
  clearTimeout(bannerTimer);
  for (const name of ["offline", "crowded"]) hide(name);
  document.body.dataset.line = "up";
  suggestion.online(true);
  tellOpen();
  refreshCounts();
  flush();
}

// What is proposed is told of the open chat only, beginning with what is there now.
export function tellOpen() {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "open", conversation: conversation() || null }));
}

function lost(event) {
  clearTimeout(silenceTimer);
  if (event.target !== socket) return;
  document.body.dataset.line = "down";
  if (event.code === 4401 || event.code === 4403) return show("ended");
  if (event.code === 4429) {
    show("crowded");
    retryTimer = setTimeout(connect, CROWDED_WAIT);
    return;
  }
  if (!lostAt) {
    lostAt = new Date();
    clearTimeout(bannerTimer);
    bannerTimer = setTimeout(say, BANNER_AFTER);
  }
  const wait = Math.min(250 * 2 ** attempts, LONGEST_WAIT);
  attempts += 1;
  retryTimer = setTimeout(connect, wait / 2 + Math.random() * wait / 2);
}

function say() {
  document.querySelector("[data-offline-since]").textContent = clock(lostAt);
  show("offline");
  suggestion.online(false);
}

// A line that is silent is a line that is dead, whatever the browser thinks.
function listen() {
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(drop, SILENCE);
}

function drop() {
  const dead = socket;
  dead.onclose = null;
  dead.close();
  lost({ target: dead, code: 0 });
}

function again() {
  attempts = 0;
  connect();
}

addEventListener("offline", drop);
addEventListener("online", again);
document.addEventListener("visibilitychange", () => { if (!document.hidden && socket.readyState > WebSocket.OPEN && lostAt) again(); });
document.addEventListener("click", (event) => { if (event.target.closest("[data-reconnect]")) again(); });
