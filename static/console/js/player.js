// Player: voice notes play in place, one at a time; the wave shows how far, and a click on it goes there.
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, "0")}`;
const voiceOf = (element) => element.closest("[data-voice]");
const soundOf = (voice) => voice.querySelector("audio");

function paint(sound) {
  const voice = voiceOf(sound);
  if (!voice) return;
  const whole = Number.isFinite(sound.duration) ? sound.duration : 0;
  const done = whole ? sound.currentTime / whole : 0;
  const bars = voice.querySelectorAll("rect");
  bars.forEach((bar, at) => bar.classList.toggle("on", at < done * bars.length));
  const time = voice.querySelector("[data-time]");
  time.dataset.whole ??= time.textContent;
  time.textContent = sound.currentTime ? clock(sound.currentTime) : time.dataset.whole;
  const icon = `${document.body.dataset.icons}#${sound.paused ? "play" : "pause"}`;
  voice.querySelector("[data-play] use").setAttribute("href", icon);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play], [data-seek]");
  if (!button) return;
  const sound = soundOf(voiceOf(button));
  if (button.matches("[data-seek]") && Number.isFinite(sound.duration)) {
    const { left, width } = button.getBoundingClientRect();
    sound.currentTime = sound.duration * (event.clientX - left) / width;
    if (!sound.paused) return;
  }
  if (sound.paused) sound.play().catch(() => {});
  else sound.pause();
});

// These events do not rise, so they are caught on their way down.
for (const what of ["play", "pause", "timeupdate", "ended", "seeked"]) {
  document.addEventListener(what, ({ target, type }) => {
    if (!(target instanceof HTMLMediaElement)) return;
    if (type === "play") for (const other of document.querySelectorAll("audio, video")) if (other !== target) other.pause();
    if (type === "ended") target.currentTime = 0;
    paint(target);
  }, true);
}
