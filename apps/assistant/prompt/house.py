"""Who we are, as a model is told: the company, the branch of the inbox, the others."""

from apps.assistant.prompt.words import field
from apps.core.actors import SYSTEM
from apps.organization.models import Branch, Company
from apps.organization.queries import branches_for

HEADING = "## QUIÉNES SOMOS"
LENGTH = 200


def told(here: Branch) -> str:
    """Return the company and its branches, the one that is written to first."""
    branches = branches_for(SYSTEM).filter(company=here.company_id, is_active=True, client_support=True)
    others = [branch for branch in branches.order_by("name") if branch.pk != here.pk]
    lines = [_company(here.company), _branch(here, "Sede de este chat"), *(_branch(other, "Sede") for other in others)]
    return "\n".join([HEADING, *lines])


def _company(company: Company) -> str:
    return _line(
        ("Institución", company.name),
        ("Razón social", company.legal_name),
        ("CUIT", company.tax_id),
        ("Sitio web", company.website),
        ("Correo", company.email),
        ("Teléfono", company.phone),
        ("Dirección", company.address),
    )


def _branch(branch: Branch, label: str) -> str:
    return _line(
        (label, branch.name), ("Dirección", branch.address), ("Teléfono", branch.phone), ("Correo", branch.email)
    )


def _line(*fields: tuple[str, str]) -> str:
    return "- " + " | ".join(f"{label}: {field(text, LENGTH)}" for label, text in fields if text.strip())
