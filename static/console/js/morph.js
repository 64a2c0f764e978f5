// Morph: make what is on the page equal to what the server drew, touching only what differs, so that
// focus, selection and scroll inside it stay.

export function parse(html) {
  const box = document.createElement("template");
  box.innerHTML = html; // drawn and escaped by the server; the policy runs no script that hides in it
  return box.content;
}

export function morph(now, next) {
  if (now.isEqualNode(next)) return now;
  if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) {
    now.replaceWith(next);
    return next;
  }
  if (now.nodeType !== Node.ELEMENT_NODE) {
    now.data = next.data;
    return now;
  }
  for (const { name } of [...now.attributes]) if (!next.hasAttribute(name)) now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  morphChildren(now, [...next.childNodes]);
  return now;
}

function morphChildren(now, next) {
  let at = now.firstChild;
  for (const child of next) {
    const same = partner(at, child);
    if (!same) {
      now.insertBefore(child, at);
      continue;
    }
    while (at !== same) at = removed(at);
    at = morph(same, child).nextSibling;
  }
  while (at) at = removed(at);
}

// The old child that this new one continues: the one of the same id, else the next one of its kind.
function partner(at, child) {
  if (!child.id) return at && at.nodeName === child.nodeName && !at.id ? at : null;
  let old = at;
  while (old && old.id !== child.id) old = old.nextSibling;
  return old;
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// Put every element of `html` that has an id in the place of the one on the page.
export function swap(html) {
  for (const next of [...parse(html).children]) {
    const now = next.id && document.getElementById(next.id);
    if (now) morph(now, next);
  }
}
