// Banner: what is wrong with the line, in one of the sentences the server wrote. Never two at once.
const banners = [...document.querySelectorAll("[data-banner]")];
const failed = banners.find((banner) => banner.dataset.banner === "failed");

export function show(name) {
  for (const banner of banners) banner.hidden = banner.dataset.banner !== name;
}

export function hide(name) {
  for (const banner of banners) if (banner.dataset.banner === name) banner.hidden = true;
}

// Say why an action failed: `why` names one of the sentences in the page, `words` are the server's own.
export function fail(why, words = "") {
  if (banners.some((banner) => !banner.hidden && banner !== failed)) return;
  const sentence = failed.querySelector(`template[data-why="${why}"]`);
  failed.querySelector("[data-failed-why]").textContent = words || sentence.content.textContent;
  show("failed");
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) hide("failed");
  const login = event.target.closest("[data-login]");
  if (login) login.search = `?next=${encodeURIComponent(location.pathname + location.search)}`;
});
