// Drafts: what somebody is writing in each chat, kept in this tab only, so that changing chats or
// loading the page again loses nothing.
const source = (conversation) => `source-${document.body.dataset.me}-${conversation}`;
const key = (conversation) => `draft-${document.body.dataset.me}-${conversation}`;

export const draftOf = (conversation) => (conversation && sessionStorage.getItem(key(conversation))) || "";

export function keepDraft(conversation, text) {
  if (text.trim()) sessionStorage.setItem(key(conversation), text);
  else for (const kept of [key, source]) sessionStorage.removeItem(kept(conversation));
}

// The suggestion it began with: what becomes of it is an answer of that one, until nothing of it is left.
export const sourceOf = (conversation) => sessionStorage.getItem(source(conversation)) ?? "";
export const keepSource = (conversation, suggestion) => sessionStorage.setItem(source(conversation), suggestion);
