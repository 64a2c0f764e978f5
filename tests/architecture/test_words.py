"""What is said twice, on purpose, says the same."""

from django.utils.module_loading import import_string

from apps.conversations.models import Kind, Status
from apps.core.jobs import RECURRING, Job
from apps.people.models import Identity
from providers.types import AddressScope, DeliveryStatus


def test_every_job_is_a_task() -> None:
    for job in Job:
        assert callable(import_string(job)), job


def test_what_recurs_has_a_cluster(settings) -> None:
    assert {*RECURRING} <= {*settings.CLUSTERS}


def test_what_crosses_the_line_can_be_stored() -> None:
    assert {*DeliveryStatus} <= {*Status.values}
    assert {*AddressScope} == {*Identity.Scope.values}
    assert {"text", "unsupported"} <= {*Kind.values}
