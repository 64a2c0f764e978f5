// Older: messages before the first one are fetched when it comes near, and nothing on the screen moves.
import { join } from "./grouping.js";
import { parse } from "./morph.js";
import { get } from "./request.js";

const PAGES = 20; // how far back a quote is looked for

async function load(link) {
  if (link.ariaBusy) return;
  link.ariaBusy = "true";
  const page = parse(await get(link.href, "older"));
  const thread = document.querySelector("#thread");
  if (!thread.contains(link)) return;
  const [height, top] = [thread.scrollHeight, thread.scrollTop];
  const first = thread.querySelector(".thread__day");
  const same = page.querySelector(`.thread__day[data-day="${first.dataset.day}"]`);
  if (same) {
    first.querySelector(".day").after(...same.querySelectorAll(".msg"));
    same.remove();
  }
  link.replaceWith(page);
  for (const message of thread.querySelectorAll(".msg")) join(message);
  thread.scrollTop = top + thread.scrollHeight - height;
  watch();
}

const tryLoading = (link) => load(link).catch(() => { link.ariaBusy = null; });

let near = null;

export function watch() {
  near?.disconnect();
  const link = document.querySelector("[data-older]");
  if (!link) return;
  const come = (seen) => { if (seen.some((entry) => entry.isIntersecting)) tryLoading(link); };
  near = new IntersectionObserver(come, { root: document.querySelector("#thread"), rootMargin: "300px 0px 0px" });
  near.observe(link);
}

// Return a message of this chat, loading what lies between when it is not there yet.
export async function find(id) {
  for (let page = 0; page < PAGES; page += 1) {
    const found = document.getElementById(id);
    const link = document.querySelector("[data-older]");
    if (found || !link) return found;
    await tryLoading(link);
  }
  return null;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-older]");
  if (!link) return;
  event.preventDefault();
  tryLoading(link);
});
