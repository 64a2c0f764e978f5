"""One item of `statuses` → our event. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from providers.types import BrokenItem, DeliveryStatus, Event, StatusUpdate
from providers.whatsapp import wire
from providers.whatsapp.reading import Place, Skip, provider_error
from providers.wire import moment, word_of

STATUSES: Final[Mapping[str, DeliveryStatus]] = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.READ,  # a voice note that was heard was certainly seen
    "failed": DeliveryStatus.FAILED,
}


def read(item: dict[str, Any], place: Place) -> Iterator[Event]:
    """Give what one item says. Raises Skip, ValidationError."""
    status = wire.Status.model_validate(item)
    known = STATUSES.get(status.status)
    if known is None:
        raise Skip(f"status:{word_of(status.status)}")
    if not status.id:
        yield BrokenItem(path=place.path, error="id: missing")
        return
    yield StatusUpdate(
        path=place.path,
        inbox_address=place.inbox_address,
        provider_message_id=status.id,
        status=known,
        provider_time=moment(status.timestamp),
        error=provider_error(status.errors) if known is DeliveryStatus.FAILED else None,
        callback_data=status.biz_opaque_callback_data or None,
        pricing_category=status.pricing.category[:40],
    )
