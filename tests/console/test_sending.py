"""What is sent from the chat page besides words, and what is done to messages that are there."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from apps.conversations.models import Attachment, Conversation, Message
from apps.core.actors import Role
from apps.core.jobs import Job
from apps.inboxes.models import AccountNotice, HistoryImport, ProviderAccount
from tests.console.rows import make_message
from tests.factories import make_account, make_branch, make_conversation, make_inbox, make_user
from tests.providers.accounts import CREDENTIALS

pytestmark = pytest.mark.django_db

PDF = (Path(__file__).parents[2] / "apps/simulator/samples/ficha.pdf").read_bytes()


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def conversation(db) -> Conversation:
    return make_conversation(make_inbox(make_account("simulator"), make_branch()), name="Ana", sender="5493875550101")


def enter(conversation: Conversation, role: Role = Role.OPERATOR) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_user(role, (conversation.inbox.branch,)))
    return client


def pdf(name: str = "Ficha.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


def send(client: Client, conversation: Conversation, path: str = "messages", **fields):
    fields = {"client_key": "k", **fields}
    return client.post(f"/chat/{conversation.pk}/{path}/", fields, headers={"X-Fragment": "answer"})


def ours() -> list[tuple[str, str]]:
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("kind", "text"))


def test_several_files_leave_in_order_and_the_words_go_with_the_first(conversation):
    answer = send(enter(conversation), conversation, text="Va", file=[pdf("uno.pdf"), pdf("dos.pdf")])
    assert answer.status_code == 200
    assert ours() == [("document", "Va"), ("document", "")]
    assert list(Attachment.objects.order_by("pk").values_list("name", flat=True)) == ["uno.pdf", "dos.pdf"]
    assert "uno.pdf" in answer.content.decode()


def test_file_sent_again_under_its_key_is_one_message_and_stored_once(conversation):
    client = enter(conversation)
    first, second = (send(client, conversation, file=pdf()) for _ in range(2))
    assert first.content == second.content
    assert (len(ours()), Attachment.objects.count()) == (1, 1)


def test_file_that_is_not_taken_says_why(conversation):
    refused = send(enter(conversation), conversation, file=SimpleUploadedFile("vacio.pdf", b""))
    assert (refused.status_code, ours()) == (422, [])
    assert "data-error" in refused.content.decode()


@pytest.mark.parametrize(
    ("path", "fields", "kind"),
    [
        ("place", {"where": "-24.78, -65.41", "name": "Sede"}, "location"),
        ("card", {"name": "Nelly", "phone": "387 555-0101"}, "contacts"),
        ("menu", {"body": "¿Cuál?", "choices": "Sí\nNo"}, "interactive"),
        ("menu", {"body": "¿Cuál?", "choices": "Sí|ya\nNo", "shape": "list", "list_label": "Ver"}, "interactive"),
    ],
)
def test_small_form_becomes_a_message(conversation, path, fields, kind):
    answer = send(enter(conversation), conversation, path, **fields)
    assert answer.status_code == 200
    assert [one for one, _ in ours()] == [kind]
    assert f"msg--{kind}" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("place", {"where": "acá"}, "Write the coordinates"),
        ("card", {"name": " "}, "Every card needs a name"),
        ("menu", {"body": "¿Cuál?", "choices": ""}, "either buttons or a list, each choice with words"),
        ("menu", {"body": "¿Cuál?", "choices": "a\nb\nc\nd"}, "more choices than this channel takes"),
    ],
)
def test_small_form_says_what_is_wrong(conversation, path, fields, words):
    refused = send(enter(conversation), conversation, path, **fields)
    assert refused.status_code == 422
    assert words in refused.content.decode()
    assert ours() == []


def test_message_is_reacted_to_corrected_and_withdrawn(conversation):
    client = enter(conversation)
    theirs = Message.objects.get()
    mine = make_message(conversation, text="Hola", direction="out")
    asked = [
        (theirs, "react", {"emoji": "❤️"}),
        (mine, "edit", {"text": "Hola!"}),
        (mine, "withdraw", {}),
    ]
    for number, (message, what, fields) in enumerate(asked):
        form = {"client_key": f"k{number}", **fields}
        drawn = client.post(f"/chat/messages/{message.pk}/{what}/", form, headers={"X-Fragment": "answer"})
        assert drawn.status_code == 200
        assert f'id="m{message.pk}"' in drawn.content.decode()
    acts = Message.objects.exclude(acts_on=None).order_by("pk").values_list("kind", "text", "acts_on")
    assert list(acts) == [("reaction", "❤️", theirs.pk), ("rewriting", "Hola!", mine.pk), ("withdrawal", "", mine.pk)]


@pytest.mark.parametrize(
    ("what", "fields"), [("react", {"emoji": "palabra"}), ("edit", {"text": "x"}), ("withdraw", {})]
)
def test_what_cannot_be_done_to_a_message_of_theirs_is_refused(conversation, what, fields):
    message = Message.objects.get()
    form = {"client_key": "k", **fields}
    refused = enter(conversation).post(f"/chat/messages/{message.pk}/{what}/", form, headers={"X-Fragment": "answer"})
    assert refused.status_code == 422
    assert Message.objects.count() == 1


def test_nobody_else_does_any_of_it(conversation):
    message = Message.objects.get()
    viewer, stranger = enter(conversation, Role.VIEWER), Client()
    stranger.force_login(make_user(Role.OPERATOR, (make_branch(),)))
    paths = [f"{conversation.pk}/{form}" for form in ("place", "card", "menu")]
    paths += [f"messages/{message.pk}/{what}" for what in ("react", "edit", "withdraw")]
    fields = {"client_key": "k", "emoji": "❤️", "text": "x", "where": "1, 1", "name": "x", "body": "x", "choices": "x"}
    for path in paths:
        assert viewer.post(f"/chat/{path}/", fields).status_code == 403
        assert stranger.post(f"/chat/{path}/", fields).status_code == 404
        assert Client().post(f"/chat/{path}/", fields).status_code == 302
    assert Message.objects.count() == 1


# What the page says of the channel ------------------------------------------------------------


def page(conversation: Conversation, role: Role = Role.OPERATOR) -> str:
    return enter(conversation, role).get(f"/chat/{conversation.pk}/").content.decode()


def rung() -> list[tuple[str, tuple[int, ...]]]:
    tasks = [SignedPackage.loads(ring.payload) for ring in OrmQ.objects.all()]
    return [(task["func"], task["args"]) for task in tasks]


def test_writing_is_told_by_a_job_where_the_channel_can_show_it(conversation):
    theirs = make_conversation(make_inbox(make_account("whatsapp"), conversation.inbox.branch))
    client = enter(conversation)
    OrmQ.objects.all().delete()

    assert send(client, conversation, "typing").status_code == 204
    assert rung() == []
    assert send(client, theirs, "typing").status_code == 204
    assert rung() == [(str(Job.MARK_READ), (theirs.pk, 1))]

    composers = [client.get(f"/chat/{one.pk}/").content.decode() for one in (conversation, theirs)]
    assert ["data-typing" in composer for composer in composers] == [False, True]


def test_nobody_else_can_say_that_we_write(conversation):
    theirs = make_conversation(make_inbox(make_account("whatsapp"), conversation.inbox.branch))
    stranger = enter(make_conversation(make_inbox(make_account("whatsapp"))))
    OrmQ.objects.all().delete()
    assert send(enter(theirs, Role.VIEWER), theirs, "typing").status_code == 403
    assert send(stranger, theirs, "typing").status_code == 404
    assert rung() == []


def test_composer_knows_the_limits_of_its_channel(conversation):
    html = page(conversation)
    assert "&quot;document&quot;: {&quot;types&quot;: [], &quot;bytes&quot;: 20971520" in html
    for mark in (
        "data-reacts",
        "data-edits",
        "data-withdraws",
        'data-unit="characters"',
        "data-record",
        'id="form-menu"',
    ):
        assert mark in html


@pytest.mark.parametrize(
    ("hours_over", "is_open", "told"),
    [
        (-1, True, ""),
        (2, True, "still lets you, a person, answer until"),
        (7 * 24, False, "Their last message is too old"),
    ],
)
def test_late_answer_is_a_persons_and_says_so(hours_over, is_open, told):
    account = make_account("instagram", credentials=CREDENTIALS["instagram"])
    conversation = make_conversation(make_inbox(account, make_branch()), sender="17840000000001")
    ended = timezone.now() - timedelta(hours=hours_over)
    Conversation.objects.filter(pk=conversation.pk).update(window_ends_at=ended, last_inbound_at=ended)
    html = page(conversation)
    assert ("data-composer" in html, "composer__late" in html) == (is_open, is_open and bool(told))
    assert told in html
    assert 'data-unit="bytes"' in html or not is_open


def test_account_that_is_paused_is_said_and_leads_to_where_it_is_mended(conversation):
    account = conversation.inbox.account
    ProviderAccount.objects.filter(pk=account.pk).update(state="paused")
    AccountNotice.objects.create(
        account=account, code="phone_status", level="problem", text="<b>disconnected</b>", at="2026-11-22T12:00Z"
    )
    html = page(conversation, Role.ADMINISTRATOR)
    assert f"{conversation.inbox.name} is not connected." in html
    assert "(&lt;b&gt;disconnected&lt;/b&gt;)" in html
    assert f'href="/admin/inboxes/provideraccount/{account.pk}/change/"' in html
    assert "/admin/inboxes/" not in page(conversation)


def test_import_of_history_shows_how_far_it_is(conversation):
    history = HistoryImport.objects.create(inbox=conversation.inbox, state="running", percent=40, messages=1234)
    html = page(conversation)
    assert '<progress max="100" value="40"' in html
    HistoryImport.objects.filter(pk=history.pk).update(state="done")
    assert "<progress max" not in page(conversation).partition('id="account-news"')[2].partition("</div>")[0]
