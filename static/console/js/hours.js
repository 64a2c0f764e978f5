// Hours: the time of day as the server writes it, in the zone of the house.
const format = new Intl.DateTimeFormat("en-GB", {
  timeZone: document.body.dataset.zone, hour: "numeric", minute: "2-digit", hourCycle: "h23",
});
const days = new Intl.DateTimeFormat("en-CA", { timeZone: document.body.dataset.zone });

export const clock = (at) => format.format(at).replace(/^0/, "");
export const day = (at) => days.format(at);
