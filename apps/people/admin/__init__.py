"""People, their addresses, tags and duplicates in the admin."""

from apps.people.admin import people  # noqa: F401 – importing registers their lists
