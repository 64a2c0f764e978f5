"""Seal stored credentials again, each for its own row."""

import json

from cryptography.fernet import InvalidToken
from django.db import migrations

from apps.core.secrets import Sealed, keyring


def bind(apps, schema_editor):
    for account in apps.get_model("inboxes", "ProviderAccount").objects.all():
        try:
            plain = json.loads(keyring().decrypt(account.credentials.stored.encode()))
        except InvalidToken:
            continue
        if isinstance(plain, dict):
            account.credentials = Sealed.seal(plain, owner=account.webhook_key)
            account.save(update_fields=["credentials"])


class Migration(migrations.Migration):
    dependencies = [("inboxes", "0002_probe_and_new_events")]
    operations = [migrations.RunPython(bind, migrations.RunPython.noop)]
