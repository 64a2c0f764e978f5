// Recorder: a voice note from this browser. It is heard by nobody until it is sent, and kept nowhere after.
import * as attach from "./attach.js";
import { explain, say } from "./say.js";
import * as thread from "./thread.js";

const FORMS = ["audio/webm;codecs=opus", "audio/mp4;codecs=mp4a.40.2", "audio/mp4", "audio/ogg;codecs=opus"];
const ENDINGS = { "audio/webm": "webm", "audio/mp4": "m4a", "audio/ogg": "ogg" };
const LONGEST = 15 * 60_000;
const WHY = { NotAllowedError: "microphone", SecurityError: "microphone", NotFoundError: "no-microphone" };
let now = null;

const form = () => document.querySelector("[data-composer]");

async function start() {
  if (now || !form()) return;
  if (!navigator.mediaDevices || !window.MediaRecorder) return explain(say("insecure"));
  explain("");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
  } catch (error) {
    return explain(say(WHY[error.name] ?? "no-microphone"));
  }
  const recorder = new MediaRecorder(stream, { mimeType: FORMS.find((type) => MediaRecorder.isTypeSupported(type)) });
  now = { stream, recorder, parts: [], began: Date.now(), isWanted: false, where: thread.conversation() };
  recorder.ondataavailable = ({ data }) => { if (data.size) now?.parts.push(data); };
  recorder.onstop = finish;
  recorder.start(1_000);
  listen(stream);
  show(true);
  form().querySelector("[data-record-send]").focus();
}

// The level of the voice, so that somebody sees that they are heard.
function listen(stream) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  now.context = context;
  now.timer = setInterval(() => {
    analyser.getByteTimeDomainData(samples);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0);
    const [level, time] = ["[data-record-level]", "[data-record-time]"].map((place) => form()?.querySelector(place));
    const passed = Date.now() - now.began;
    if (!level || passed > LONGEST || thread.conversation() !== now.where) return stop(passed > LONGEST);
    if (form().querySelector("[data-recording]").hidden) show(true); // the server drew the form anew
    level.value = Math.min(100, loudest * 1.6);
    time.textContent = `${Math.floor(passed / 60_000)}:${String(Math.floor(passed / 1000) % 60).padStart(2, "0")}`;
  }, 100);
}

function show(isOn) {
  if (!form()) return;
  form().querySelector("[data-recording]").hidden = !isOn;
  for (const part of form().querySelectorAll("textarea, .composer__tools")) part.hidden = isOn;
  if (isOn) form().querySelector("[data-record-time]").textContent = "0:00";
}

export function stop(isWanted = false) {
  if (!now || now.recorder.state === "inactive") return;
  now.isWanted = isWanted;
  now.recorder.stop();
}

function finish() {
  const { stream, parts, recorder, context, timer, isWanted, where } = now;
  clearInterval(timer);
  context.close();
  for (const track of stream.getTracks()) track.stop();
  now = null;
  show(false);
  const type = recorder.mimeType.split(";")[0];
  if (isWanted && form() && thread.conversation() === where) {
    const chosen = attach.add([new File(parts, `voz.${ENDINGS[type] ?? "webm"}`, { type })], { kind: "voice" });
    attach.send({ text: "", replyTo: form().elements.reply_to.value, chosen });
  }
  form()?.querySelector("textarea")?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-record]")) start();
  if (event.target.closest("[data-record-cancel]")) stop(false);
  if (event.target.closest("[data-record-send]")) stop(true);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && now) stop(false);
});
addEventListener("pagehide", () => stop(false));
