"""People, their addresses and tags, and who was merged with whom. Django finds the rows of a room here."""

from apps.people.models.canonical import HOME, canonical_number
from apps.people.models.identity import REACH, Identity, canonical_address
from apps.people.models.merge import DifferentPeople, PersonMerge
from apps.people.models.person import NUMBER_ENDING, NationalIdKey, Person, PersonTag, SearchKey, Tag, search_key

__all__ = [
    "HOME",
    "NUMBER_ENDING",
    "REACH",
    "DifferentPeople",
    "Identity",
    "NationalIdKey",
    "Person",
    "PersonMerge",
    "PersonTag",
    "SearchKey",
    "Tag",
    "canonical_address",
    "canonical_number",
    "search_key",
]
