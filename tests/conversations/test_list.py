"""The chat list: what it finds, in which order, and by which index."""

import pytest
from django.db import connection
from django.utils import timezone

from apps.conversations.actions import deliver, recover
from apps.conversations.actions.marks import assign, close, set_pending
from apps.conversations.actions.send import send_message
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import (
    ChatFilter,
    after_row,
    before_row,
    chat_list,
    get_conversation,
    needs_attention,
    thread,
    unread_since,
)
from apps.core.actors import SYSTEM, Role
from apps.core.tasks import refresh_statistics
from apps.people.models import Person
from tests.factories import make_actor, make_conversation, make_inbox, make_user, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(db):
    return make_inbox()


def shown(**narrowed):
    return list(chat_list(SYSTEM, ChatFilter(**narrowed)))


def chat(inbox, name, number, text="Hola"):
    return make_conversation(inbox, name=name, sender=number, text=text)


def test_the_newest_word_stands_first(inbox):
    first, second = chat(inbox, "Ana", "5493875550101"), chat(inbox, "Beto", "5493875550102")
    assert shown() == [second, first]
    send_message(conversation=first, text="Sí", client_key="k", actor=SYSTEM)
    assert shown() == [first, second]


def test_it_is_narrowed(inbox):
    other = make_inbox()
    user = make_user(Role.OPERATOR, (inbox.branch,))
    plain, pending, mine, closed = (chat(inbox, name, f"549387555010{n}") for n, name in enumerate("ABCD"))
    elsewhere = chat(other, "E", "5493875550105")
    set_pending(conversation=pending, is_pending=True, actor=SYSTEM)
    assign(conversation=mine, assignee=user, actor=SYSTEM)
    close(conversation=closed, actor=SYSTEM)
    Conversation.objects.filter(pk=plain.pk).update(unread_count=0)
    assert shown(inbox_id=other.pk) == [elsewhere]
    assert shown(is_pending=True) == [pending]
    assert shown(assignee_id=user.pk) == [mine]
    assert shown(is_unassigned=True) == [elsewhere, pending, plain]
    assert shown(is_unread=True) == [elsewhere, mine, pending]
    assert shown(is_unread=False) == [plain]
    assert shown(is_open=False) == [closed]
    assert len(shown(is_open=None)) == 5


@pytest.mark.parametrize("few", [2_000, 0])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("núñez", "Ángela Núñez"),
        ("NUNEZ", "Ángela Núñez"),
        ("angela", "Ángela Núñez"),
        ("  ngela N  ", "Ángela Núñez"),
        ("5550101", "Ángela Núñez"),
        ("387 555-0101", "Ángela Núñez"),
        ("+54 9 387 555 0101", "Ángela Núñez"),
        ("(387) 5550102", "Øystein Groß"),
        ("oystein", "Øystein Groß"),
        ("Øystein gross", "Øystein Groß"),
        ("¿cuánto", "Beto"),
        ("CUANTO CUESTA", "Beto"),
        ("100%", "Beto"),
        ("ana@example", "Ana"),
        ("12.345.678", "Ana"),
        ("12345678", None),
        ("_", None),
        ("%", "Beto"),
        ("\\", None),
        ("nobody of that name", None),
        ("\x00", "everybody"),
        ("\ud800", None),
        ("'; DROP TABLE", None),
    ],
)
def test_names_numbers_and_last_words_are_found(text, found, few, inbox, monkeypatch):
    monkeypatch.setattr("apps.conversations.queries.FEW", few)  # by key, and by walking the list
    chat(inbox, "Ángela Núñez", "5493875550101")
    chat(inbox, "Øystein Groß", "5493875550102")
    chat(inbox, "Beto", "5493875550103", text="¿Cuánto cuesta? 100%")
    ana = chat(inbox, "Ana", "5493875550104", text="x")
    Person.objects.filter(pk=ana.person_id).update(email="ana@example.com", national_id="12.345.678")
    names = [conversation.person.name for conversation in shown(text=text)]
    assert names == (
        ["Ana", "Beto", "Øystein Groß", "Ángela Núñez"] if found == "everybody" else [found] if found else []
    )


