"""What holds for every provider there is, on the way out."""

import asyncio
import dataclasses
import io

import pytest

from providers.base import CheckState, FileSource
from providers.capabilities import MediaTransfer
from providers.contents import FILE_KINDS, ContentKind, Sendable, Text
from providers.errors import Rejected, UncertainSend
from providers.registry import PROVIDERS
from providers.types import Address, AddressScope, OutboundMessage, SendResult
from tests.providers import samples
from tests.providers.accounts import SAMPLES, account
from tests.providers.clients import Answering, Deaf

every_kind = pytest.mark.parametrize("kind", PROVIDERS)


def outbound(kind: str, content: Sendable) -> OutboundMessage:
    return OutboundMessage(
        inbox_address=SAMPLES[kind].inbox_address,
        recipient=SAMPLES[kind].recipient,
        content=content,
        callback_data="token",
        message_key="token",
    )


def send(kind: str, client: Deaf | Answering, content: Sendable) -> SendResult:
    return asyncio.run(account(kind).send(client, outbound(kind, content)))


@every_kind
def test_everything_it_says_it_sends_is_sent(kind: str) -> None:
    for content in samples.everything(PROVIDERS[kind].capabilities):
        client = Answering(SAMPLES[kind].taken)
        result = send(kind, client, content)
        assert result.provider_message_id == "their-1", content
        assert len(client.requests) == 1, content


@every_kind
def test_nothing_else_reaches_the_wire(kind: str) -> None:
    capabilities = PROVIDERS[kind].capabilities
    for content in samples.nothing_of_it(capabilities):
        assert capabilities.fault_of(content) == "unsupported_content"
        with pytest.raises(Rejected):
            send(kind, Deaf(), content)


@every_kind
def test_answer_can_quote(kind: str) -> None:
    client = Answering(SAMPLES[kind].taken)
    message = dataclasses.replace(outbound(kind, Text(body="Hola")), reply_to="their-0")
    asyncio.run(account(kind).send(client, message))
    [(_, body)] = client.requests
    assert (b"their-0" in body) is PROVIDERS[kind].capabilities.quotes_messages


@every_kind
def test_text_over_the_limit_is_rejected_before_the_wire(kind: str) -> None:
    longest = "a" * PROVIDERS[kind].capabilities.text_max_length
    with pytest.raises(Rejected):
        send(kind, Deaf(), Text(body=longest + "a"))


@every_kind
def test_file_over_the_limit_is_rejected_before_the_wire(kind: str) -> None:
    can = PROVIDERS[kind].capabilities
    for file_kind, limit in can.files.items():
        assert file_kind in can.sends
        file = samples.file_of(file_kind, can)
        too_much = [
            dataclasses.replace(file, size=limit.max_bytes + 1),
            dataclasses.replace(file, caption="a" * (limit.caption_max_length + 1)),
        ]
        if limit.mime_types:
            too_much.append(dataclasses.replace(file, mime_type="application/x-nobody"))
        for content in too_much:
            with pytest.raises(Rejected):
                send(kind, Deaf(), content)


@every_kind
def test_address_of_another_scope_is_rejected_before_the_wire(kind: str) -> None:
    own = SAMPLES[kind].recipient.scope
    scope = AddressScope.IGSID if own is not AddressScope.IGSID else AddressScope.SIMULATOR
    message = dataclasses.replace(outbound(kind, Text(body="Hola")), recipient=Address(scope=scope, value="1"))
    with pytest.raises(Rejected):
        asyncio.run(account(kind).send(Deaf(), message))


@every_kind
@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"id": ""}', b"<html>", b'{"id": 1'])
def test_success_without_an_id_is_uncertain(kind: str, body: bytes) -> None:
    with pytest.raises(UncertainSend):
        send(kind, Answering(body), Text(body="Hola"))


@every_kind
@pytest.mark.parametrize("status", [500, 502, 504, 301])
def test_answer_of_nobody_knows_whom_is_uncertain(kind: str, status: int) -> None:
    with pytest.raises(UncertainSend):
        send(kind, Answering(b"<html>Bad gateway</html>", status=status), Text(body="Hola"))


UPLOADING = [kind for kind, it in PROVIDERS.items() if it.capabilities.media_transfer is MediaTransfer.UPLOAD]
READING = [kind for kind, it in PROVIDERS.items() if it.capabilities.sends_read_receipts]


@pytest.mark.parametrize("kind", UPLOADING)
def test_file_is_handed_over(kind: str) -> None:
    client = Answering(SAMPLES[kind].uploaded)
    file = FileSource(name="foto.jpg", mime_type="image/jpeg", size=4, open=lambda: io.BytesIO(b"\xff\xd8\xff\xe0"))
    uploading = account(kind).upload(client, inbox_address=SAMPLES[kind].inbox_address, file=file)
    assert asyncio.run(uploading) == "media-1"
    assert [body for _, body in client.requests] == [b"\xff\xd8\xff\xe0"]


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize("is_typing", [False, True])
def test_receipt_names_what_was_read(kind: str, is_typing: bool) -> None:
    sample = SAMPLES[kind]
    client = Answering(b'{"success": true}')
    marking = account(kind).mark_read(
        client,
        inbox_address=sample.inbox_address,
        recipient=sample.recipient,
        provider_message_id="their-0",
        is_typing=is_typing,
    )
    asyncio.run(marking)
    assert client.requests


@every_kind
def test_check_answers_whatever_the_provider_says(kind: str) -> None:
    for client in (Answering(b"{}"), Answering(b"<html>", status=502), Answering(b"[]", status=401)):
        checks = asyncio.run(
            account(kind).check(
                client,
                inbox_addresses=[SAMPLES[kind].inbox_address],
                webhook_url="https://chat.example.org/webhooks/some-key/",
            )
        )
        for found in checks:
            assert found.code
            assert found.label
            assert found.remedy or found.state is not CheckState.BAD


@every_kind
def test_operation_nobody_knows_is_a_key_error(kind: str) -> None:
    names = [operation.name for operation in PROVIDERS[kind].operations()]
    assert len(set(names)) == len(names)
    with pytest.raises(KeyError):
        asyncio.run(account(kind).operate(Answering(b"{}"), "no_such_thing", inbox_address="1", webhook_url=""))


@every_kind
def test_capabilities_do_not_contradict_themselves(kind: str) -> None:
    can = PROVIDERS[kind].capabilities
    assert set(can.files) == can.sends & FILE_KINDS
    assert (can.media_transfer is MediaTransfer.NONE) is not bool(can.files)
    assert (can.menus is not None) is (ContentKind.INTERACTIVE in can.sends)
    assert can.sends_read_receipts or not can.sends_typing
    for content in samples.everything(can):
        assert can.fault_of(content) == ""
