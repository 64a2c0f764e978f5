"""The look and the navigation of the admin."""

from typing import Any

UNFOLD: dict[str, Any] = {}
