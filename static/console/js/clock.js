// Clock: one timer a minute counts windows down and waiting up, in the words of the server.
// At midnight, when "today" changes its meaning, a page nobody is using loads itself again.
import { refreshControls } from "./actions.js";
import { day } from "./hours.js";

const HOURS_WITH_MINUTES = 9;
const today = day(Date.now());

function span(seconds, withMinutes) {
  const total = Math.max(Math.floor(seconds / 60), 0);
  const [hours, rest] = [Math.floor(total / 60), total % 60];
  if (hours === 0) return `${total} min`;
  if (withMinutes && hours < HOURS_WITH_MINUTES) return `${hours} h ${String(rest).padStart(2, "0")}`;
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

function tick() {
  const now = Date.now() / 1000;
  for (const chip of document.querySelectorAll("[data-until]")) countDown(chip, Number(chip.dataset.until) - now);
  for (const chip of document.querySelectorAll("[data-since]")) chip.lastElementChild.textContent = span(now - Number(chip.dataset.since), false);
  const isIdle = document.hidden || !document.hasFocus();
  if (day(Date.now()) !== today && isIdle) location.reload();
}

function countDown(chip, left) {
  chip.classList.toggle("chip--bad", left > 0 && left < 3600);
  chip.classList.toggle("chip--warn", left >= 3600 && left < 4 * 3600);
  chip.lastElementChild.textContent = left > 0 ? span(left, true) : document.body.dataset.wordExpired;
  if (left > 0) return;
  chip.querySelector("use").setAttribute("href", `${document.body.dataset.icons}#lock`);
  chip.removeAttribute("data-until");
  if (chip.closest("#chat-bar")) refreshControls("expired");
}

setInterval(tick, 15_000);
document.addEventListener("visibilitychange", tick);
