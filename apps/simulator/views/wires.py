"""The wire by which our own sends reach the phones, and files go both ways; signed with the account's secret."""

import json
import re

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from apps.core.actors import SYSTEM
from apps.inboxes.models import Inbox
from apps.simulator.actions.taking import CannotTake, take_file, take_message
from apps.simulator.models import PhoneFile
from providers.errors import UnreadablePayload, WebhookRejected
from providers.meta import clean_id, read_object
from providers.simulator import wire
from providers.simulator.adapter import LARGEST, Simulator
from providers.types import WebhookRequest

SHOWN = re.compile(r"image/(jpeg|png|gif|webp)|application/pdf|(audio|video)/[a-z0-9.+-]+")


@csrf_exempt
@never_cache
def receive(request: HttpRequest) -> HttpResponse:
    """Take what the provider's adapter sends: signed with the account's secret, as its webhooks are."""
    try:
        content = read_object(request.body)
    except UnreadablePayload:
        content = {}
    inbox = _signed_inbox(request, request.body, str(content.get("inbox")))
    if inbox is None:
        return _no("wrong_signature", 401)
    try:
        sent = wire.Send.model_validate(content)
        message_id = take_message(inbox=inbox, sent=sent, actor=SYSTEM)
    except ValidationError:
        return _no("invalid_request", 400)
    except CannotTake as error:
        return _no(error.code, 400)
    return JsonResponse({"id": message_id})


@csrf_exempt
@never_cache
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Take a file that a message will name. What is signed is what is told of it, not its bytes."""
    told, file = request.POST.get("told", ""), request.FILES.get("file")
    address, name, mime_type = _told(told)
    inbox = _signed_inbox(request, told.encode(), address)
    if inbox is None:
        return _no("wrong_signature", 401)
    if file is None or (file.size or 0) > LARGEST:
        return _no("invalid_request", 400)
    return JsonResponse({"id": take_file(inbox=inbox, file=file, name=name, mime_type=mime_type, actor=SYSTEM).key})


@never_cache
@require_GET
def give(request: HttpRequest, key: str) -> HttpResponse | FileResponse:
    """Hand over a file that was sent from a phone, to whoever can sign its name."""
    file = PhoneFile.objects.select_related("inbox__account").filter(key=clean_id(key)).first()
    if file is None or _signed_inbox(request, key.encode(), file.inbox.address) is None:
        return _no("no_such_file", 404)
    return answer_with(file)


def answer_with(file: PhoneFile) -> FileResponse:
    """Answer with a file; it may do nothing in whatever opens it."""
    mime_type = file.mime_type.partition(";")[0].strip().lower()
    is_shown = SHOWN.fullmatch(mime_type) is not None
    response = FileResponse(
        file.file.open("rb"),
        as_attachment=not is_shown,
        filename=file.name or file.kind,
        content_type=mime_type if is_shown else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _told(text: str) -> tuple[str, str, str]:
    try:
        address, name, mime_type = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return "", "", ""
    return str(address), clean_id(str(name)), clean_id(str(mime_type))


def _signed_inbox(request: HttpRequest, body: bytes, address: str) -> Inbox | None:
    """Return the inbox this comes from, proved by its account's signature; None without proof."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    proof = WebhookRequest(method="POST", headers=headers, query={}, body=body)
    inboxes = Inbox.objects.select_related("account").filter(
        address=clean_id(address), account__kind=Simulator.kind, account__is_active=True
    )
    for inbox in inboxes:
        try:
            inbox.account.provider().verify(proof)
        except WebhookRejected:
            continue
        return inbox
    return None


def _no(code: str, status: int) -> JsonResponse:
    return JsonResponse({"code": code}, status=status)
