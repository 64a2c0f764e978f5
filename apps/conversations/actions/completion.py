"""A placeholder gets its content: what an import, or a device that could not tell, left open."""

from apps.conversations.actions.columns import announce, follow_content
from apps.conversations.actions.files import expect_files
from apps.conversations.actions.stored import fill
from apps.conversations.models import Kind, Message
from apps.core import live
from apps.core.actors import Actor
from providers.contents import Content, Files, Unsupported


def complete(message_id: int, content: Content, *, branch_id: int, actor: Actor) -> bool:
    """Let a placeholder become what it stood for; False when there is nothing to complete."""
    if isinstance(content, Unsupported):
        return False
    message = Message.objects.select_for_update(of=["self"], no_key=True).get(pk=message_id)
    if message.kind != Kind.UNSUPPORTED:
        return False
    words, referral = message.text, message.details.get("referral")
    fill(message, content)
    if referral:
        message.details["referral"] = referral
    if first := message.edits.order_by("at").first():  # it was given other words before it had any
        first.text, message.text = message.text, words
        first.save(update_fields=["text"])
    message.save(update_fields=["kind", "text", "details", "unsupported_kind"])
    if isinstance(content, Files):
        expect_files(message=message, files=content.files, actor=actor)
    follow_content(message)
    announce(live.LiveKind.MESSAGE_CHANGED, message, branch_id=branch_id)
    return True
