"""The company in the admin."""

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget

from apps.core.actors import Scope
from apps.core.admin import DoorFilter, HouseAdmin, HouseForm, HouseInline
from apps.organization.models import Branch, Company, CompanyDocument
from apps.organization.queries import branches_for, companies_for, company_documents_for

LARGEST_DOCUMENT = 20 * 1024 * 1024
DOCUMENT_TYPES = frozenset({".pdf", ".txt", ".md", ".csv", ".docx", ".xlsx", ".odt", ".ods", ".png", ".jpg", ".jpeg"})


class SetUp(HouseAdmin):
    """Lists that everybody in the admin may read and whoever sets the house up may change."""

    read_scope = Scope.INBOXES_READ
    write_scope = Scope.SETUP_WRITE
    may_delete = True


class BranchInline(HouseInline):
    """The branches of a company."""

    model = Branch
    door = staticmethod(branches_for)
    read_scope = Scope.INBOXES_READ
    fields = readonly_fields = ("name", "slug", "client_support", "is_active")


class DocumentInline(HouseInline):
    """The documents of a company."""

    model = CompanyDocument
    door = staticmethod(company_documents_for)
    read_scope = Scope.INBOXES_READ
    fields = readonly_fields = ("name", "created_at")


@admin.register(Company)
class CompanyAdmin(SetUp):
    door = staticmethod(companies_for)
    list_display = ("name", "tax_id", "email", "phone")
    search_fields = ("name", "legal_name", "tax_id")
    inlines = (BranchInline, DocumentInline)


@admin.register(Branch)
class BranchAdmin(SetUp):
    door = staticmethod(branches_for)
    list_display = ("name", "company", "slug", "phone", "client_support", "is_active")
    list_filter = (("company", DoorFilter), "client_support", "is_active")
    list_select_related = ("company",)
    search_fields = ("name", "slug", "address")
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("company",)


class FileWithoutLink(UnfoldAdminFileFieldWidget):
    """Takes a file and names the one there is; it is read through its own page, never by its path."""

    def is_initial(self, value: object) -> bool:
        return False


class DocumentForm(HouseForm):
    def clean_file(self) -> Any:
        """Take what an office writes, nothing that a browser would run."""
        file = self.cleaned_data["file"]
        if not isinstance(file, UploadedFile):
            return file
        if Path(file.name or "").suffix.lower() not in DOCUMENT_TYPES:
            kinds = ", ".join(sorted(DOCUMENT_TYPES))
            raise ValidationError(_("These files are taken: %(kinds)s."), code="kind", params={"kinds": kinds})
        if (file.size or 0) > LARGEST_DOCUMENT:
            raise ValidationError(_("The file is larger than 20 MB."), code="too_large")
        return file


@admin.register(CompanyDocument)
class CompanyDocumentAdmin(SetUp):
    """Documents; a file is handed out here, to whoever may see its company."""

    door = staticmethod(company_documents_for)
    form = DocumentForm
    list_display = ("name", "company", "download", "created_at")
    list_filter = (("company", DoorFilter),)
    list_select_related = ("company",)
    search_fields = ("name",)
    autocomplete_fields = ("company",)
    fields = ("company", "name", "file", "download", "created_at")
    readonly_fields = ("download", "created_at")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if db_field.name == "file":
            kwargs["widget"] = FileWithoutLink
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Hide the file's path from whoever only reads."""
        fields = super().get_fields(request, obj)
        return fields if self.has_change_permission(request) else [name for name in fields if name != "file"]

    def get_urls(self) -> list[URLPattern]:
        file = self.admin_site.admin_view(self.file_view)
        return [path("<path:object_id>/file/", file, name="organization_companydocument_file"), *super().get_urls()]

    def file_view(self, request: HttpRequest, object_id: str) -> FileResponse:
        """Hand the file out as a download; hidden and missing are the same answer."""
        document = self.row(request, object_id)
        name = f"{document.name}{Path(document.file.name).suffix}"
        try:
            return FileResponse(document.file.open(), as_attachment=True, filename=name)
        except FileNotFoundError as error:
            raise Http404 from error

    @display(description=_("file"))
    def download(self, document: CompanyDocument) -> str:
        if document._state.adding:
            return "–"
        address = reverse("admin:organization_companydocument_file", args=[document.pk])
        return format_html('<a href="{}" class="text-link">{}</a>', address, _("Download"))
