"""Things an invented person has at hand to send, one of each kind. The files are small and drawn for this."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

FOLDER = Path(__file__).parents[1] / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One thing to send."""

    kind: str
    label: Promise | str
    icon: str
    text: str = ""
    filename: str = ""
    name: str = ""  #: what the person calls it, where that is not the file's own name
    mime_type: str = ""
    details: dict[str, Any] = field(default_factory=dict)


SAMPLES = {
    "image": Sample(
        kind="image",
        label=pgettext_lazy("a message", "Photo"),
        icon="image",
        text="Así quedó el robot",
        filename="robot.jpg",
        mime_type="image/jpeg",
    ),
    "voice": Sample(
        kind="voice",
        label=pgettext_lazy("a message", "Voice note"),
        icon="mic",
        filename="nota.ogg",
        mime_type="audio/ogg; codecs=opus",
    ),
    "audio": Sample(
        kind="audio",
        label=pgettext_lazy("a message", "Audio"),
        icon="music",
        filename="melodia.mp3",
        mime_type="audio/mpeg",
    ),
    "video": Sample(
        kind="video",
        label=pgettext_lazy("a message", "Video"),
        icon="video",
        text="Mirá cómo anda",
        filename="robot.mp4",
        mime_type="video/mp4",
    ),
    "document": Sample(
        kind="document",
        label=pgettext_lazy("a message", "Document"),
        icon="file",
        filename="ficha.pdf",
        name="Ficha médica.pdf",
        mime_type="application/pdf",
    ),
    "sticker": Sample(
        kind="sticker",
        label=pgettext_lazy("a message", "Sticker"),
        icon="smile",
        filename="sticker.webp",
        mime_type="image/webp",
    ),
    "location": Sample(
        kind="location",
        label=pgettext_lazy("a message", "Location"),
        icon="pin",
        text="Plaza 9 de Julio",
        details={
            "location": {
                "latitude": -24.78929,
                "longitude": -65.41063,
                "name": "Plaza 9 de Julio",
                "address": "Caseros y Zuviría, Salta",
            }
        },
    ),
    "contacts": Sample(
        kind="contacts",
        label=pgettext_lazy("a message", "Contact"),
        icon="id",
        details={
            "contacts": [
                {"name": "Nelly Cardozo", "phones": ["+54 9 387 555-0178"], "emails": [], "organization": "Abuela"}
            ]
        },
    ),
    "order": Sample(
        kind="order",
        label=pgettext_lazy("a message", "Order"),
        icon="cart",
        text="Para el sábado, por favor",
        details={
            "order": {
                "items": [
                    {"product": "Kit Arduino inicial", "quantity": "2", "price": "38500.00", "currency": "ARS"},
                    {"product": "Sensor de distancia", "quantity": "1", "price": "6200.00", "currency": "ARS"},
                ]
            }
        },
    ),
    "poll": Sample(
        kind="unsupported",
        label=pgettext_lazy("a message", "Poll"),
        icon="list",
        text="",
        details={"unsupported": "poll"},
    ),
    "notice": Sample(
        kind="system",
        label=pgettext_lazy("a message", "Change of number"),
        icon="info",
        details={"notice": {"code": "number_changed"}},
    ),
}