def test_a_search_stays_in_its_branches_and_filters(inbox):
    other = make_inbox()
    here, there = chat(inbox, "Ana Here", "5493875550101"), chat(other, "Ana There", "5493875550102")
    set_pending(conversation=here, is_pending=True, actor=SYSTEM)
    actor = make_actor(Role.OPERATOR, (inbox.branch,))
    assert list(chat_list(actor, ChatFilter(text="ana"))) == [here]
    assert shown(text="ana", inbox_id=other.pk) == [there]
    assert shown(text="ana", is_pending=True) == [here]


def test_pages_follow_each_other_without_hole_or_repetition(inbox):
    chats = [chat(inbox, f"P{number}", f"5493875550{number:03}") for number in range(7)]
    same = timezone.now()
    Conversation.objects.filter(pk__in=[item.pk for item in chats[:5]]).update(last_message_at=same)
    rows = chat_list(SYSTEM, ChatFilter())
    everything, found = list(rows), []
    page = list(rows[:2])
    while page:
        found += page
        page = list(after_row(rows, page[-1].last_message_at, page[-1].pk)[:2])
    assert found == everything
    for number, row in enumerate(everything):
        assert list(before_row(rows, row.last_message_at, row.pk)) == everything[:number]


def test_the_list_is_one_statement_whatever_it_shows(inbox, django_assert_num_queries):
    for number in range(5):
        chat(inbox, f"P{number}", f"549387555010{number}")
    with django_assert_num_queries(1):
        for row in chat_list(SYSTEM, ChatFilter()):
            assert (row.inbox.account.name, row.identity.address, row.person.name, row.assignee) is not None


# The chat ----------------------------------------------------------------------------------


def test_a_chat_opens_at_its_end_and_goes_back_page_by_page(inbox, django_assert_num_queries):
    conversation = receive(inbox, "0").conversation
    for number in range(1, 7):
        receive(inbox, f"{number}")
    with django_assert_num_queries(1):
        last = thread(conversation, limit=3)
    assert [message.text for message in last] == ["4", "5", "6"]
    earlier = thread(conversation, before=last[0], limit=3)
    assert [message.text for message in earlier] == ["1", "2", "3"]
    assert [message.text for message in thread(conversation, before=earlier[0], limit=3)] == ["0"]
    assert thread(conversation, before=Message.objects.get(text="0")) == []


def test_the_unread_begin_where_nobody_read_yet(inbox):
    conversation = receive(inbox, "0").conversation
    send_message(conversation=conversation, text="answer", client_key="k", actor=SYSTEM)
    receive(inbox, "1")
    receive(inbox, "2")
    conversation.refresh_from_db()
    first = unread_since(conversation)
    assert first is not None
    assert first.text == "1"
    Conversation.objects.update(unread_count=99)  # more than there are
    conversation.refresh_from_db()
    first = unread_since(conversation)
    assert first is not None
    assert first.text == "0"
    Conversation.objects.update(unread_count=0)
    conversation.refresh_from_db()
    assert unread_since(conversation) is None


def test_one_conversation_comes_with_what_its_page_shows(inbox, django_assert_num_queries):
    pk = make_conversation(inbox).pk
    with django_assert_num_queries(1):
        conversation = get_conversation(SYSTEM, pk)
        assert conversation.inbox.account.kind == "whatsapp"
        assert conversation.person.name == "Ana"


# By which index ----------------------------------------------------------------------------

MANY = """
INSERT INTO people_person (name, region, email, phone, national_id, notes, updated_at)
SELECT 'Person ' || n, '', '', '+54938700' || n, '', '', now() FROM generate_series(1, 6000) n;
INSERT INTO people_identity (person_id, account_id, scope, address, canonical, group_address, display_name)
SELECT id, {account}, 'phone', substr(phone, 2), substr(phone, 2), '', '' FROM people_person WHERE phone <> '';
INSERT INTO conversations_conversation (inbox_id, identity_id, person_id, is_pending, pending_since, unread_count,
    last_message_text, last_message_kind, last_message_direction, last_message_sender, last_message_status,
    last_message_at)
SELECT CASE WHEN id % 20 = 0 THEN {other} ELSE {inbox} END, id, person_id, id % 100 = 0,
    CASE WHEN id % 100 = 0 THEN now() END, CASE WHEN id % 50 = 0 THEN 1 ELSE 0 END,
    CASE WHEN id % 3000 = 0 THEN 'Una palabra rará' ELSE 'Hola ' || id END, 'text', 'in', 'person', 'received',
    now() - id * interval '1 minute' FROM people_identity;
INSERT INTO conversations_message (conversation_id, inbox_id, direction, sender, kind, text, unsupported_kind,
    client_key, provider_message_id, reply_to_provider_id, dispatch, priority, attempts, error_code, error_text,
    occurred_at)
SELECT id, inbox_id, 'out', 'operator', 'text', 'x', '', '', 'wamid.' || id, '', 'accepted', 0, 0, '', '',
    last_message_at
FROM conversations_conversation;
SELECT gin_clean_pending_list(name::regclass)
FROM unnest(ARRAY['person_search', 'identity_address_search', 'conversation_search']) name;
ANALYZE people_person, people_identity, conversations_conversation, conversations_message;
"""


