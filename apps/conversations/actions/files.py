"""Files that come with messages."""

from collections.abc import Sequence

from django.db.models.functions import Now

from apps.conversations.models import Attachment, Message
from providers.contents import RemoteFile


def expect_files(*, message: Message, files: Sequence[RemoteFile]) -> None:
    """Write down which files belong to a message; fetching them is the matter of a task."""
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            kind=file.kind,
            name=file.name[:200],
            mime_type=file.mime_type[:100],
            state=Attachment.State.WAITING,
            next_attempt_at=Now(),
            source_id=file.media_id[:500],
            source_url=file.url,
        )
        for file in files
    )
