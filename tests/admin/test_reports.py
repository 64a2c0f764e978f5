"""A report of an error in the admin names nothing that was entered."""

from django.test import Client
from django.views.debug import ExceptionReporter

from apps.inboxes.models import ProviderAccount
from tests.admin.conftest import Enter
from tests.admin.house import House

CANARY = "canary-90aa"


def test_a_report_holds_no_secret_of_the_form(built: House, enter: Enter) -> None:
    client: Client = enter("administrator")
    answer = client.post(
        f"/admin/inboxes/provideraccount/{built.own[ProviderAccount].pk}/change/",
        {"name": "", "credential_access_token": CANARY},
    )
    try:
        raise RuntimeError("something failed")
    except RuntimeError as error:
        reporter = ExceptionReporter(answer.wsgi_request, type(error), error, error.__traceback__)
    assert CANARY not in reporter.get_traceback_text()
    assert CANARY not in reporter.get_traceback_html()
