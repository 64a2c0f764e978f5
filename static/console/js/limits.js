// Limits: what this channel takes, read from what the server wrote on the composer. The server asks again.
import { say, size } from "./say.js";

const CONVERTED = ["audio", "voice"]; // recorded as anything, they are made ready on the way

export function lengthOf(form, text) {
  return form.dataset.unit === "bytes" ? new TextEncoder().encode(text).length : [...text].length;
}

const plain = (file) => file.type.split(";")[0].trim().toLowerCase();
const kindOf = (file) => ({ image: "image", audio: "audio", video: "video" })[plain(file).split("/")[0]] ?? "document";

// Return as what a file leaves here, and what is wrong with it, in words; nothing when all is well.
export function judge(form, file, asked = kindOf(file)) {
  const table = JSON.parse(form.dataset.files);
  const { channel } = form.dataset;
  let [large, format] = ["", ""];
  if (!file.size) return { kind: asked, why: say("empty") };
  for (const kind of new Set([asked, asked === "voice" ? "audio" : asked, "document"])) {
    const limit = table[kind];
    if (!limit) continue;
    const isTaken = !limit.types.length || CONVERTED.includes(kind) || limit.types.includes(plain(file));
    if (!isTaken) format ||= say("format", { channel });
    else if (file.size > limit.bytes) large ||= say("large", { channel, size: size(file.size), limit: size(limit.bytes) });
    else return { kind, why: "", caption: limit.caption };
  }
  return { kind: asked, why: large || format || say("kind", { channel }) };
}