@pytest.fixture
def many(inbox):
    other = make_inbox(inbox.account, inbox.branch)
    with connection.cursor() as sql:
        for statement in MANY.format(account=inbox.account_id, inbox=inbox.pk, other=other.pk).split(";")[:-1]:
            sql.execute(statement)
    refresh_statistics()
    return inbox


def plan_of(rows):
    """Return how the database reads a page of these rows."""
    return rows[:50].explain()


def test_pages_searches_and_counts_read_by_index(many):
    operator = make_actor(Role.OPERATOR, (many.branch,))
    middle = Conversation.objects.order_by("-last_message_at")[3000]
    for actor in (SYSTEM, operator):
        rows = chat_list(actor, ChatFilter())
        pages = {
            "first page": rows,
            "deep page": after_row(rows, middle.last_message_at, middle.pk),
            "one inbox": chat_list(actor, ChatFilter(inbox_id=many.pk)),
            "pending": chat_list(actor, ChatFilter(is_pending=True)),
            "unread": chat_list(actor, ChatFilter(is_unread=True)),
            "mine": chat_list(actor, ChatFilter(assignee_id=1)),
            "attention": needs_attention(actor),
        }
        for name, page in pages.items():
            plan = plan_of(page)
            for table in ("conversations_conversation", "conversations_message"):
                assert f"Seq Scan on {table}" not in plan, f"{name}:\n{plan}"


@pytest.mark.parametrize("text", ["Person 4711", "549387004711", "palabra rara", "4711"])
def test_a_rare_word_is_searched_by_index(text, many, django_assert_max_num_queries):
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        assert len(shown(text=text)) in {1, 2, 3}
    with connection.cursor() as sql:
        sql.execute("EXPLAIN " + captured.captured_queries[0]["sql"])
        plan = "\n".join(line for (line,) in sql.fetchall())
    for table in ("people_person", "people_identity", "conversations_conversation"):
        assert f"Seq Scan on {table}" not in plan, plan


def test_statuses_find_their_messages_by_index(many):
    from apps.conversations.actions.statuses import apply_statuses
    from providers.types import DeliveryStatus, StatusUpdate

    update = StatusUpdate(path="", inbox_address="", provider_message_id="wamid.7", status=DeliveryStatus.READ)
    seen = _rows_read()
    apply_statuses(inbox=many, updates=[update], received_at=timezone.now(), actor=SYSTEM)
    assert _rows_read() - seen < 100


ASKED_OFTEN = {
    "attention": lambda inbox: list(needs_attention(SYSTEM)[:50]),
    "a claim": lambda inbox: deliver.claim_due(limit=50, actor=SYSTEM),
    "whether to claim": lambda inbox: deliver.can_claim(actor=SYSTEM),
    "lost leases": lambda inbox: recover.end_lost_leases(actor=SYSTEM),
    "what waited too long": lambda inbox: recover.expire_unsent(actor=SYSTEM),
    "crossed statuses": lambda inbox: recover.settle_waiting_statuses(actor=SYSTEM),
    "a known message": lambda inbox: Message.objects.filter(inbox=inbox, provider_message_id="wamid.0").exists(),
}


@pytest.mark.parametrize("name", ASKED_OFTEN)
def test_what_is_asked_often_reads_few_rows_also_when_it_is_planned_for_good(name, many):
    for _ in range(12):  # prepared after five times, and planned for any parameters after five more
        ASKED_OFTEN[name](many)
    seen = _rows_read()
    ASKED_OFTEN[name](many)
    assert _rows_read() - seen < 100


def _rows_read():
    """Return how many rows of messages this transaction read so far, in whatever way."""
    ways = "pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid)"
    with connection.cursor() as sql:
        sql.execute(f"SELECT {ways} FROM pg_class WHERE oid = 'conversations_message'::regclass")
        return sql.fetchone()[0]
