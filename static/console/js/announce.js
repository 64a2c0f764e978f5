// Announce: what a screen reader says of a new message; short, and at most every three seconds.
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
