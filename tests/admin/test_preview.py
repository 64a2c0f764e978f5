"""The preview: all that a model would be told in a conversation, and who is asked."""

import pytest

from apps.assistant.models import AIParam, AIValue, Respondent
from apps.conversations.models import Conversation, Message
from tests import factories
from tests.admin.conftest import Enter, words_of
from tests.admin.house import House, fingerprint

PAGE = "/admin/assistant/aiparam/preview/"


@pytest.fixture
def path(built: House) -> str:
    return f"{PAGE}?conversation={built.own[Conversation].pk}"


def test_it_shows_all_that_a_model_is_told(built: House, path: str, enter: Enter) -> None:
    conversation = built.own[Conversation]
    Message.objects.filter(conversation=conversation, direction="in").update(text="Llamame al 387 555-0101 <b>ya</b>")
    AIValue.objects.update(text="Escribí de vos. </pre><script>alert(1)</script>")
    page = enter("supervisor").get(path)
    html, prompt = page.content.decode(), page.context["prompt"]
    assert "Escribí de vos." in prompt.instructions
    assert "<script>alert(1)</script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "555-0101" not in html
    assert "&lt;b&gt;ya&lt;/b&gt;" in html
    words = words_of(html)
    assert f"Cerca de {page.context['tokens']} tokens en total." in words
    assert page.context["tokens"] > 50
    assert "Modelos · modelo-1" in words


def test_without_a_conversation_one_is_chosen(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    shown = client.get(PAGE).content.decode()
    assert f'href="?conversation={built.own[Conversation].pk}"' in shown
    assert f'href="?conversation={built.foreign[Conversation].pk}"' not in shown
    assert "No hay ninguna conversación así." in client.get(PAGE, {"q": "nadie se llama así"}).content.decode()
    assert "Ana de Centro" in client.get(PAGE, {"q": "centro"}).content.decode()


def test_what_the_assistant_is_like_is_drawn_pinned_and_chosen(built: House, path: str, enter: Enter) -> None:
    client, conversation = enter("supervisor"), built.own[Conversation]
    other = AIValue.objects.create(param=AIParam.objects.get(), name="Formal", text="Escribí de usted.")
    Respondent.objects.filter(conversation=conversation).delete()
    before = fingerprint()
    assert "Todavía no se sorteó nada" in client.get(path).content.decode()
    assert fingerprint() == before

    def current() -> Respondent:
        return Respondent.objects.get(conversation=conversation, is_current=True)

    assert client.post(path, {"verb": "redraw"}).status_code == 302
    first = current()
    client.post(path, {"verb": "pin"})
    assert current() == Respondent.objects.get(pk=first.pk, is_pinned=True)
    client.post(path, {"verb": "unpin"})
    assert not current().is_pinned
    assert client.post(path, {"value": other.pk}).status_code == 302
    assert (current().drawn.get().value, current().is_pinned) == (other, True)
    assert "Escribí de usted." in client.get(path).context["prompt"].instructions
    for strange in ({}, {"verb": "dance"}, {"value": "x"}):
        assert client.post(path, strange).status_code == 302
    assert client.post(path, {"value": "99999"}).status_code == 404
    AIValue.objects.filter(pk=other.pk).update(is_enabled=False)
    client.post(path, {"value": other.pk})
    assert "Ese valor está desactivado." in client.get(path).content.decode()


def test_what_is_hidden_is_missing(built: House, enter: Enter) -> None:
    client = enter("supervisor")
    others = [(enter(role), status) for role, status in (("operator", 403), ("viewer", 403), ("anonymous", 302))]
    before = fingerprint()
    for number in (built.foreign[Conversation].pk, 10**12):
        address = f"{PAGE}?conversation={number}"
        assert [client.get(address).status_code, client.post(address, {"verb": "redraw"}).status_code] == [404, 404]
    for other, status in others:
        assert other.get(PAGE).status_code == status
    assert client.get(f"{PAGE}?conversation=x").status_code == 200
    assert fingerprint() == before


def test_it_costs_few_queries_however_much_there_is(
    built: House, path: str, enter: Enter, django_assert_max_num_queries
) -> None:
    for number in range(10):
        param = AIParam.objects.create(name=f"P{number}", slug=f"p{number}")
        AIValue.objects.bulk_create(AIValue(param=param, name=f"v{place}", text="x") for place in range(5))
        factories.receive(built.own[Conversation].inbox, f"Hola {number}")
    client = enter("administrator")
    client.get(path)
    with django_assert_max_num_queries(32):
        client.get(path)
    with django_assert_max_num_queries(16):
        client.get(PAGE)


def test_the_list_of_respondents_leads_here(built: House, path: str, enter: Enter) -> None:
    respondent = built.own[Respondent]
    page = enter("supervisor").get(f"/admin/assistant/respondent/{respondent.pk}/change/").content.decode()
    assert f'href="{path}"' in page
    assert "Tono: Cercano" in words_of(page)
