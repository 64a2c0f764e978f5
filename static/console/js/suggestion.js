// Suggestion: what stands above the box. Its text grows at animation frames, always as text; what the server draws of
// it takes the place of the old part. Nothing leaves without a key or a click.
import { explain } from "./actions.js";
import { announce } from "./announce.js";
import { box, isCorrecting } from "./composer.js";
import { keepSource } from "./drafts.js";
import { morph, parse } from "./morph.js";
import { post } from "./request.js";
import * as thread from "./thread.js";

const RATE_AFTER = 250; // the arrows go from star to star
const AT_END = 8;
const isOnscreenKeyboard = matchMedia("(pointer: coarse)").matches;
let growing = null;
let isDeciding = false;
let rateTimer = 0;

const slot = () => document.querySelector("[data-slot]");
const shown = () => slot()?.querySelector(".suggest");
const state = () => shown()?.dataset.state ?? "";
const place = () => shown()?.querySelector("[data-suggested]");

// A chat was opened: what a link put into its box is an answer of that suggestion.
export function arrive() {
  const source = document.querySelector("[data-composer] [name=suggestion]");
  if (source?.value) keepSource(thread.conversation(), source.value);
  settle();
}

// The server drew it anew; what is drawn of another chat has no place here.
export function draw(piece) {
  const old = document.getElementById(piece.id);
  if (!old) return;
  const [before, hadFocus] = [state(), old.contains(document.activeElement)];
  morph(old, piece);
  settle();
  if (hadFocus && document.activeElement === document.body && !isOnscreenKeyboard) box()?.focus({ preventScroll: true });
  if (["shown", "failed"].includes(state()) && before !== state()) announce(`${shown().ariaLabel}: ${words()}`);
}

const words = () => shown().querySelector(".suggest__text")?.textContent ?? "";

// What was clicked here gives way to what the server says; without a line nothing can be asked of it.
function settle() {
  if (!rateTimer) for (const star of slot()?.querySelectorAll("[name=rating]") ?? []) star.checked = star.defaultChecked;
  const acts = shown()?.querySelector(".suggest__acts");
  if (acts) acts.disabled = document.body.hasAttribute("data-offline");
}

export function online(isUp) {
  document.body.toggleAttribute("data-offline", !isUp);
  settle();
}

// So much is written by now; only the newest is drawn, once per frame of the screen.
export function grow(frame) {
  if (!growing) requestAnimationFrame(write);
  growing = frame;
}

function write() {
  const { suggestion, text } = growing;
  growing = null;
  if (shown()?.dataset.suggestion !== `${suggestion}` || shown().ariaBusy !== "true") return;
  const isAtEnd = place().scrollHeight - place().scrollTop - place().clientHeight < AT_END;
  const written = place().firstChild;
  if (written && text.startsWith(written.data)) written.appendData(text.slice(written.data.length));
  else place().textContent = text;
  if (isAtEnd) place().scrollTop = place().scrollHeight;
}

// Something newer was said: the rating of what left makes room, and so does why there was nothing to propose.
export function heard(message) {
  if (Number(message) > Number(shown()?.dataset.message ?? Infinity)) shown().remove();
}

async function decide(url, body) {
  if (isDeciding) return false;
  const [asked, conversation] = [slot(), thread.conversation()];
  isDeciding = true;
  try {
    const answer = parse(await post(url, body));
    for (const part of [...answer.children]) {
      if (part.matches("[data-slot]")) draw(part);
      else if (slot() === asked && thread.conversation() === conversation) thread.place(part);
    }
    return true;
  } catch (error) {
    explain(error);
    settle();
    return false;
  } finally {
    isDeciding = false;
  }
}

document.addEventListener("submit", async (event) => {
  const [form, button] = [event.target, event.submitter];
  if (!form.matches("[data-decide]")) return;
  event.preventDefault();
  const popover = form.closest("[popover]") ?? button?.closest("[popover]");
  const url = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const isDone = await decide(url, new FormData(form, button));
  if (isDone && popover?.matches(":popover-open")) popover.hidePopover();
});

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-rating] [name=rating]")) return;
  clearTimeout(rateTimer);
  rateTimer = setTimeout(() => {
    rateTimer = 0;
    decide(target.form.action, new FormData(target.form));
  }, RATE_AFTER);
});

// Into the box, where sending it counts as an edited suggestion until the box is empty again.
export function edit() {
  if (!box() || !place() || isCorrecting()) return;
  const own = box().value.trimEnd();
  keepSource(thread.conversation(), shown().dataset.suggestion);
  box().value = own ? `${own}\n${words()}` : words();
  box().focus();
  box().dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const [ask, link] = ["[data-ask]", "[data-edit]"].map((part) => event.target.closest(part));
  if (ask || (link && box())) event.preventDefault();
  if (ask) decide(ask.formAction, new FormData());
  else if (link) edit();
});
