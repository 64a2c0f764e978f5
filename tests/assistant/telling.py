"""Words for tests of prompts: a house with courses, somebody who asks, and what a model is told."""

import itertools
from datetime import date, time
from typing import Any

from apps.assistant.models import Suggestion
from apps.assistant.prompt import build_prompt
from apps.conversations.actions.send import send_message
from apps.conversations.models import Attachment, Conversation, Message
from apps.core.actors import SYSTEM
from apps.courses.models import Course, CourseEdition
from apps.organization.models import Branch
from providers.contents import ContentKind, Files, RemoteFile
from tests.factories import make_branch, receive

_keys = itertools.count(1)


def furnish() -> Branch:
    """Make two branches and what is offered there; return the first."""
    here = make_branch("Centro", address="Balcarce 123, Salta", phone="0387 421-5555")
    there = make_branch("Tres Cerritos", address="Los Ceibos 45, Salta")
    company = here.company
    company.website, company.email = "https://quirquincho.example", "hola@quirquincho.example"
    company.save()
    kids = Course.objects.create(
        name="Robótica Kids",
        duration="4 meses",
        price_scheme="Matrícula $ 20.000 y 4 cuotas de $ 38.500.\nTransferencia al alias quirquincho.cursos.mp",
        information="Arman | sin programar.",
    )
    python = Course.objects.create(name="Python Teens", modality=Course.Modality.ONLINE)
    Course.objects.create(name="Arduino para adultos")
    Course.objects.create(name="Curso viejo", is_active=False)
    edition(python, there, days=[6], state="planned")
    edition(kids, here, days=[3, 1], starts_at=time(18), ends_at=time(19, 30), min_age=6, max_age=8, seats=5,
            estimated_date=date(2027, 3, 1), notes="Traer merienda")  # fmt: skip
    edition(kids, there, state="full", estimated_date=date(2027, 3, 3), min_age=6, starts_at=time(9))
    edition(kids, here, state="canceled", notes="CANARY cancelada")
    return here


def edition(course: Course, branch: Branch, **fields: Any) -> CourseEdition:
    return CourseEdition.objects.create(course=course, branch=branch, **{"state": "open", **fields})


def say(conversation: Conversation, text: str) -> Message:
    """Answer as the house does."""
    return send_message(conversation=conversation, text=text, client_key=f"k{next(_keys)}", actor=SYSTEM)


def send_file(inbox, kind, *, caption="", name="", mime_type="", **columns):
    """Let a person send a file that is here already."""
    file = RemoteFile(kind=ContentKind(kind), mime_type=mime_type, name=name, media_id="m")
    message = receive(inbox, content=Files(files=(file,), caption=caption))
    Attachment.objects.filter(message=message).update(state="ready", file="messages/a.bin", **columns)
    return message


def told(conversation: Conversation, *, with_images: bool = False, **columns: Any):
    """Return what a model is told so that it answers the last message of a conversation."""
    trigger = conversation.messages.filter(direction="in").order_by("-id").first()
    wanted = {"conversation": conversation, "inbox": conversation.inbox, "trigger": trigger, **columns}
    return build_prompt(Suggestion(**wanted), with_images=with_images)


def lines(prompt) -> list[str]:
    """Return the turns of a prompt, each as `role: text`."""
    return [f"{turn.role}: {turn.text}" for turn in prompt.turns]
