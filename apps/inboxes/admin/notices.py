"""What providers say of an account, in words a person can act on."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_MANAGER: Final = _("WhatsApp Manager says why, and takes a request for review. When it is over, check again here.")
_PHONE: Final = _("Connect the number again in the WhatsApp Business app: Settings, Account, Business Platform.")

#: The stable words of notices, what each means and what is to be done about it.
NOTICES: Final[Mapping[str, tuple[str | Promise, str | Promise]]] = {
    # Nothing can be sent, or it can again.
    "offboarded": (
        _("The number has left its phone."),
        _("Open the WhatsApp Business app with this number: as a rule it comes back by itself within minutes."),
    ),
    "reconnected": (_("The number is back."), ""),
    "partner_removed": (_("The number was disconnected on its phone."), _PHONE),
    "partner_added": (_("The account was connected."), ""),
    "app_installed": (_("The app was added to the account."), ""),
    "app_uninstalled": (_("The app was removed from the account."), _("Add the app to the account again at Meta.")),
    "account_deleted": (_("The provider deleted the account."), _("Connect another one and enter its credentials.")),
    "ban": (_("The provider blocks the account, or lifts it."), _MANAGER),
    "restriction": (_("The provider restricts the account."), _MANAGER),
    "violation": (_("The account broke a rule of the provider."), _MANAGER),
    "phone_status": (_("The state of the phone changed."), _("Look at the phone, and scan the code again if it asks.")),
    # News.
    "account": (_("News of the account"), ""),
    "alert": (_("An alert of the provider"), ""),
    "error": (_("Trouble of the account"), ""),
    "limits": (_("Other limits for messages"), ""),
    "number_name": (_("The shown name was decided on"), ""),
    "number_quality": (_("The quality of the number changed"), ""),
    "partner_solution": (_("News of the partner's solution"), ""),
    "provider_error": (_("Trouble at the provider"), ""),
    "review": (_("The account was reviewed"), ""),
    "security": (
        _("The number's security changed"),
        _("If it was nobody of yours, change the PIN at Meta."),
    ),
    "template_category": (_("A template's category changes, and its price"), ""),
    "template_quality": (_("A template's quality changed"), ""),
    "template_status": (_("A template's state changed"), ""),
    "template_text": (_("A template's text changed"), ""),
    "username": (_("The user name was decided on"), ""),
}


def words_of(code: str) -> tuple[str, str]:
    """Return a notice in words and its remedy; the code itself where nobody knows it."""
    words, remedy = NOTICES.get(code, (code, ""))
    return str(words), str(remedy)
