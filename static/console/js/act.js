// Act: something is done to a message that is there; the answer is the message as it is now.
import { fail } from "./banner.js";
import { parse } from "./morph.js";
import { newKey, post } from "./request.js";
import * as thread from "./thread.js";

export async function act(message, what, fields = {}) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ client_key: newKey(), ...fields })) body.set(name, value);
  try {
    const html = await post(`/chat/messages/${message.dataset.message}/${what}/`, body);
    thread.place(parse(html).firstElementChild);
    return true;
  } catch (error) {
    const words = error.html ? parse(error.html).querySelector("[data-error]")?.textContent : "";
    if (error.status !== 401) fail(error.status ? "failed" : "unreachable", words ?? "");
    return false;
  }
}
