"""The rows an installation needs before it can be measured. Prints how to reach it, as JSON.

A process of its own, so that the one that measures carries no Django.
"""

import json
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from django.core.management import call_command
from django.test import Client

from apps.accounts.actions import create_token
from apps.accounts.models import User
from apps.core.actors import SYSTEM, Role
from apps.inboxes.actions.accounts import add_account
from apps.inboxes.actions.inboxes import add_inbox
from apps.organization.models import Branch, Company

CREDENTIALS = {
    "app_secret": os.environ["BARE_SECRET"],
    "access_token": "access-token-of-benches",
    "verify_token": "verify-token-of-benches",
    "waba_id": "102030405060708",
}
PHONE_NUMBER_ID = "1060403000001"


def main() -> None:
    call_command("migrate", interactive=False, verbosity=0)
    branch = Branch.objects.create(company=Company.objects.create(name="Bench"), name="Bench", slug="bench")
    account = add_account(kind="whatsapp", name="Bench", credentials=CREDENTIALS, actor=SYSTEM)
    add_inbox(account=account, branch=branch, address=PHONE_NUMBER_ID, name="Bench", actor=SYSTEM)
    user = User.objects.create_user(username="bench", password=None, name="Bench", role=Role.ADMINISTRATOR)
    _, token = create_token(user=user, name="bench", scopes=("*",), expires_at=None, actor=SYSTEM)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.cookies["sessionid"].value
    print(json.dumps({"webhook_path": account.webhook_path, "session": session, "token": token}))


if __name__ == "__main__":
    main()
