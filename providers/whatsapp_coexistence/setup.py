"""What set-up adds for a number that is used in the phone app too."""

from typing import Final

from pydantic import ValidationError

from providers.base import Check, CheckState, Operation, Reader, gettext_noop
from providers.errors import RefusedForNow, SendError
from providers.whatsapp.graph import Graph
from providers.whatsapp_coexistence import wire

SYNC_CONTACTS: Final = Operation(
    name="sync_contacts",
    label=gettext_noop("Import the phone's contacts"),
    help_text=gettext_noop("Within 24 hours of connecting the number, and once."),
    is_per_inbox=True,
)
SYNC_HISTORY: Final = Operation(
    name="sync_history",
    label=gettext_noop("Import the phone's messages"),
    help_text=gettext_noop("The phone's last 180 days. Within 24 hours of connecting the number, and once."),
    is_per_inbox=True,
    requests_history=True,
)
SYNC_TYPES: Final = {SYNC_CONTACTS.name: "smb_app_state_sync", SYNC_HISTORY.name: "history"}

_PHONE_APP: Final = gettext_noop("Phone app")
_CONNECT: Final = gettext_noop(
    "Connect the number from the WhatsApp Business app: Settings, Account, Business Platform."
)


async def sync(graph: Graph, client: Reader, *, phone_number_id: str, sync_type: str) -> str:
    """Ask for what the phone holds; return the request's id, which Meta's support wants. Raises SendError.

    Meta answers at once and sends it later by webhook, or never, if there is nothing.
    """
    body = {"messaging_product": "whatsapp", "sync_type": sync_type}
    answer = await graph.post(client, phone_number_id, "/smb_app_data", body)
    try:
        return wire.SyncAnswer.model_validate(answer).request_id
    except ValidationError as error:
        raise RefusedForNow("no_request_id", "The answer names no request.", http_status=200) from error


async def check_phone_app(graph: Graph, client: Reader, number: str) -> Check:
    """Ask whether the phone app still shares this number with us."""
    state, detail = CheckState.UNKNOWN, ""
    try:
        answer = await graph.get(client, number, "?fields=is_on_biz_app,platform_type")
    except SendError as error:
        detail = error.code
    else:
        if isinstance(is_shared := answer.get("is_on_biz_app"), bool):
            state = CheckState.GOOD if is_shared else CheckState.BAD
    return Check(
        code="phone_app",
        label=_PHONE_APP,
        state=state,
        detail=detail,
        remedy="" if state is CheckState.GOOD else _CONNECT,
        inbox_address=number,
    )
