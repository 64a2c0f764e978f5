// Attach: files wait beside the box – by button, drop or paste – are looked at, and go out one after the
// other, each a message of its own; the words go with the first. Each keeps its key until it is there.
import { judge } from "./limits.js";
import { parse } from "./morph.js";
import { newKey, upload } from "./request.js";
import { explain, say, size } from "./say.js";
import * as thread from "./thread.js";

const FACE = 40;
const clips = new Map(); // by conversation: changing the chat loses no file
let isSending = false;

const form = () => document.querySelector("[data-composer]");
const own = (conversation = thread.conversation()) => clips.get(conversation) ?? [];
export const hasFiles = () => own().some((clip) => !clip.why);

export function add(files, { kind } = {}) {
  if (!form()?.querySelector("[data-attach]")) return [];
  const fresh = [...files].map((file) => ({ file, key: newKey(), ...judge(form(), file, kind) }));
  clips.set(thread.conversation(), [...own(), ...fresh]);
  for (const clip of fresh) makeFace(clip);
  draw();
  return fresh;
}

// A small picture, drawn: the policy of the page lets no address of a local file be shown.
async function makeFace(clip) {
  if (!clip.file.type.startsWith("image/")) return;
  const picture = await createImageBitmap(clip.file, { resizeWidth: FACE * 2, resizeQuality: "medium" }).catch(() => null);
  if (!picture) return;
  clip.face = document.createElement("canvas");
  [clip.face.width, clip.face.height] = [picture.width, picture.height];
  clip.face.getContext("2d").drawImage(picture, 0, 0);
  draw();
}

export function draw() {
  const list = form()?.querySelector("[data-clips]");
  if (!list) return;
  const box = form().querySelector("textarea");
  list.replaceChildren(...own().map(drawn));
  list.hidden = !own().length;
  box.placeholder = own().length ? box.dataset.caption : box.dataset.placeholder;
}

function drawn(clip) {
  const item = document.querySelector("#clip").content.cloneNode(true).firstElementChild;
  const percent = clip.percent ?? 0;
  item.dataset.key = clip.key;
  item.classList.toggle("clip--bad", Boolean(clip.why));
  item.querySelector("[data-name]").textContent = clip.file.name;
  const told = clip.isGoing ? say("uploading", { percent }) : say("ready", { size: size(clip.file.size) });
  item.querySelector("[data-told]").textContent = clip.why || told;
  if (clip.why) item.querySelector("[data-told]").role = "alert";
  if (clip.face) item.querySelector(".clip__face").replaceChildren(clip.face);
  const progress = item.querySelector("progress");
  [progress.hidden, progress.value] = [!clip.isGoing, percent];
  return item;
}

// Send what waits here, or only what was chosen of it; return whether the words go with it.
export function send({ text, replyTo, chosen = own() }) {
  const [first] = chosen.filter((clip) => !clip.why);
  if (!first) return false;
  const limit = first.caption;
  if (limit && [...text].length > limit) {
    explain(say("caption", { channel: form().dataset.channel, limit }));
    return false;
  }
  first.text = text;
  first.replyTo = replyTo;
  for (const clip of chosen) if (!clip.why) clip.url = form().action;
  flush(thread.conversation());
  return true;
}

async function flush(conversation) {
  if (isSending) return;
  isSending = true;
  for (let clip = next(conversation); clip; clip = next(conversation)) await deliver(clip, conversation);
  isSending = false;
  const other = [...clips.keys()].find((key) => next(key));
  if (other !== undefined) flush(other);
}

const next = (conversation) => own(conversation).find((clip) => clip.url && !clip.why);

async function deliver(clip, conversation) {
  const body = new FormData();
  const fields = { client_key: clip.key, text: clip.text ?? "", reply_to: clip.replyTo ?? "", kind: clip.kind === "voice" ? "voice" : "" };
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set("file", clip.file, clip.file.name);
  clip.isGoing = true;
  try {
    const html = await upload(clip.url, body, (percent) => {
      clip.percent = percent;
      if (thread.conversation() === conversation) draw();
    });
    clips.set(conversation, own(conversation).filter((other) => other !== clip));
    if (thread.conversation() === conversation) thread.place(parse(html).firstElementChild);
  } catch (error) {
    const words = error.html && parse(error.html).querySelector("[data-error]")?.textContent;
    clip.why = words || say(error.status ? "refused" : "broken");
    clip.canRetry = !error.status;
  }
  clip.isGoing = false;
  draw();
}

export function retry() {
  for (const clip of own()) if (clip.canRetry) [clip.why, clip.canRetry] = ["", false];
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-attach]")) return;
  add(target.files);
  target.value = "";
});
document.addEventListener("click", (event) => {
  const item = event.target.closest("[data-unclip]")?.closest(".clip");
  if (!item) return;
  clips.set(thread.conversation(), own().filter((clip) => clip.key !== item.dataset.key || clip.isGoing));
  draw();
  form()?.querySelector("textarea").focus();
});
document.addEventListener("paste", (event) => {
  if (!event.clipboardData?.files.length || !form()?.contains(event.target)) return;
  event.preventDefault();
  add(event.clipboardData.files);
});

const bringsFiles = (event) => event.dataTransfer?.types.includes("Files") && event.target.closest?.("#chat");
const mark = (isOver) => document.querySelector("#chat")?.classList.toggle("is-drop", Boolean(isOver) && form() !== null);
for (const what of ["dragenter", "dragover"]) {
  document.addEventListener(what, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // a file that misses the chat must not replace the page
    mark(bringsFiles(event));
  });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
document.addEventListener("drop", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  mark(false);
  if (bringsFiles(event)) add(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => { if (isSending) event.preventDefault(); });
