// Announce: what a message says in short, and what a screen reader says of a new one, at most every three seconds.
const PAUSE = 3_000;
const LENGTH = 120;
let last = 0;
let timer = 0;

export function announce(words) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    last = Date.now();
    document.querySelector("#announce").textContent = words.slice(0, LENGTH);
  }, Math.max(0, last + PAUSE - Date.now()));
}

// The words of a message, or what it is when it has none.
export const gist = (message) => message.querySelector("[data-text]")?.textContent || message.dataset.gist || "";
