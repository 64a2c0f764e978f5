"""Django's own pages behind ASGI."""

import warnings

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Whitenoise hands out static files as synchronous iterators: short ones, which Django may well read at once.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")


class Pages(ASGIHandler):
    """Runs all of a request, middleware and view, in one thread.

    Everything there is synchronous. Django would take each request back and forth between the event loop and
    its thread, several times for each middleware, which costs as much as most pages.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await sync_to_async(self.get_response)(request)
        return response
