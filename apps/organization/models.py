"""The company and where it attends people."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Company(models.Model):
    """The institution itself."""

    name = models.CharField(_("name"), max_length=120, unique=True)
    legal_name = models.CharField(_("legal name"), max_length=160, blank=True)
    tax_id = models.CharField(_("tax id (CUIT)"), max_length=20, blank=True)
    website = models.URLField(_("website"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CompanyDocument(models.Model):
    """A file about the company: prices, rules, how to arrive."""

    company = models.ForeignKey(Company, models.CASCADE, related_name="documents", verbose_name=_("company"))
    name = models.CharField(_("name"), max_length=120)
    file = models.FileField(_("file"), upload_to="company/%Y/")
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("company document")
        verbose_name_plural = _("company documents")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["company", "name"], name="company_document_name")]

    def __str__(self) -> str:
        return self.name


class Branch(models.Model):
    """A place of the company; people who work there see what arrives there."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="branches", verbose_name=_("company"))
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("short name"), unique=True, help_text=_("Used by commands and addresses."))
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    client_support = models.BooleanField(_("attends customers"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["company", "name"], name="branch_name")]

    def __str__(self) -> str:
        return self.name
