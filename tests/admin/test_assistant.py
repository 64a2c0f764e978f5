"""Setting up whom the assistant asks and what it is like."""

import logging
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from apps.assistant.models import AIModel, AIParam, AIProvider, AIValue, AssistantSettings, Completion, Suggestion
from apps.conversations.models import Conversation, Message
from apps.core.models import SiteSettings
from apps.inboxes.models import Inbox
from tests.admin.conftest import Enter, send, words_of
from tests.admin.house import House, fingerprint

KEY = "sk-canary-91ab"
PROVIDERS, PARAMS = "/admin/assistant/aiprovider/", "/admin/assistant/aiparam/"
NEW = {"name": "Otro", "endpoint_url": "https://api.example.com/v1", "api_key": KEY, "model_name": "modelo-2"}
LIMITS = {"priority": "10", "concurrency": "5", "currency": "USD", "price_input": "0.15", "price_output": "0.60"}

NO_MODELS = {"models-TOTAL_FORMS": "0", "models-INITIAL_FORMS": "0"}


def page(row: Any, name: str = "change") -> str:
    return f"/admin/assistant/{row._meta.model_name}/{row.pk}/{name}/"


def errors_of(answer: Any) -> dict[str, list[str]]:
    """Return what a page that came back says of its fields, and of those of its inner rows."""
    found = {name: list(errors) for name, errors in answer.context["adminform"].form.errors.items()}
    for inner in answer.context["inline_admin_formsets"]:
        for form in inner.formset.forms:
            found |= {name: list(errors) for name, errors in form.errors.items()}
        found |= {"together": list(inner.formset.non_form_errors())} if inner.formset.non_form_errors() else {}
    return found


@pytest.fixture
def provider(built: House) -> AIProvider:
    return AIProvider.objects.get()


@pytest.fixture
def param(built: House) -> AIParam:
    return AIParam.objects.get()


# Providers ----------------------------------------------------------------------------------


def test_a_provider_is_added_with_its_first_model_and_tried(built: House, enter: Enter) -> None:
    client = enter("administrator")
    answer = client.post(f"{PROVIDERS}add/", {**NEW, **LIMITS, "daily_budget": "2"})
    provider = AIProvider.objects.get(name="Otro")
    assert answer.headers["location"] == page(provider, "try")
    assert (provider.api_key(), provider.daily_budget, provider.price_input) == (KEY, Decimal(2), Decimal("0.15"))
    assert provider.models.get().name == "modelo-2"
    assert provider.trial == "asked"
    assert OrmQ.objects.filter(key="bulk").count() == 1
    assert 'hx-trigger="every 2s"' in client.get(page(provider, "try")).content.decode()


