"""A known sender is found by index, however many people there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.actors import SYSTEM
from apps.people.actions.identities import identity_at
from tests.people.telling import phone, user

MANY = """
INSERT INTO people_person (name, region, email, phone, phone_key, national_id, notes, updated_at)
SELECT 'Person ' || n, '', '', '', '', '', '', now() FROM generate_series(1, 5000) n;
INSERT INTO people_identity (person_id, account_id, scope, address, canonical, group_address, display_name)
SELECT id, {account}, 'phone', '549387' || id, '54387' || id, '', '' FROM people_person;
ANALYZE people_person, people_identity
"""


@pytest.mark.parametrize(
    "sender", [phone("5493875550101"), phone("5493874000001"), user("AR.1")], ids=["new", "new too", "new id"]
)
def test_nobody_is_looked_for_row_by_row(sender, inbox):
    with connection.cursor() as sql:
        sql.execute(MANY.format(account=inbox.account_id))
    who = {"account": inbox.account, "sender": sender, "aliases": (user("AR.2"),), "actor": SYSTEM}
    with CaptureQueriesContext(connection) as queries:
        identity_at(display_name="Ana", **who)
    for query in queries:
        if query["sql"].startswith("SELECT"):
            with connection.cursor() as sql:
                sql.execute("EXPLAIN " + query["sql"].replace("%", "%%"))
                plan = "\n".join(line for (line,) in sql.fetchall())
            assert "Seq Scan on people_identity" not in plan, plan
