// Say: sentences the server wrote into the page, with what is known only here filled in.
export function say(name, values = {}) {
  const words = document.querySelector(`[data-say="${name}"]`).textContent;
  return words.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export function explain(words) {
  const place = document.querySelector("#composer-error");
  if (place) place.textContent = words;
}

const lang = document.documentElement.lang || "es";
const units = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function size(bytes) {
  const step = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  const number = bytes / 1024 ** step;
  return new Intl.NumberFormat(lang, { style: "unit", unit: units[step], unitDisplay: "short", maximumFractionDigits: number < 10 && step ? 1 : 0 }).format(number);
}
