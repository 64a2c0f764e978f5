"""The journal: read masked, replayed, settled."""

import json
import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.inboxes.admin.masking import mask, preview
from apps.inboxes.models import DeadLetter, WebhookBody, WebhookEvent
from tests.admin.conftest import Enter
from tests.admin.house import BODY, House, fingerprint
from tests.factories import make_event
from tests.jobs import run_jobs

EVENTS = "/admin/inboxes/webhookevent/"
LETTERS = "/admin/inboxes/deadletter/"
CONFIRMED = {"_form_submitted": "True"}


def states(*events: WebhookEvent) -> list[str]:
    return [WebhookEvent.objects.get(pk=event.pk).state for event in events]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("5493875550101", "•••0101"),
        ("llamame al +54 9 387 555-0101!", "llamame al •••0101!"),
        ("(387) 555.0101", "(•••0101"),
        ("aula 12, 20:30", "aula 12, 20:30"),
        ("", ""),
    ],
)
def test_only_the_end_of_a_number_is_shown(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_preview_finds_the_item() -> None:
    assert json.loads(preview(BODY, "entry[0].text")) == "Hola"
    assert "•••0101" in preview(BODY, "entry[0]")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5_000, b'{"a": NaN}', b"not json"])
def test_a_preview_survives_any_body(body: bytes) -> None:
    assert len(preview(body, "entry[99999999999999999999].x")) <= 4_000


def test_a_webhook_is_shown_masked(built: House, enter: Enter) -> None:
    page = enter("supervisor").get(f"{EVENTS}{built.own[WebhookEvent].pk}/change/").content.decode()
    assert "•••0101" in page
    assert "5493875550101" not in page
    assert "example.org" in page


def test_the_body_as_it_came_is_shown_by_post_and_noted(
    built: House, enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    event, client = built.own[WebhookEvent], enter("supervisor")
    path = f"{EVENTS}{event.pk}/show_raw/"
    assert "5493875550101" not in client.get(path).content.decode()
    with caplog.at_level(logging.INFO):
        assert "5493875550101" in client.post(path, CONFIRMED).content.decode()
    assert f"webhook.body_shown event={event.uid} user={built.users['supervisor'].pk}" in caplog.text
    assert "5493875550101" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_one_is_processed_again(built: House, enter: Enter) -> None:
    event = built.own[WebhookEvent]
    answer = enter("supervisor").post(f"{EVENTS}{event.pk}/replay_one/", CONFIRMED)
    assert answer.headers["HX-Redirect"] == f"{EVENTS}{event.pk}/change/"
    assert states(event, built.foreign[WebhookEvent]) == ["new", "dead"]
    assert run_jobs() == ["1 events"]
    assert states(event) != ["new"]


def test_the_chosen_ones_are_processed_again(built: House, enter: Enter) -> None:
    both = [built.own[WebhookEvent], built.foreign[WebhookEvent]]
    sent = {"action": "replay_selected", "_selected_action": [event.pk for event in both]}
    assert enter("supervisor").post(EVENTS, sent).status_code == 302
    assert states(*both) == ["new", "dead"]


def test_the_chosen_dead_letters_are_processed_again(built: House, enter: Enter) -> None:
    sent = {"action": "replay_selected", "_selected_action": [built.own[DeadLetter].pk]}
    assert enter("supervisor").post(LETTERS, sent).status_code == 302
    assert states(built.own[WebhookEvent]) == ["new"]


def _replay_class(client: Client, name: str) -> None:
    client.post(f"{LETTERS}replay_class/", {**CONFIRMED, "error_class": name})


def test_a_whole_class_is_processed_again(built: House, enter: Enter) -> None:
    letter = built.foreign[DeadLetter]
    DeadLetter.objects.filter(pk=letter.pk).update(error_class="KeyError")
    events = [built.own[WebhookEvent], built.foreign[WebhookEvent]]
    _replay_class(enter("administrator"), "KeyError")
    assert states(*events) == ["dead", "new"]


def test_a_class_reaches_no_other_branch(built: House, enter: Enter) -> None:
    _replay_class(enter("supervisor"), "ValueError")
    assert states(built.own[WebhookEvent], built.foreign[WebhookEvent]) == ["new", "dead"]


def test_a_class_nobody_knows_is_refused(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    before = fingerprint()
    _replay_class(client, "NoSuchError")
    assert fingerprint() == before


def test_a_dead_letter_is_discarded_with_a_reason(built: House, enter: Enter) -> None:
    letter, client = built.own[DeadLetter], enter("supervisor")
    path = f"{LETTERS}{letter.pk}/discard/"
    client.post(path, {**CONFIRMED, "reason": ""})
    assert DeadLetter.objects.get(pk=letter.pk).state == "open"
    assert client.post(path, {**CONFIRMED, "reason": "era una prueba"}).status_code == 200
    letter.refresh_from_db()
    assert (letter.state, letter.resolution, letter.resolved_by) == (
        "discarded",
        "era una prueba",
        built.users["supervisor"],
    )
    assert states(built.own[WebhookEvent]) == ["dead"]


@pytest.mark.parametrize("term", ["nope", "0", "0b9e8f4e-2f2c-4d0e-9f5c-1c1f0c3d2a11", "%", "'"])
def test_a_search_takes_any_word(term: str, built: House, enter: Enter) -> None:
    assert enter("administrator").get(EVENTS, {"q": term}).status_code == 200


def test_a_webhook_is_found_by_its_id(built: House, enter: Enter) -> None:
    event = built.own[WebhookEvent]
    page = enter("administrator").get(EVENTS, {"q": str(event.uid)})
    assert [row.pk for row in page.context["cl"].result_list] == [event.pk]


def test_what_is_no_longer_kept_is_said_and_not_processed(built: House, enter: Enter) -> None:
    event, client = built.own[WebhookEvent], enter("supervisor")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    WebhookBody.objects.all().delete()
    assert "No longer kept" in client.get(f"{EVENTS}{event.pk}/change/").content.decode()
    answer = client.post(EVENTS, {"action": "replay_selected", "_selected_action": [event.pk]}, follow=True)
    assert "cannot be processed again" in answer.content.decode()
    assert states(event) == ["dead"]


def test_all_since_a_time_is_processed_again(built: House, enter: Enter) -> None:
    ours, theirs = built.own[WebhookEvent], built.foreign[WebhookEvent]
    old = make_event(ours.account, b"{}", received_at=timezone.now() - timedelta(days=2), state="processed")
    since = timezone.localtime() - timedelta(days=1)
    sent = {**CONFIRMED, "since_0": f"{since:%d/%m/%Y}", "since_1": f"{since:%H:%M:%S}", "account": ""}
    assert "HX-Redirect" in enter("supervisor").post(f"{EVENTS}replay_since/", sent).headers
    assert states(ours, old, theirs) == ["new", "processed", "dead"]
    refused = enter("supervisor").post(f"{EVENTS}replay_since/", {**sent, "account": theirs.account_id})
    assert "HX-Redirect" not in refused.headers
