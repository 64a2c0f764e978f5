// Grouping: one sender, one kind, five minutes, nothing failed: the middle ones lose their name and corner.
const GROUP_MICROS = 5 * 60 * 1_000_000;

function isOneGroup(a, b) {
  if (!a?.matches(".msg") || !b?.matches(".msg") || a.dataset.by !== b.dataset.by) return false;
  if (a.matches(".msg--failed, .msg--unsure") || b.matches(".msg--failed, .msg--unsure")) return false;
  const [from, to] = [a, b].map((message) => Number((message.dataset.order ?? "").split("-")[0] || Date.now() * 1000));
  return to - from < GROUP_MICROS;
}

export function join(message) {
  const { previousElementSibling: above, nextElementSibling: below } = message;
  for (const [one, other] of [[above, message], [message, below]]) {
    const together = isOneGroup(one, other);
    if (one?.matches(".msg")) one.classList.toggle("msg--last", !together);
    if (other?.matches(".msg")) {
      other.classList.toggle("msg--first", !together);
      const by = other.querySelector(".msg__by");
      if (by) by.hidden = together;
    }
  }
}
