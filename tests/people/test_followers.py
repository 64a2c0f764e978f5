"""A merge finds whatever belongs to a person, in whatever room."""

from django.apps import apps

from apps.people.actions.followers import followers
from apps.people.models import DifferentPeople, Identity, Person, PersonMerge

OF_THE_MERGE_ITSELF = {Identity, Person, PersonMerge, DifferentPeople}


def test_every_foreign_key_to_people_is_followed():
    keys = {
        (model, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.fields
        if field.related_model is Person and model not in OF_THE_MERGE_ITSELF
    }
    found = {(follower.model, follower.person): follower.identity for follower in followers()}
    assert set(found) == keys
    assert {(model.__name__, name): beside for (model, name), beside in found.items()} == {
        ("PersonTag", "person"): None,
        ("Conversation", "person"): "identity",
    }
