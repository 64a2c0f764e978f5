"""One worker's work without its queue: process what is in the journal until nothing is due. Prints the seconds.

A process of its own, as a worker is.
"""

import json
import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
django.setup()

from apps.conversations.tasks import process_events
from apps.inboxes.models import WebhookEvent


def main() -> None:
    WebhookEvent.objects.filter(state="new").count()  # the connection is there
    started = time.perf_counter()
    while WebhookEvent.objects.filter(state="new").exists():
        process_events()
    print(json.dumps({"seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
