from itertools import batched

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Min

from apps.people.models.canonical import HOME, canonical_number


def write_forms(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write the canonical forms of what is there; of several rows with one form the oldest is the main one."""
    person, identity = apps.get_model("people", "Person"), apps.get_model("people", "Identity")
    for rows in batched(person.objects.exclude(phone="").only("phone").iterator(), 2_000):
        for row in rows:
            row.phone_key = canonical_number(row.phone, region=HOME)[:40]
        person.objects.bulk_update(rows, ["phone_key"])
    for rows in batched(identity.objects.only("scope", "address").iterator(), 2_000):
        for row in rows:
            row.canonical = canonical_number(row.address) if row.scope == "phone" else row.address
        identity.objects.bulk_update(rows, ["canonical"])
    form = ("account", "scope", "canonical", "group_address")
    for same in identity.objects.values(*form).annotate(main=Min("pk"), found=models.Count("pk")).filter(found__gt=1):
        rows = identity.objects.filter(**{name: same[name] for name in form})
        rows.exclude(pk=same["main"]).update(alias_of=same["main"])


class Migration(migrations.Migration):

    dependencies = [
        ("people", "0003_merges"),
    ]

    operations = [
        migrations.RunPython(write_forms, migrations.RunPython.noop, elidable=True),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(
                condition=models.Q(("alias_of", None)),
                fields=("account", "scope", "canonical", "group_address"),
                name="identity_one_main",
            ),
        ),
    ]
