// Requests: fragments of pages, and forms sent without leaving the page.
import { show } from "./banner.js";

const TIMEOUT = 20_000;

// The server answered, but with a refusal; `html` is its explanation.
export class Refused extends Error {
  constructor(status, html) {
    super(`refused with ${status}`);
    this.status = status;
    this.html = html;
  }
}

export const token = () => document.querySelector("#on-message [name=csrfmiddlewaretoken]").value;

export function get(url, part, signal) {
  return ask(url, { headers: { "X-Fragment": part }, signal: signal ?? AbortSignal.timeout(TIMEOUT) });
}

export function post(url, body, part = "answer") {
  const headers = { "X-Fragment": part, "X-CSRFToken": token() };
  return ask(url, { method: "POST", body, headers, signal: AbortSignal.timeout(TIMEOUT) });
}

async function ask(url, options) {
  const answer = await fetch(url, { ...options, credentials: "same-origin", redirect: "manual" });
  if (answer.status === 401 || answer.type === "opaqueredirect") {
    show("ended");
    throw new Refused(401, "");
  }
  const html = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, html);
  return html;
}
