"""Signs of life for whoever watches from outside."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse

from apps.core.models import Heartbeat

_fits = False


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 while this process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database takes writes and has every migration, else 503."""
    try:
        Heartbeat.objects.filter(cluster="").update(finished_at=None)
        is_ready = _is_migrated()
    except Error:
        is_ready = False
    return HttpResponse(
        "ready\n" if is_ready else "not ready\n", status=200 if is_ready else 503, content_type="text/plain"
    )


def _is_migrated() -> bool:
    """Compare the database with the code; once it fits it is not asked again, since anybody may ask us."""
    global _fits
    if not _fits:
        executor = MigrationExecutor(connection)
        _fits = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _fits
