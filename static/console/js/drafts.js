// Drafts: what somebody is writing in each chat, kept in this tab only, so that changing chats or
// loading the page again loses nothing.
const key = (conversation) => `draft-${document.body.dataset.me}-${conversation}`;

export const draftOf = (conversation) => (conversation && sessionStorage.getItem(key(conversation))) || "";

export function keepDraft(conversation, text) {
  if (text.trim()) sessionStorage.setItem(key(conversation), text);
  else sessionStorage.removeItem(key(conversation));
}
