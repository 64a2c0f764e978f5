"""The doors of this room."""

from django.db.models import QuerySet

from apps.core.actors import Actor
from apps.organization.models import Branch, Company, CompanyDocument


def branches_for(actor: Actor) -> QuerySet[Branch]:
    """Return the branches that exist for `actor`."""
    branches = Branch.objects.all()
    return branches if actor.branch_ids is None else branches.filter(pk__in=actor.branch_ids)


def companies_for(actor: Actor) -> QuerySet[Company]:
    """Return the companies of the branches that exist for `actor`."""
    companies = Company.objects.all()
    return companies if actor.sees_all else companies.filter(branches__in=branches_for(actor)).distinct()


def company_documents_for(actor: Actor) -> QuerySet[CompanyDocument]:
    """Return the documents of the companies that exist for `actor`."""
    return CompanyDocument.objects.filter(company__in=companies_for(actor))
