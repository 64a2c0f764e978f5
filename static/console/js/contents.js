// Contents: the small forms for a place, a card and a menu. They are sent in place; a refusal stays in the form.
import { parse } from "./morph.js";
import { newKey, post } from "./request.js";
import { say } from "./say.js";
import * as thread from "./thread.js";

const dialogOf = (kind) => document.querySelector(`#form-${kind}`);

function shape(form) {
  const chosen = form.querySelector("[name=shape]:checked")?.value;
  for (const part of form.querySelectorAll("[data-only]")) part.hidden = part.dataset.only !== chosen;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-form]");
  if (!button) return;
  button.closest("[popover]")?.hidePopover();
  const dialog = dialogOf(button.dataset.form);
  const form = dialog.querySelector("[data-content]");
  form.reset();
  form.dataset.key = newKey();
  form.querySelector("[data-problem]").textContent = "";
  shape(form);
  dialog.showModal();
});
document.addEventListener("change", ({ target }) => { if (target.name === "shape") shape(target.form); });

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-content]")) return;
  event.preventDefault();
  const body = new FormData(form);
  body.set("client_key", form.dataset.key);
  const conversation = thread.conversation();
  event.submitter.disabled = true;
  try {
    const html = await post(form.action, body);
    form.closest("dialog").close();
    if (thread.conversation() === conversation) thread.place(parse(html).firstElementChild);
  } catch (error) {
    const words = error.html && parse(error.html).querySelector("[data-error]")?.textContent;
    form.querySelector("[data-problem]").textContent = words || say(error.status ? "refused" : "broken");
  } finally {
    event.submitter.disabled = false;
  }
});
