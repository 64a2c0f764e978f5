"""The set-up page in a browser: a button asks, a worker answers, and the page shows it by itself."""

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from playwright.async_api import expect

from apps.accounts.models import User
from apps.core.actors import Role
from apps.inboxes.models import AccountNotice, AccountOperation, HistoryImport, ProviderAccount
from apps.inboxes.tasks import operate_accounts
from tests.browser.conftest import PHONE, Opens
from tests.factories import make_account, make_inbox, make_user
from tests.inboxes.toy import toy

__all__ = ["toy"]

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("toy"), pytest.mark.django_db(transaction=True)]


@sync_to_async
def furnish() -> tuple[User, ProviderAccount]:
    """Make an account about which there is something to say everywhere."""
    now = timezone.now()
    account = make_account("toy", credentials={"secret": "wrong"}, name="WhatsApp del instituto", last_event_at=now)
    inbox = make_inbox(account, name="Centro", address="1060403000001")
    HistoryImport.objects.create(inbox=inbox, state="running", percent=40, messages=1250)
    AccountNotice.objects.create(
        account=account, inbox=inbox, code="quality", subject="GREEN → YELLOW", level="warning", at=now
    )
    AccountOperation.objects.create(
        account=account, name="subscribe", state="failed", error_code="190", error_text="Token expired", finished_at=now
    )
    return make_user(Role.ADMINISTRATOR), account


async def test_the_page_shows_by_itself_what_a_worker_found(server: str, open_screen: Opens) -> None:
    user, account = await furnish()
    screen = await open_screen(user, f"/admin/inboxes/provideraccount/{account.pk}/set-up/")
    await expect(screen.page.get_by_text("Todavía no se consultó al proveedor.")).to_be_visible()
    await screen.page.get_by_role("button", name="Comprobar ahora").click()
    await expect(screen.page.get_by_role("button", name="Consultando al proveedor…")).to_be_disabled()
    assert await sync_to_async(operate_accounts)() == "1 operations"
    await expect(screen.page.get_by_text("Renew the token.")).to_be_visible()
    await expect(screen.page.get_by_role("button", name="Comprobar ahora")).to_be_enabled()
    await screen.page.get_by_role("button", name="Mensajes anteriores · Centro").click()
    assert await sync_to_async(operate_accounts)() == "1 operations"
    await expect(screen.page.get_by_text("request-1060403000001")).to_be_visible()
    assert screen.complaints == []


async def test_it_fits_a_phone(server: str, open_screen: Opens) -> None:
    user, account = await furnish()
    path = f"/admin/inboxes/provideraccount/{account.pk}/set-up/"
    screen = await open_screen(user, path, viewport=PHONE)
    await expect(screen.page.get_by_text("¿Funciona?")).to_be_visible()
    assert await screen.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert screen.complaints == []
