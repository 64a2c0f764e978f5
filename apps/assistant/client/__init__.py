"""The one who asks models. Here: the request, the stream, the deadlines, what a fault means. Not here: any row."""

from apps.assistant.client.addresses import endpoint_problem
from apps.assistant.client.asking import Client

__all__ = ["Client", "endpoint_problem"]
