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

// Not randomUUID: a page that came by plain HTTP from another machine of the house has none.
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
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

// Post a form with a file; `told` hears how much of it has left. Fetch could not tell.
export function upload(url, body, told) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-Fragment", "answer");
    request.setRequestHeader("X-CSRFToken", token());
    request.upload.onprogress = (event) => { if (event.lengthComputable) told(Math.round((100 * event.loaded) / event.total)); };
    request.onerror = () => failed(new Error("broken"));
    request.onload = () => {
      if (request.status === 401) show("ended");
      if (request.status >= 200 && request.status < 300) done(request.responseText);
      else failed(request.status ? new Refused(request.status, request.responseText) : new Error("broken"));
    };
    request.send(body);
  });
}
