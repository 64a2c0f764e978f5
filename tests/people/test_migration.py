"""What was there before numbers had canonical forms."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from apps.conversations.actions.join import follow_identities
from apps.conversations.models import Conversation
from apps.core.actors import SYSTEM
from apps.people.actions.merge import unmerge_persons
from apps.people.models import Identity, Person, PersonMerge
from apps.people.queries import people_for
from tests.factories import make_account, make_inbox
from tests.people.telling import phone, write

FORMS = ("5493875550101", "543875550101", "54387155550101")


@pytest.fixture
def before(inbox):
    """Three people with one number, as they were before; and one more at another account."""
    with connection.cursor() as sql:
        sql.execute("DROP INDEX identity_one_main")
    for number in ("5491155550001", "5491155550002", "5491155550003"):
        write(inbox, phone(number))
    write(make_inbox(make_account()), phone("5491155550009"))
    for identity, form in zip(Identity.objects.order_by("pk"), (*FORMS, FORMS[0]), strict=True):
        Identity.objects.filter(pk=identity.pk).update(address=form, canonical="")
        Person.objects.filter(pk=identity.person_id).update(phone=f"+{form}", phone_key="")
    import_module("apps.people.migrations.0004_canonical_forms").write_forms(apps, None)
    return inbox


def test_the_oldest_row_is_the_main_one_and_nobody_is_merged_yet(before):
    main, *others, elsewhere = Identity.objects.order_by("pk")
    assert set(Identity.objects.values_list("canonical", flat=True)) == {"543875550101"}
    assert [row.alias_of_id for row in (main, *others, elsewhere)] == [None, main.pk, main.pk, None]
    assert set(Person.objects.values_list("phone_key", flat=True)) == {"543875550101"}
    assert Person.objects.filter(merged_into=None).count() == 4


def test_the_next_message_makes_them_one(before):
    chat = write(before, phone(FORMS[1])).conversation
    follow_identities(actor=SYSTEM)
    here = Conversation.objects.filter(inbox=before, joined_to=None)
    assert (here.get().pk, here.get().messages.count()) == (chat.pk, 4)
    assert people_for(SYSTEM).filter(identities__account=before.account).distinct().count() == 1


def test_one_number_is_never_two_people_again(before):
    write(before, phone(FORMS[1]))
    for merge in PersonMerge.objects.all():
        unmerge_persons(merge=merge, actor=SYSTEM)
    assert Identity.objects.filter(account=before.account).values("person").distinct().count() == 1
