"""Who may be one person: the report, the history of somebody's merges, and their buttons."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from apps.core.admin import HouseAdmin
from apps.core.requests import actor_of
from apps.people.actions.merge import merge_persons, tell_apart, unmerge_persons
from apps.people.models import Identity, Person, PersonMerge
from apps.people.queries import Duplicate, Ground, duplicates_for, identities_of, merges_for, people_for

SHOWN = 20
"""How many pairs the report shows of each ground; the next come when these are settled."""


class DuplicatesPages(HouseAdmin):
    """Adds the report and the history of merges to the list of people."""

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        return [
            path("duplicates/", site.admin_view(self.duplicates_view), name="people_person_duplicates"),
            path("<path:object_id>/merges/", site.admin_view(self.merges_view), name="people_person_merges"),
            *super().get_urls(),
        ]

    @display(description=gettext_lazy("merges"))
    def merged(self, person: Person) -> SafeString:
        count = person.merges.filter(undone_at=None).count()
        words = ngettext(
            "%(count)d person was merged into this one", "%(count)d people were merged into this one", count
        )
        address = reverse("admin:people_person_merges", args=[person.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', address, words % {"count": count})

    def duplicates_view(self, request: HttpRequest) -> HttpResponse:
        """Show pairs of people who may be one, or settle one of them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            self._settle(request)
            return HttpResponseRedirect(reverse("admin:people_person_duplicates"))
        actor = actor_of(request)
        found = [(ground, duplicates_for(actor, ground, limit=SHOWN)) for ground in Ground]
        people = {person for _ground, pairs in found for pair in pairs for person in (pair.first, pair.second)}
        identities = identities_of(actor, people)
        context = {
            "title": _("Possible duplicates"),
            "found": [(ground.label, [_sides(pair, identities) for pair in pairs]) for ground, pairs in found if pairs],
        }
        return self._page(request, "duplicates", context)

    def merges_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show who was merged into somebody, or separate them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        person: Person = self.row(request, object_id)
        merges = merges_for(actor_of(request)).filter(kept=person)
        if request.method == "POST":
            merge = get_object_or_404(merges, pk=_number(request, "merge"))
            words = _("Separated again: %(name)s.") % {"name": merge.merged}
            self._do(request, person, words, lambda: unmerge_persons(merge=merge, actor=actor_of(request)))
            return HttpResponseRedirect(reverse("admin:people_person_merges", args=[person.pk]))
        context = {
            "title": _("Merges of %(name)s") % {"name": person},
            "person": person,
            "merges": merges.order_by("-pk"),
        }
        return self._page(request, "merges", context)

    def _settle(self, request: HttpRequest) -> None:
        actor = actor_of(request)
        kept = get_object_or_404(people_for(actor), pk=_number(request, "kept"))
        other = get_object_or_404(people_for(actor), pk=_number(request, "other"))
        if request.POST.get("verb") == "merge":
            reason = PersonMerge.Reason.REPORTED
            words = _("Merged into this person: %(name)s.") % {"name": other}
            self._do(request, kept, words, lambda: merge_persons(kept=kept, merged=other, reason=reason, actor=actor))
        else:
            words = _("Somebody else than %(name)s.") % {"name": other}
            self._do(request, kept, words, lambda: tell_apart(first=kept, second=other, actor=actor))

    def _do(self, request: HttpRequest, person: Person, words: str, verb: Any) -> None:
        """Do it, and note it in the person's history."""
        try:
            with transaction.atomic():
                verb()
                self.log_change(request, person, words)
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)
        else:
            self.message_user(request, f"{person}: {words}", messages.SUCCESS)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        shared = {"opts": self.opts, "is_fullwidth": "1", "may_change": self.has_change_permission(request)}
        return TemplateResponse(
            request, f"admin/people/person/{name}.html", {**self.admin_site.each_context(request), **shared, **context}
        )


def _sides(pair: Duplicate, identities: dict[int, list[Identity]]) -> list[dict[str, Any]]:
    """Return both people of a pair, each beside the other."""
    both = ((pair.first, pair.second), (pair.second, pair.first))
    return [{"person": person, "other": other, "identities": identities.get(person.pk, [])} for person, other in both]


def _number(request: HttpRequest, name: str) -> int:
    """Return a key that was posted; what is none is nobody's."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
