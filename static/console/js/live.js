// Live: each event brings finished pieces of the page and their names; this puts them in their places.
import * as list from "./list.js";
import * as thread from "./thread.js";
import { refreshControls } from "./actions.js";
import { refreshCounts } from "./counts.js";
import { morph, parse } from "./morph.js";
import * as suggestion from "./suggestion.js";

const REMEMBERED = 30_000;
let recent = [];

export function apply(frame) {
  const now = Date.now();
  recent = [...recent.filter((item) => now - item.at < REMEMBERED), { at: now, frame }];
  for (const target of frame.targets) place(target, frame);
  if (frame.kind !== "suggestion_changed") refreshCounts();
}

// What was being loaded while events came in gets them again, one chat or all; repeating one does no harm.
export function replay(since, conversation = null) {
  for (const { at, frame } of recent) {
    if (at < since) continue;
    for (const target of frame.targets) if (conversation === null || target.conversation === conversation) place(target, frame);
  }
}

function place(target, frame) {
  const isOpen = thread.conversation() === target.conversation;
  const piece = parse(target.html).firstElementChild;
  if (target.id.startsWith("row-")) {
    list.place(piece);
    if (isOpen) refreshControls(target.state, frame.kind);
  } else if (target.id.startsWith("m")) {
    if (!isOpen) return;
    const isNew = frame.kind === "message_added";
    thread.place(piece, { isNew });
    if (isNew) suggestion.heard(target.id.slice(1));
  } else if (target.id.startsWith("suggestion-")) {
    suggestion.draw(piece);
  } else {
    const old = document.getElementById(target.id);
    if (old) morph(old, piece);
  }
}
