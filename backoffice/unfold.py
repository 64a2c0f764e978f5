"""The look and the navigation of the admin. What its first page counts is in `backoffice.dashboard`."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Scope


def logo(request: HttpRequest) -> str:
    """Return the address of the mark of the house."""
    return static("console/img/logo.svg")


def stylesheet(request: HttpRequest) -> str:
    """Return the address of what we add to unfold's own style."""
    return static("backoffice/admin.css")


def _open_to(scope: Scope) -> Callable[[HttpRequest], bool]:
    return lambda request: request.actor.can(scope)  # type: ignore[attr-defined]


def _item(title: Any, icon: str, model: str, scope: Scope) -> dict[str, Any]:
    """Return one line of the navigation: the list of a model, for whoever may read it."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{model}_changelist"),
        "permission": _open_to(scope),
    }


_ATTENTION = [
    _item(_("Conversations"), "forum", "conversations_conversation", Scope.CONVERSATIONS_READ),
    _item(_("Messages"), "chat", "conversations_message", Scope.CONVERSATIONS_READ),
    _item(_("People"), "group", "people_person", Scope.PEOPLE_READ),
    {
        "title": _("Possible duplicates"),
        "icon": "group_add",
        "link": reverse_lazy("admin:people_person_duplicates"),
        "permission": _open_to(Scope.PEOPLE_READ),
    },
    _item(_("Tags"), "label", "people_tag", Scope.PEOPLE_READ),
]
_OFFER = [
    _item(_("Courses"), "school", "courses_course", Scope.COURSES_READ),
    _item(_("Editions"), "calendar_month", "courses_courseedition", Scope.COURSES_READ),
]
_CHANNELS = [
    _item(_("Provider accounts"), "vpn_key", "inboxes_provideraccount", Scope.INBOXES_READ),
    _item(_("Inboxes"), "inbox", "inboxes_inbox", Scope.INBOXES_READ),
    _item(_("Webhook journal"), "webhook", "inboxes_webhookevent", Scope.JOURNAL_READ),
    _item(_("Dead letters"), "report", "inboxes_deadletter", Scope.JOURNAL_READ),
]
_ASSISTANT = [
    _item(capfirst(_("AI providers")), "hub", "assistant_aiprovider", Scope.ASSISTANT_READ),
    _item(capfirst(_("AI models")), "neurology", "assistant_aimodel", Scope.ASSISTANT_READ),
    {
        **_item(_("Parameters"), "tune", "assistant_aiparam", Scope.ASSISTANT_READ),
        "active": lambda request: "/aiparam/" in request.path and "/preview/" not in request.path,
    },
    {
        "title": _("Preview"),
        "icon": "preview",
        "link": reverse_lazy("admin:assistant_aiparam_preview"),
        "permission": _open_to(Scope.ASSISTANT_READ),
    },
    _item(_("Respondents"), "theater_comedy", "assistant_respondent", Scope.ASSISTANT_READ),
    {
        "title": _("Figures"),
        "icon": "monitoring",
        "link": reverse_lazy("admin:assistant_completion_figures"),
        "permission": _open_to(Scope.ASSISTANT_READ),
    },
    _item(_("Suggestions"), "rate_review", "assistant_suggestion", Scope.CONVERSATIONS_READ),
    _item(_("Requests to models"), "history", "assistant_completion", Scope.ASSISTANT_READ),
    _item(_("Settings"), "settings", "assistant_assistantsettings", Scope.ASSISTANT_WRITE),
]
_HOUSE = [
    _item(_("Companies"), "domain", "organization_company", Scope.INBOXES_READ),
    _item(_("Branches"), "store", "organization_branch", Scope.INBOXES_READ),
    _item(_("Company documents"), "description", "organization_companydocument", Scope.INBOXES_READ),
    _item(_("Users"), "badge", "accounts_user", Scope.CONVERSATIONS_WRITE),
    _item(_("API tokens"), "key", "accounts_apitoken", Scope.INBOXES_READ),
    _item(_("Settings"), "settings", "core_sitesettings", Scope.SETUP_WRITE),
]
_RECORDS = [
    _item(_("Send attempts"), "outbox", "conversations_sendattempt", Scope.CONVERSATIONS_READ),
    _item(_("Waiting statuses"), "hourglass_empty", "conversations_pendingstatus", Scope.CONVERSATIONS_READ),
    _item(_("Attachments"), "attach_file", "conversations_attachment", Scope.CONVERSATIONS_READ),
    _item(_("Identities"), "alternate_email", "people_identity", Scope.PEOPLE_READ),
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "backoffice.dashboard.product_name",
    "SITE_HEADER": "backoffice.dashboard.product_name",
    "SITE_URL": reverse_lazy("console:home"),
    "SITE_ICON": logo,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": logo}],
    "STYLES": [stylesheet],
    "DASHBOARD_CALLBACK": "backoffice.dashboard.dashboard",
    "BORDER_RADIUS": "6px",
    # The ramp of static/console/css/tokens.css, so that the admin and the chat page are one house.
    "COLORS": {
        "primary": {
            "50": "oklch(97.6% .012 214)",
            "100": "oklch(94.6% .028 214)",
            "200": "oklch(89.6% .052 215)",
            "300": "oklch(82% .086 216)",
            "400": "oklch(74% .108 218)",
            "500": "oklch(61.5% .112 221)",
            "600": "oklch(50% .098 224)",
            "700": "oklch(44% .087 226)",
            "800": "oklch(37.5% .073 228)",
            "900": "oklch(31.5% .06 230)",
            "950": "oklch(24% .045 232)",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "items": [
                    {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
                    {"title": _("Chat page"), "icon": "support_agent", "link": reverse_lazy("console:home")},
                ],
            },
            {"title": _("Attention"), "items": _ATTENTION},
            {"title": _("Offer"), "items": _OFFER},
            {"title": _("Assistant"), "items": _ASSISTANT},
            {"title": _("Channels"), "items": _CHANNELS},
            {"title": _("Organization"), "items": _HOUSE},
            {"title": _("Records"), "collapsible": True, "items": _RECORDS},
        ],
    },
}
