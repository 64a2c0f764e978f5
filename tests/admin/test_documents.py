"""Documents of the company: taken with care, handed out by the door."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.organization.models import Company, CompanyDocument
from tests.admin.conftest import Enter
from tests.admin.house import House

ADD = "/admin/organization/companydocument/add/"


def upload(built: House, enter: Enter, name: str, content: bytes = b"%PDF-1.4") -> int:
    sent = {"company": built.own[Company].pk, "name": "Reglamento", "file": SimpleUploadedFile(name, content)}
    return enter("administrator").post(ADD, sent).status_code


def test_a_file_is_handed_out_as_a_download(built: House, enter: Enter) -> None:
    assert upload(built, enter, "../../r\x00eglamento.pdf") == 302
    document = CompanyDocument.objects.get(name="Reglamento")
    answer = enter("supervisor").get(f"/admin/organization/companydocument/{document.pk}/file/")
    assert b"".join(answer.streaming_content) == b"%PDF-1.4"  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Reglamento.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "program.exe", "script.js", "noextension", "x.pdf.html"])
def test_what_a_browser_would_run_is_refused(name: str, built: House, enter: Enter) -> None:
    assert upload(built, enter, name) == 200
    assert not CompanyDocument.objects.filter(name="Reglamento").exists()


def test_a_foreign_file_and_a_missing_one_are_the_same_answer(built: House, enter: Enter) -> None:
    foreign = built.foreign[CompanyDocument]
    for pk in (foreign.pk, 999_999, "x"):
        assert enter("supervisor").get(f"/admin/organization/companydocument/{pk}/file/").status_code == 404
    assert enter("operator").get(f"/admin/organization/companydocument/{foreign.pk}/file/").status_code == 403


def test_a_file_that_left_the_disk_is_missing(built: House, enter: Enter) -> None:
    document = built.own[CompanyDocument]
    document.file.storage.delete(document.file.name)
    assert enter("supervisor").get(f"/admin/organization/companydocument/{document.pk}/file/").status_code == 404


def test_no_page_names_the_path(built: House, enter: Enter) -> None:
    document = built.own[CompanyDocument]
    for role in ("administrator", "supervisor"):
        page = enter(role).get(f"/admin/organization/companydocument/{document.pk}/change/").content.decode()
        assert document.file.name not in page
