"""Files that arrive are fetched besides their message, as long as their provider keeps them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from apps.conversations import media_tasks
from apps.conversations.actions import fetch
from apps.conversations.actions.fetch import claim_files, record_missing, store
from apps.conversations.actions.files import clean_name
from apps.conversations.media_tasks import examine_media, fetch_media, sweep_media
from apps.conversations.models import Attachment, Message
from apps.core.actors import SYSTEM
from apps.core.models import LiveEvent
from providers.base import FetchedFile
from providers.contents import ContentKind, Files, RemoteFile
from providers.errors import Unreachable
from tests.factories import make_inbox, receive
from tests.media.samples import GPS, content_of, photo, sound
from tests.providers.graph_behaviour import graph_error
from tests.providers.graph_server import GraphServer

KINDS = {"image/jpeg": ContentKind.IMAGE, "audio/ogg": ContentKind.VOICE}


def arrived(*files: RemoteFile, caption: str = "Mirá") -> Message:
    return receive(make_inbox(), content=Files(files=files, caption=caption))


def remote(graph: GraphServer, content: bytes, mime_type: str = "image/jpeg", **told: Any) -> RemoteFile:
    told = {"kind": KINDS.get(mime_type, ContentKind.DOCUMENT), "mime_type": mime_type, **told}
    return RemoteFile(media_id=graph.objects.add_media(content, mime_type), **told)


def the_file() -> Attachment:
    return Attachment.objects.get()


def state() -> tuple[str, str]:
    row = the_file()
    return row.state, row.error_code


def wait_seconds() -> float:
    due = the_file().next_attempt_at
    assert due is not None
    return (due - timezone.now()).total_seconds()


def pass_time(**age: float) -> None:
    passed = timedelta(**age)
    Attachment.objects.update(next_attempt_at=F("next_attempt_at") - passed, kept_until=F("kept_until") - passed)


def inline(content: bytes, name: str = "", kind: ContentKind = ContentKind.DOCUMENT) -> RemoteFile:
    return RemoteFile(kind=kind, name=name, content=content)


# What comes ---------------------------------------------------------------------------------


def test_a_photo_is_there_at_once_and_its_file_soon(graph: GraphServer, run_jobs):
    message = arrived(remote(graph, photo((600, 400))), caption="El aula")
    assert (message.text, message.kind, state()) == ("El aula", "image", ("waiting", ""))
    LiveEvent.objects.all().delete()

    assert {"1 files", "0 files"} >= {*run_jobs()}

    row = the_file()
    assert (row.state, row.mime_type, row.size, row.kind) == ("ready", "image/jpeg", len(photo((600, 400))), "image")
    assert (row.width, row.height, row.is_examined, row.attempts) == (400, 600, True, 0)
    assert content_of(row.file) == photo((600, 400))
    assert GPS.encode() not in content_of(row.thumbnail)
    assert [*LiveEvent.objects.values_list("kind", "message_id")] == [("message_changed", message.pk)] * 2


def test_a_voice_note_has_its_waveform(graph: GraphServer, run_jobs):
    arrived(remote(graph, sound("ogg", "libopus"), "audio/ogg", name=""))
    run_jobs()
    row = the_file()
    assert (row.kind, row.mime_type, len(row.waveform or [])) == ("voice", "audio/ogg", 64)
    assert 980 <= (row.duration_ms or 0) <= 1060


def test_the_stored_name_says_nothing(graph: GraphServer, run_jobs, stored: Path):
    arrived(remote(graph, b"%PDF-1.7", "application/pdf", name="../../etc/Ana Pérez.pdf.exe"))
    run_jobs()
    row = the_file()
    assert (row.name, row.mime_type) == ("Ana Pérez.pdf.exe", "application/pdf")
    (path,) = [path for path in stored.rglob("*") if path.is_file()]
    assert path.suffix == ".pdf"
    assert len(path.stem) == 32
    assert "Ana" not in str(path)


@pytest.mark.parametrize(
    ("content", "kind", "mime_type"),
    [
        (b"<html><script>", "document", "text/html"),
        (b"<svg onload='x()'>", "document", "image/svg+xml"),
        (b"%PDF-1.7 /JavaScript", "document", "application/pdf"),
        (b"\0\1\2", "document", "application/octet-stream"),
    ],
)
def test_what_claims_to_be_a_picture_and_is_none_is_kept_as_what_it_is(
    graph: GraphServer, content: bytes, kind: str, mime_type: str
):
    arrived(remote(graph, content, "image/jpeg", name="x.jpg"))
    fetch_media()
    row = the_file()
    assert (row.state, row.kind, row.mime_type, row.is_examined) == ("ready", kind, mime_type, True)


def test_a_file_inside_the_event_waits_in_its_row(db: None):
    arrived(inline(b"Hola", "nota.txt"))
    assert the_file().source_url.startswith("data:;base64,")
    fetch_media()
    row = the_file()
    assert (row.state, row.size, row.mime_type, row.source_url) == ("ready", 4, "text/plain", "")
    assert content_of(row.file) == b"Hola"


def test_what_no_database_can_hold_is_left_out(db: None):
    arrived(
        RemoteFile(kind=ContentKind.IMAGE, mime_type="image/\0png", name="a\0\ud800.png", media_id="1\0", url="x\0")
    )
    row = the_file()
    assert (row.mime_type, row.name, row.source_id, row.source_url) == ("image/png", "a.png", "1", "x")


def test_several_files_of_one_message_are_fetched_at_once(graph: GraphServer):
    message = arrived(*(remote(graph, photo((60 + n, 40))) for n in range(10)))
    assert fetch_media() == "10 files"
    assert [file.state for file in message.attachments.all()] == ["ready"] * 10


def test_one_account_does_not_take_all_hands(db: None):
    for _ in range(6):
        crowd = arrived(inline(b"x"), *(inline(b"y") for _ in range(5)))
        Message.objects.update(inbox=crowd.inbox)
    other = arrived(inline(b"z"))
    claimed = claim_files(limit=8, actor=SYSTEM)
    assert [one.message.inbox_id == other.inbox_id for one in claimed] == [False] * 4 + [True]
    busy = [one.account_id for one in claimed]
    assert claim_files(limit=8, busy=busy, actor=SYSTEM) == []


def test_people_come_before_history(graph: GraphServer):
    old = arrived(inline(b"old"))
    Message.objects.filter(pk=old.pk).update(is_imported=True)
    new = arrived(inline(b"new"))
    claimed = claim_files(limit=2, actor=SYSTEM)
    assert [one.message.pk for one in claimed] == [new.pk, old.pk]


# What does not come -------------------------------------------------------------------------


def test_what_the_provider_has_no_more_is_gone(graph: GraphServer):
    file = remote(graph, photo())
    graph.objects.media[file.media_id].is_gone = True
    arrived(file)
    fetch_media()
    assert state()[0] == "gone"
    assert fetch_media() == "0 files"


def test_what_is_somewhere_else_is_refused_and_the_words_stay(graph: GraphServer):
    message = arrived(RemoteFile(kind=ContentKind.IMAGE, url="http://169.254.169.254/latest/meta-data/"))
    fetch_media()
    assert state() == ("refused", "blocked_host")
    message.refresh_from_db()
    assert message.text == "Mirá"


def test_it_is_tried_again_later_and_later_while_the_provider_keeps_it(graph: GraphServer):
    arrived(remote(graph, photo()))
    pauses = []
    for _ in range(7):
        graph.objects.script(graph_error(1, http_status=503))
        assert fetch_media() == "1 files"
        assert the_file().state == "waiting"
        pauses.append(round(wait_seconds()))
        pass_time(seconds=wait_seconds())
    assert pauses == [5, 30, 120, 600, 3600, 21600, 21600]

    assert fetch_media() == "1 files"
    assert state() == ("ready", "")


def test_it_fails_when_the_provider_keeps_it_no_longer(graph: GraphServer):
    arrived(remote(graph, photo()))
    Attachment.objects.update(kept_until=timezone.now() + timedelta(seconds=3))
    graph.objects.script(graph_error(1, http_status=503))
    fetch_media()
    assert the_file().state == "failed"


def test_an_account_without_token_waits(graph: GraphServer):
    arrived(remote(graph, photo()))
    graph.objects.script(graph_error(190, http_status=401))
    fetch_media()
    assert (the_file().state, the_file().error_code) == ("waiting", "190")


def test_a_full_disk_costs_no_words_and_later_no_file(graph: GraphServer, settings: Settings, run_jobs):
    working = settings.STORAGES
    settings.STORAGES = {**working, "default": {"BACKEND": "tests.media.storages.FullStorage"}}
    message = arrived(remote(graph, photo()), inline(b"Hola"), caption="No te lo pierdas")
    run_jobs()
    message.refresh_from_db()
    assert message.text == "No te lo pierdas"
    assert [*Attachment.objects.values_list("state", "error_code", "file")] == [("waiting", "storage", "")] * 2

    settings.STORAGES = working
    pass_time(seconds=6)
    assert sweep_media() == "1 rung"
    run_jobs()
    assert [*Attachment.objects.values_list("state", "error_code")] == [("ready", "")] * 2


# Twice --------------------------------------------------------------------------------------


def test_a_file_is_claimed_once_and_again_when_its_worker_died(db: None):
    arrived(inline(b"Hola"))
    assert [claim.attempt for claim in claim_files(limit=5, actor=SYSTEM)] == [1]
    assert claim_files(limit=5, actor=SYSTEM) == []
    pass_time(seconds=fetch.LEASE_SECONDS + 1)
    assert [claim.attempt for claim in claim_files(limit=5, actor=SYSTEM)] == [2]


def test_whoever_was_too_slow_writes_nothing_and_leaves_nothing(db: None, stored: Path):
    arrived(inline(b"Hola"))
    slow = claim_files(limit=1, actor=SYSTEM)[0]
    pass_time(seconds=fetch.LEASE_SECONDS + 1)
    assert fetch_media() == "1 files"
    kept = the_file().file.name

    with (stored / "late").open("wb+") as content:
        content.write(b"late")
        late = store(claim=slow, content=content, fetched=FetchedFile(size=4), actor=SYSTEM)
    (stored / "late").unlink()
    assert fetch.record_stored(claim=slow, stored=late, actor=SYSTEM) is False
    assert record_missing(claim=slow, error=Unreachable("x"), code="x", actor=SYSTEM) is False

    assert (the_file().file.name, state()) == (kept, ("ready", ""))
    assert [path.name for path in stored.rglob("*") if path.is_file()] == [Path(kept or "").name]


def test_a_fault_of_ours_is_tried_again(graph: GraphServer, monkeypatch: pytest.MonkeyPatch, caplog):
    def fails(_claim: object) -> None:
        raise RuntimeError("a bug")

    arrived(inline(b"Hola"))
    monkeypatch.setattr(media_tasks, "_fetch", fails)
    fetch_media()
    assert state() == ("waiting", "internal_error")
    assert "media.fault" in caplog.text


# Looking in ---------------------------------------------------------------------------------


def test_what_takes_its_worker_along_is_looked_into_three_times(graph: GraphServer):
    arrived(remote(graph, photo()))
    fetch_media()
    from apps.conversations.actions.examine import claim_unexamined

    for number in (1, 2, 3):
        assert [claim.attempt for claim in claim_unexamined(limit=5, actor=SYSTEM)] == [number]
        assert claim_unexamined(limit=5, actor=SYSTEM) == []
        pass_time(minutes=2)
    assert claim_unexamined(limit=5, actor=SYSTEM) == []
    assert the_file().is_examined


def test_a_file_without_preview_is_still_a_file(graph: GraphServer):
    broken = photo()[:300]
    arrived(remote(graph, broken))
    fetch_media()
    assert examine_media() == "1 files"
    row = the_file()
    assert (row.state, row.is_examined, row.thumbnail.name, row.width) == ("ready", True, "", None)
    assert content_of(row.file) == broken


def test_another_storage_serves_by_its_dotted_path(graph: GraphServer, settings: Settings, stored: Path, run_jobs):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage", "OPTIONS": {"base_url": "/nowhere/"}},
    }
    arrived(remote(graph, photo()))
    run_jobs()
    row = the_file()
    assert (row.state, row.width, default_storage.exists(row.file.name or "")) == ("ready", 40, True)
    assert not stored.exists()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("plan.pdf", "plan.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Ana\\plan.pdf", "plan.pdf"),
        ("a\r\nSet-Cookie: x\0.pdf", "aSet-Cookie: x.pdf"),
        ("factura\u202efdp.exe", "facturafdp.exe"),
        ("..", ""),
        (" . ", ""),
        ("", ""),
        ("ñ" * 300 + ".pdf", "ñ" * 116 + ".pdf"),
    ],
)
def test_a_name_is_only_a_name(name: str, kept: str):
    assert clean_name(name) == kept
