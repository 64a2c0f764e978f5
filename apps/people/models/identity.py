"""The addresses people write from."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.inboxes.models import ProviderAccount
from apps.people.models.canonical import CanonicalField, canonical_number
from apps.people.models.person import Person


def canonical_address(scope: str, address: str) -> str:
    """Return the form by which an address is recognised."""
    return canonical_number(address) if scope == Identity.Scope.PHONE else address


class Identity(models.Model):
    """One address of a person at one of our provider accounts.

    All addresses by which an account knows one person hang on one of them, the main one (`alias_of` null):
    conversations belong to that. `reached_by` is the address answers go to; null: this one. `is_unsettled`: it
    came to hang on another or on none, and what belongs to it in other rooms has yet to follow.
    """

    class Scope(models.TextChoices):
        PHONE = "phone", _("Phone number")
        BSUID = "bsuid", _("Business-scoped user id")
        LID = "lid", _("LID")
        IGSID = "igsid", _("Instagram-scoped id")
        USERNAME = "username", _("Username")
        SIMULATOR = "simulator", _("Simulated phone")
        EXTERNAL = "external", _("Address of an external channel")
        GROUP = "group", _("Group")

    person = models.ForeignKey(Person, models.PROTECT, related_name="identities", verbose_name=_("person"))
    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="identities", verbose_name=_("account"))
    scope = models.CharField(_("kind of address"), max_length=20, choices=Scope)
    address = models.CharField(_("address"), max_length=160)
    canonical = CanonicalField(max_length=160, blank=True, editable=False)
    group_address = models.CharField(_("group address"), max_length=160, blank=True)
    alias_of = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="aliases", verbose_name=_("other address of")
    )
    reached_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("answers go to")
    )
    is_unsettled = models.BooleanField(default=False, db_default=False, editable=False)
    display_name = models.CharField(_("name they show"), max_length=160, blank=True)
    left_at = models.DateTimeField(_("no longer theirs since"), null=True, editable=False)
    username = models.CharField(_("username"), max_length=160, blank=True, db_default="")
    window_until = models.DateTimeField(_("free answers until"), null=True, blank=True)
    marketing_stopped_at = models.DateTimeField(_("wants no marketing since"), null=True, editable=False)
    marketing_told_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(fields=["account", "scope", "address", "group_address"], name="identity_address"),
            models.UniqueConstraint(
                fields=["account", "scope", "canonical", "group_address"],
                condition=Q(alias_of=None),
                name="identity_one_main",
            ),
            models.CheckConstraint(condition=~Q(alias_of=F("pk")), name="identity_not_alias_of_itself"),
        ]
        indexes = [
            GinIndex(OpClass("address", name="gin_trgm_ops"), name="identity_address_search"),
            models.Index(fields=["scope", "canonical", "account"], name="identity_canonical"),
            models.Index(fields=["id"], condition=Q(is_unsettled=True), name="identity_unsettled"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.address

    def canonical_form(self) -> str:
        """Return the form by which the address is recognised."""
        return canonical_address(self.scope, self.address)

    def reach(self) -> tuple[bool, int]:
        """Return how well an answer goes to this address: the less, the better; what they left comes last."""
        rank = REACH.index(self.Scope(self.scope)) if self.scope in REACH else len(REACH)
        return self.left_at is not None, rank


REACH = [Identity.Scope.PHONE, Identity.Scope.BSUID, Identity.Scope.LID]
"""The names one account of WhatsApp has, those first that are the best to answer to."""