def test_a_key_is_kept_or_replaced_and_never_shown(
    provider: AIProvider, enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    client = enter("administrator")
    same = {"name": "Modelos", "endpoint_url": provider.endpoint_url, "is_enabled": "on", **LIMITS, **NO_MODELS}
    with caplog.at_level(logging.DEBUG):
        assert send(client, page(provider), {**same, "api_key": KEY}).status_code == 302
        assert send(client, page(provider), {**same, "name": "Renombrado"}).status_code == 302
        failed = send(client, page(provider), {**same, "name": "", "api_key": KEY}).content.decode()
    provider.refresh_from_db()
    assert (provider.api_key(), provider.name) == (KEY, "Renombrado")
    shown = [client.get(path).content.decode() for path in (page(provider), page(provider, "history"), PROVIDERS)]
    assert "•••• guardado" in shown[0]
    dumped = StringIO()
    call_command("dumpdata", "assistant", "admin", stdout=dumped)
    assert KEY not in "".join([*shown, failed, dumped.getvalue(), caplog.text, repr(vars(provider))])


WRONG: dict[str, tuple[dict[str, str], str, str]] = {
    "twice": ({"name": "Modelos"}, "name", "Ya existe"),
    "blank": ({"name": "  "}, "name", "obligatorio"),
    "no address": ({"endpoint_url": "javascript:alert(1)"}, "endpoint_url", "Esto no es la dirección"),
    "open line": ({"endpoint_url": "http://api.example.com/v1"}, "endpoint_url", "Por internet, solo https"),
    "secrets of clouds": ({"endpoint_url": "http://169.254.169.254/v1"}, "endpoint_url", "Esto no es la dirección"),
    "no key": ({"api_key": "dos palabras"}, "api_key", "Esto no es una clave"),
    "huge key": ({"api_key": "k" * 600}, "api_key", "500"),
    "no model": ({"model_name": " "}, "model_name", "obligatorio"),
    "nobody at once": ({"concurrency": "0"}, "concurrency", "mayor o igual a 1"),
    "negative": ({"price_input": "-1"}, "price_input", "mayor o igual a 0"),
    "not a number": ({"daily_budget": "NaN"}, "daily_budget", "número"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_provider_is_said_beside_its_field(case: str, built: House, enter: Enter) -> None:
    changes, field, words = WRONG[case]
    answer = enter("administrator").post(f"{PROVIDERS}add/", {**NEW, **LIMITS, **changes})
    assert answer.status_code == 200
    assert [field] == list(errors_of(answer))
    assert words in errors_of(answer)[field][0]
    assert KEY not in answer.content.decode()
    assert (AIProvider.objects.count(), AIModel.objects.count()) == (1, 1)


def test_models_are_added_and_changed_at_their_provider(provider: AIProvider, enter: Enter) -> None:
    client, model = enter("administrator"), AIModel.objects.get()
    same = {"name": provider.name, "endpoint_url": provider.endpoint_url, "is_enabled": "on", **LIMITS}
    models = {
        "models-TOTAL_FORMS": "2",
        "models-0-id": str(model.pk),
        "models-0-provider": str(provider.pk),
        **{f"models-0-{name}": value for name, value in {"name": "modelo-1b", "position": "3"}.items()},
        "models-0-max_output_tokens": "300",
        "models-1-provider": str(provider.pk),
        **{f"models-1-{name}": value for name, value in {"name": "visual", "position": "4"}.items()},
        "models-1-is_enabled": "on",
        "models-1-reads_images": "on",
        "models-1-max_output_tokens": "900",
    }
    assert send(client, page(provider), {**same, **models}).status_code == 302
    model.refresh_from_db()
    assert (model.name, model.position, model.is_enabled, model.max_output_tokens) == ("modelo-1b", 3, False, 300)
    added = AIModel.objects.get(name="visual")
    assert (added.provider, added.reads_images, added.takes_schema) == (provider, True, False)
    failed = send(client, page(provider), {**same, **models, "models-1-name": "modelo-1b"})
    assert failed.status_code == 200
    assert AIModel.objects.count() == 2


def test_health_is_told_in_words(provider: AIProvider, built: House, enter: Enter, settings: Settings) -> None:
    client = enter("supervisor")

    def said(**columns: Any) -> str:
        AIProvider.objects.update(**columns)
        return words_of(client.get(PROVIDERS).content.decode())

    assert "Todavía no se consultó" in said()
    assert "Funciona" in said(last_answer_at=timezone.now())
    assert "El proveedor no acepta más pedidos por ahora." in said(failures=1, last_failure="limited")
    assert "Descansa hasta las" in said(resting_until=timezone.now() + timedelta(minutes=5))
    Completion.objects.create(
        suggestion=propose(built), conversation=built.own[Conversation], inbox=built.own[Inbox], attempt=1,
        provider_id=provider.pk, provider_name="Modelos", model_name="modelo-1", outcome="ok", price=Decimal("0.25"),
    )  # fmt: skip
    assert "0,2500 de 1,50 USD" in said(daily_budget=Decimal("1.5"))
    AIModel.objects.update(is_enabled=False)
    assert "No tiene ningún modelo activado." in said()
    AIModel.objects.update(is_enabled=True)
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert "Su clave ya no se puede abrir." in said()
    assert client.get(page(provider)).status_code == 200


def propose(built: House) -> Suggestion:
    conversation = built.own[Conversation]
    trigger = Message.objects.filter(conversation=conversation, direction="in").get()
    return Suggestion.objects.create(conversation=conversation, inbox=conversation.inbox, trigger=trigger)


def test_a_trial_says_in_words_what_came_back(provider: AIProvider, enter: Enter) -> None:
    client = enter("administrator")

    def said(**columns: Any) -> str:
        AIProvider.objects.update(**columns)
        return words_of(client.get(page(provider, "try")).content.decode())

    assert "Todavía no se probó." in said()
    assert client.post(page(provider, "try")).status_code == 302
    assert "Un trabajador está consultando a modelo-1" in said()
    answered = said(trial="ok", trial_text="<b>¡Te leo!</b>", trial_ms=321, trial_at=timezone.now())
    assert "modelo-1 respondió en 321 ms." in answered
    assert "«&lt;b&gt;¡Te leo!&lt;/b&gt;»" in answered
    refused = said(trial="unauthorized")
    assert "El proveedor no acepta nuestra clave." in refused
    assert "Cargá una clave que sea válida ahí." in refused
    assert "Se interrumpió nuestro trabajo" in said(trial="running", trial_at=timezone.now() - timedelta(minutes=2))
    AIModel.objects.update(is_enabled=False)
    assert "No tiene ningún modelo activado." in said()


def test_only_administrators_change_and_try_providers(provider: AIProvider, enter: Enter) -> None:
    client, operator = enter("supervisor"), enter("operator")
    before = fingerprint()
    html = client.get(page(provider)).content.decode()
    assert provider.endpoint_url in html
    assert "api_key" not in html
    assert client.get(page(provider, "try")).status_code == 200
    same = {"name": "X", "endpoint_url": "http://localhost/v1", "api_key": "x", "is_enabled": "on", **LIMITS}
    for path in (page(provider), page(provider, "try"), page(AIModel.objects.get()), f"{PROVIDERS}add/"):
        assert client.post(path, same).status_code == 403, path
        assert operator.get(path).status_code == 403, path
    assert fingerprint() == before


# Parameters ---------------------------------------------------------------------------------


def value_of(param: AIParam, place: Any = 0, **columns: str) -> dict[str, str]:
    told = {"name": "Nuevo", "chance": "1", "is_enabled": "on", **columns}
    prefix = f"values-{place}"
    return {
        "values-TOTAL_FORMS": str(place + 1),
        f"{prefix}-param": str(param.pk),
        **{f"{prefix}-{name}": value for name, value in told.items()},
    }


def add_param(enter: Enter, name: str, kind: str) -> AIParam:
    answer = enter("supervisor").post(f"{PARAMS}add/", {"name": name, "kind": kind, "position": "30"})
    param = AIParam.objects.get(name=name)
    assert answer.headers["location"] == page(param)
    return param


def put(enter: Enter, param: AIParam, **columns: str) -> Any:
    sent = {"name": param.name, "position": "30", "is_enabled": "on", **value_of(param, **columns)}
    return send(enter("supervisor"), page(param), sent)


def test_a_parameter_of_each_kind_gets_values(built: House, enter: Enter) -> None:
    model = AIModel.objects.get()
    for name, kind, column, given in (
        ("Saludo", "prompt", "text", "Saludá <script>alert(1)</script>."),
        ("Horario", "string", "text", "De 9 a 18"),
        ("Temperature", "number", "number", "0.7"),
        ("Modelo", "model", "model", str(model.pk)),
    ):
        param = add_param(enter, name, kind)
        assert put(enter, param, **{column: given}).status_code == 302
        shown = enter("supervisor").get(page(param)).content.decode()
        assert "<script>alert(1)</script>" not in shown
    values = dict(AIValue.objects.filter(name="Nuevo").values_list("param__slug", "text"))
    assert values == {
        "saludo": "Saludá <script>alert(1)</script>.",
        "horario": "De 9 a 18",
        "temperature": "",
        "modelo": "",
    }
    assert AIValue.objects.get(param__slug="temperature").number == Decimal("0.7")
    assert AIValue.objects.get(param__slug="modelo").model == model


STRANGE: dict[str, tuple[str, dict[str, str], str, str]] = {
    "says nothing": ("prompt", {"text": "  "}, "text", "no dice nada"),
    "huge": ("prompt", {"text": "x" * 6_001}, "text", "Como mucho 6000 caracteres"),
    "negative chance": ("prompt", {"text": "x", "chance": "-1"}, "chance", "mayor o igual a 0"),
    "enormous chance": ("prompt", {"text": "x", "chance": "1000001"}, "chance", "Como mucho"),
    "no chance": ("prompt", {"text": "x", "chance": "mucha"}, "chance", "número"),
    "no number": ("number", {}, "number", "no dice nada"),
    "not a number": ("number", {"number": "tibio"}, "number", "número"),
    "too hot": ("number", {"number": "2.5"}, "number", "va de 0 a 2"),
    "no model": ("model", {}, "model", "ya no existe"),
    "a model of nobody": ("model", {"model": "999999"}, "model", "válida"),
}


@pytest.mark.parametrize("case", STRANGE)
def test_what_is_wrong_with_a_value_is_said_beside_its_field(case: str, built: House, enter: Enter) -> None:
    kind, columns, field, words = STRANGE[case]
    param = add_param(enter, "Temperature", kind)
    answer = put(enter, param, **columns)
    assert answer.status_code == 200
    assert [field] == list(errors_of(answer))
    assert words in errors_of(answer)[field][0]
    assert not param.values.exists()


def test_names_of_values_are_given_once(param: AIParam, enter: Enter) -> None:
    value = param.values.get()
    kept = value_of(param, name=value.name, text=value.text) | {"values-0-id": str(value.pk)}
    sent = {"name": "Tono", "position": "10", "is_enabled": "on", **kept}
    answer = send(enter("supervisor"), page(param), {**sent, **value_of(param, 1, name="Cercano", text="Otro")})
    assert answer.status_code == 200
    assert param.values.get() == value
    assert (
        enter("supervisor").post(f"{PARAMS}add/", {"name": "Tono", "kind": "prompt", "position": "1"}).status_code
        == 200
    )
    assert AIParam.objects.count() == 1


def test_a_parameter_and_its_values_are_changed_and_kind_and_short_name_stay(param: AIParam, enter: Enter) -> None:
    value = param.values.get()
    changed = value_of(param, name="Seco", text="Escribí poco.", chance="3") | {"values-0-id": str(value.pk)}
    sent = {"name": "Estilo", "position": "5", "kind": "number", "slug": "otro", **changed}
    assert send(enter("supervisor"), page(param), sent).status_code == 302
    param.refresh_from_db()
    value.refresh_from_db()
    assert (param.name, param.position, param.is_enabled, param.kind, param.slug) == (
        "Estilo",
        5,
        False,
        "prompt",
        "tono",
    )
    assert (value.name, value.text, value.chance) == ("Seco", "Escribí poco.", 3)


def test_how_often_a_value_is_drawn_is_told_in_percent(param: AIParam, enter: Enter) -> None:
    param.values.update(chance=60)
    for name, chance in (("Formal", 25), ("Breve", 15), ("Nunca", 0)):
        AIValue.objects.create(param=param, name=name, text="x", chance=chance)
    AIValue.objects.create(param=param, name="Apagado", text="x", chance=900, is_enabled=False)
    client = enter("supervisor")
    assert "Cercano 60 % · Formal 25 % · Breve 15 %" in words_of(client.get(PARAMS).content.decode())
    shown = words_of(client.get(page(param)).content.decode())
    assert [share in shown for share in ("60 %", "25 %", "15 %", "90 %")] == [True, True, True, False]
    param.values.filter(name="Breve").update(chance=1)
    assert "Cercano 69,8 % · Formal 29,1 % · Breve 1,2 %" in words_of(client.get(PARAMS).content.decode())


# What is wrong ------------------------------------------------------------------------------


def test_problems_stand_on_the_lists_and_on_the_first_page(param: AIParam, enter: Enter) -> None:
    places = ("/admin/", PROVIDERS, PARAMS, "/admin/assistant/aiparam/preview/")
    client = enter("supervisor")
    for path in places:
        assert "Problemas de configuración" not in client.get(path).content.decode(), path
    param.values.update(is_enabled=False)
    AIProvider.objects.update(is_enabled=False)
    for path in places:
        html = client.get(path).content.decode()
        assert "No hay ningún proveedor de IA activado: no se sugiere nada." in html, path
        assert f'href="{page(param)}"' in html, path
        assert "No tiene ningún valor que se pueda sortear" in html, path
    AIParam.objects.update(name='"><img src=x onerror=alert(1)>')
    for path in places:
        assert "<img src=x" not in client.get(path).content.decode(), path
    AssistantSettings.objects.update(is_enabled=False)
    assert "Problemas de configuración" not in client.get("/admin/").content.decode()


# Settings -----------------------------------------------------------------------------------


def test_the_settings_are_one_page(built: House, enter: Enter) -> None:
    AssistantSettings.objects.all().delete()
    client, path = enter("supervisor"), "/admin/assistant/assistantsettings/"
    form = client.get(path).context["adminform"].form
    given = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    OrmQ.objects.all().delete()
    sent = {**given, "debounce_seconds": "2.5", "handoff_words": "auxilio", "inbox_daily_budget": ""}
    assert client.post(f"{path}1/change/", sent).status_code == 302
    settings = AssistantSettings.objects.get()
    assert (settings.debounce_seconds, settings.handoff_words) == (2.5, "auxilio")
    assert (settings.history_messages, settings.is_enabled) == (20, True)
    assert OrmQ.objects.filter(key="ai").count() == 1
    refused = client.post(f"{path}1/change/", {**sent, "auto_turns": "0", "deadline_seconds": "1"})
    assert set(errors_of(refused)) == {"auto_turns", "deadline_seconds"}
    assert client.get(f"{path}2/change/").status_code == 404


def test_answers_may_leave_by_themselves_in_the_house_or_in_one_inbox(built: House, enter: Enter) -> None:
    client, inbox = enter("administrator"), built.own[Inbox]
    assert (
        client.post("/admin/core/sitesettings/1/change/", {"journal_days": "9", "auto_reply": "on"}).status_code == 302
    )
    assert SiteSettings.objects.get().auto_reply
    path = f"/admin/inboxes/inbox/{inbox.pk}/change/"
    sent = {"name": inbox.name, "branch": inbox.branch_id, "is_active": "on"}
    OrmQ.objects.all().delete()
    assert client.post(path, {**sent, "assistant_mode": "off"}).status_code == 302
    inbox.refresh_from_db()
    assert inbox.assistant_mode == "off"
    assert OrmQ.objects.filter(key="ai").count() == 1
    assert client.post(path, {**sent, "assistant_mode": "loud"}).status_code == 200
    assert client.post(path, sent).status_code == 302
    inbox.refresh_from_db()
    assert inbox.assistant_mode == ""
