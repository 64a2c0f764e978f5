"""People and their tags."""

import unicodedata

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now, Right
from django.utils.translation import gettext_lazy as _

from apps.people.models.canonical import HOME, CanonicalField, canonical_number

NUMBER_ENDING = 6
"""How many last digits make two numbers of people of one name similar."""


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


class NationalIdKey(models.Func):
    """A national id without the dots and dashes people write in it."""

    template = "regexp_replace(upper(%(expressions)s), '[^0-9A-Z]', '', 'g')"
    output_field = models.TextField()


class Person(models.Model):
    """Somebody who writes to us, however many addresses they use.

    `merged_into` set: the row was found to be somebody else's and exists for no door until they are separated.
    """

    name = models.CharField(_("name"), max_length=160, blank=True)
    region = models.CharField(_("region"), max_length=80, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    phone_key = CanonicalField(max_length=40, blank=True, db_default="", editable=False)
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
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("is now"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True, editable=False)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(merged_into=F("pk")), name="person_not_into_itself"),
        ]
        indexes = [
            GinIndex(fields=["search_key"], opclasses=["gin_trgm_ops"], name="person_search"),
            models.Index(fields=["merged_into"], condition=Q(merged_into__isnull=False), name="person_merged"),
            models.Index(fields=["phone_key"], condition=~Q(phone_key=""), name="person_phone_key"),
            models.Index(Lower("email"), condition=~Q(email=""), name="person_email_key"),
            models.Index(NationalIdKey("national_id"), condition=~Q(national_id=""), name="person_national_id_key"),
            models.Index(
                SearchKey("name"),
                Right("phone_key", NUMBER_ENDING),
                condition=~Q(name="") & ~Q(phone_key=""),
                name="person_name_and_number",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Person without a name"))

    def canonical_form(self) -> str:
        """Return the key of the number, however it was typed."""
        return canonical_number(self.phone, region=HOME)[:40]


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
