// Actions: the buttons of the chat and of a message. Each is a form of its own that works without this;
// here it is sent in place and the answer, drawn by the server, takes the place of the old part.
import { fail } from "./banner.js";
import { parse, swap } from "./morph.js";
import { get, post, Refused } from "./request.js";
import * as thread from "./thread.js";
import * as composer from "./composer.js";
import * as preferences from "./preferences.js";

let controlsTimer = 0;

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-act], #on-message")) return;
  event.preventDefault();
  const button = event.submitter;
  const body = new FormData(form, button);
  button.disabled = true;
  try {
    const html = await post(button.hasAttribute("formaction") ? button.formAction : form.action, body);
    button.closest(".menu:popover-open")?.hidePopover();
    if (form.matches("[data-act]")) put(html);
    else thread.place(parse(html).firstElementChild);
  } catch (error) {
    explain(error);
  } finally {
    button.disabled = false;
  }
});

function put(html) {
  const state = parse(html).querySelector("[data-state]");
  composer.leave();
  swap(html);
  if (state) document.querySelector("#chat").dataset.state = state.dataset.state;
  preferences.paint();
  composer.arrive();
}

export function explain(error) {
  if (!(error instanceof Refused)) return fail("unreachable");
  if (error.status === 401) return;
  const words = parse(error.html).querySelector("[data-error]")?.textContent ?? "";
  fail(error.status === 403 ? "forbidden" : "failed", words);
}

// Somebody else, or time, changed what may be done here: have the bar and the composer drawn again.
export function refreshControls(state, kind) {
  const chat = document.querySelector("#chat");
  if (chat.dataset.state === state && kind !== "person_changed") return;
  clearTimeout(controlsTimer);
  controlsTimer = setTimeout(async () => {
    const html = await get(chat.dataset.url, "controls").catch(() => "");
    if (document.querySelector("#chat") === chat) put(html);
  }, 50);
}
