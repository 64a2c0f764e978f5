"""People, the addresses they write from, and their tags."""

import unicodedata

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.inboxes.models import ProviderAccount


class Tag(models.Model):
    """A label on people."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    hue = models.PositiveSmallIntegerField(_("colour"), default=0, help_text=_("0 to 7, as in the palette."))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=models.Q(hue__lt=8), name="tag_hue_in_palette")]

    def __str__(self) -> str:
        return self.name


def search_key(text: str) -> str:
    """Return a text as the database stores it for searching: lower-case and without accents."""
    spread = unicodedata.normalize("NFKD", text.strip().lower())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


class SearchKey(models.Func):
    """The given texts in one, lower-case and without accents; the SQL function comes with the core migration."""

    function = "search_key"
    template = "%(function)s(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = models.TextField()


class Person(models.Model):
    """Somebody who writes to us, however many addresses they use."""

    name = models.CharField(_("name"), max_length=160, blank=True)
    region = models.CharField(_("region"), max_length=80, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    national_id = models.CharField(_("national id (DNI)"), max_length=20, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    tags = models.ManyToManyField(Tag, through="PersonTag", related_name="people", verbose_name=_("tags"))
    search_key = models.GeneratedField(
        expression=SearchKey("name", "phone", "email", "national_id"),
        output_field=models.TextField(),
        db_persist=True,
        editable=False,
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True, editable=False)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name", "pk"]
        indexes = [GinIndex(fields=["search_key"], opclasses=["gin_trgm_ops"], name="person_search")]

    def __str__(self) -> str:
        return self.name or str(_("Person without a name"))


class PersonTag(models.Model):
    """This person has this tag."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="person_tags", verbose_name=_("person"))
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="person_tags", verbose_name=_("tag"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("put by"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("tag of a person")
        verbose_name_plural = _("tags of people")
        constraints = [models.UniqueConstraint(fields=["person", "tag"], name="person_tag_once")]

    def __str__(self) -> str:
        return f"{self.person} · {self.tag}"


class Identity(models.Model):
    """One address of a person at one of our provider accounts."""

    class Scope(models.TextChoices):
        PHONE = "phone", _("Phone number")
        BSUID = "bsuid", _("Business-scoped user id")
        LID = "lid", _("LID")
        IGSID = "igsid", _("Instagram-scoped id")
        USERNAME = "username", _("Username")
        SIMULATOR = "simulator", _("Simulated phone")
        EXTERNAL = "external", _("Address of an external channel")

    person = models.ForeignKey(Person, models.PROTECT, related_name="identities", verbose_name=_("person"))
    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="identities", verbose_name=_("account"))
    scope = models.CharField(_("kind of address"), max_length=20, choices=Scope)
    address = models.CharField(_("address"), max_length=160)
    group_address = models.CharField(_("group address"), max_length=160, blank=True)
    display_name = models.CharField(_("name they show"), max_length=160, blank=True)
    window_until = models.DateTimeField(_("free answers until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(fields=["account", "scope", "address", "group_address"], name="identity_address"),
        ]
        indexes = [GinIndex(OpClass("address", name="gin_trgm_ops"), name="identity_address_search")]

    def __str__(self) -> str:
        return self.display_name or self.address
