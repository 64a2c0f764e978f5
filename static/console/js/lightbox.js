// Lightbox: a picture of the chat, large. Arrows go to the next one, Esc leaves.
const box = document.querySelector("#lightbox");
const large = box.querySelector("[data-large]");
let now = null;

const pictures = () => [...document.querySelectorAll("#thread [data-lightbox]")];

function show(link) {
  now = link;
  const message = link.closest(".msg");
  large.src = link.href;
  large.alt = link.querySelector("img").alt;
  box.querySelector("[data-caption]").textContent = message?.querySelector("[data-text]")?.textContent ?? link.dataset.name;
  const save = box.querySelector("[data-save]");
  save.href = link.href;
  save.download = link.dataset.name;
  const [at, all] = [pictures().indexOf(link), pictures()];
  for (const go of box.querySelectorAll("[data-go]")) go.hidden = !all[at + Number(go.dataset.go)];
  if (!box.open) box.showModal();
}

function step(by) {
  const next = pictures()[pictures().indexOf(now) + by];
  if (next) show(next);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-lightbox]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  show(link);
});
box.addEventListener("click", (event) => {
  const go = event.target.closest("[data-go]");
  if (go) step(Number(go.dataset.go));
  else if (event.target === large || event.target === box) box.close();
});
box.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
box.addEventListener("close", () => {
  large.removeAttribute("src");
  now?.focus();
});
