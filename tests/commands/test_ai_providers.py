"""add_ai_provider, and the keys of AI providers in rotate_keys."""

import io
import json
import logging
from decimal import Decimal
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from apps.assistant.models import AIModel, AIParam, AIProvider
from tests.commands.conftest import Call

KEY = "sk-canary-5f0c"
GIVEN = {"name": "Uno", "endpoint": "https://api.example.com/v1/", "key": KEY, "model": "modelo-1"}


def options(**changes: Any) -> list[str]:
    return [part for name, value in {**GIVEN, **changes}.items() for part in (f"--{name.replace('_', '-')}", value)]


def test_a_provider_is_added_with_its_model_and_what_models_are_told(call: Call) -> None:
    made = call("add_ai_provider", *options())
    provider, model = AIProvider.objects.get(), AIModel.objects.get()
    assert made == {
        "id": provider.pk,
        "name": "Uno",
        "endpoint": "https://api.example.com/v1",
        "model_id": model.pk,
        "model": "modelo-1",
        "priority": 10,
    }
    assert (model.provider, model.name, provider.api_key()) == (provider, "modelo-1", KEY)
    assert (provider.is_enabled, provider.is_simulated, model.is_enabled) == (True, False, True)
    params = AIParam.objects.order_by("position").values_list("slug", "kind")
    assert list(params) == [
        ("quien-sos", "prompt"),
        ("tono", "prompt"),
        ("longitud", "prompt"),
        ("cierre", "prompt"),
        ("reglas", "prompt"),
        ("pasar-a-una-persona", "prompt"),
        ("temperature", "number"),
    ]


def test_everything_else_may_be_said(call: Call) -> None:
    more = {"priority": "1", "concurrency": "7", "daily_budget": "2.5", "currency": "EUR", "max_output_tokens": "300"}
    call(
        *("add_ai_provider", *options(price_input="0.15", price_output="0.6", **more)),
        *("--reads-images", "--no-schema"),
    )
    provider, model = AIProvider.objects.get(), AIModel.objects.get()
    assert (provider.priority, provider.concurrency, provider.currency) == (1, 7, "EUR")
    assert (provider.daily_budget, provider.price_input) == (Decimal("2.5"), Decimal("0.15"))
    assert provider.price_output == Decimal("0.6")
    assert (model.max_output_tokens, model.reads_images, model.takes_schema) == (300, True, False)


def test_a_second_provider_leaves_what_models_are_told_alone(call: Call) -> None:
    call("add_ai_provider", *options())
    AIParam.objects.filter(slug="tono").update(is_enabled=False)
    call("add_ai_provider", *options(name="Dos"))
    assert AIParam.objects.count() == 7
    assert AIParam.objects.filter(is_enabled=False).count() == 1


def test_the_key_comes_from_standard_input_and_never_out(
    call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\n"))
    with caplog.at_level(logging.DEBUG):
        made = call("add_ai_provider", *options(key="-"))
    provider = AIProvider.objects.get()
    assert provider.api_key() == KEY
    dumped = io.StringIO()
    call_command("dumpdata", "assistant", stdout=dumped)
    shown = capsys.readouterr()
    everything = [json.dumps(made), caplog.text, dumped.getvalue(), shown.out, shown.err, repr(provider)]
    assert KEY not in "".join([*everything, repr(provider.credentials), str(provider.__dict__)])


@pytest.mark.parametrize("key", ["", "sk-0123456789"])
@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost:8000/simulator/model/v1",
        "http://127.0.0.1:9999/v1",
        "http://[::1]:8080/v1",
        "http://10.0.0.7/v1",
        "http://models:11434/v1",
        "http://models.internal/v1",
        "https://api.example.com/v1/chat/completions",
    ],
)
def test_near_models_may_be_asked_without_encryption_and_without_a_key(endpoint: str, key: str, call: Call) -> None:
    call("add_ai_provider", *options(endpoint=endpoint, key=key))
    assert AIProvider.objects.get().endpoint_url == endpoint.removesuffix("/chat/completions")
    assert AIProvider.objects.get().api_key() == key


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"endpoint": "http://api.example.com/v1"}, "endpoint_url: Across the internet only https"),
        ({"endpoint": "http://93.184.216.34/v1"}, "endpoint_url: Across the internet only https"),
        ({"endpoint": "api.example.com/v1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "ftp://api.example.com/v1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "file:///etc/passwd"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https:///v1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://api.example.com:99999/v1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://[::1/v1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://ana:secret@api.example.com/v1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://api.example.com/v1?key=1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://api.example.com/v1#a"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://api.example.com/v 1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://api.example.com\\@x/v1"}, "endpoint_url: This is not the address"),
        ({"endpoint": "http://169.254.169.254/latest"}, "endpoint_url: This is not the address"),
        ({"endpoint": "https://a.example.com/" + "x" * 300}, "endpoint_url: Ensure this value has at most 300"),
        ({"name": " "}, "name: This field cannot be blank."),
        ({"name": "x" * 81}, "name: Ensure this value has at most 80 characters"),
        ({"model": " "}, "model: Say which model."),
        ({"model": "m" * 121}, "name: Ensure this value has at most 120 characters"),
        ({"key": "a b"}, "api_key: This is not a key."),
        ({"key": "clavé"}, "api_key: This is not a key."),
        ({"key": "k" * 501}, "api_key: This is not a key."),
        ({"concurrency": "0"}, "concurrency: Ensure this value is greater than or equal to 1."),
        ({"concurrency": "999"}, "concurrency: Ensure this value is less than or equal to 200."),
        ({"priority": "-1"}, "priority: Ensure this value is greater than or equal to 0."),
        ({"daily_budget": "-1"}, "daily_budget: Ensure this value is greater than or equal to 0."),
        ({"daily_budget": "mucho"}, "--daily-budget is not a number."),
        ({"price_input": "nan"}, "--price-input is not a number."),
        ({"price_output": "-0.1"}, "price_output: Ensure this value is greater than or equal to 0."),
        ({"max_output_tokens": "1"}, "max_output_tokens: Ensure this value is greater than or equal to 16."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(changes: dict[str, str], words: str, call: Call) -> None:
    with pytest.raises(CommandError) as refusal:
        call("add_ai_provider", *options(**changes))
    assert str(refusal.value).startswith(words)
    assert KEY not in str(refusal.value)
    assert not AIProvider.objects.exists()
    assert not AIParam.objects.exists()


def test_a_name_is_given_once(call: Call) -> None:
    call("add_ai_provider", *options())
    with pytest.raises(CommandError, match="name: AI provider with this Name already exists"):
        call("add_ai_provider", *options(endpoint="https://other.example.com/v1"))
    assert AIProvider.objects.count() == 1


def test_keys_are_rotated_with_the_others(call: Call, settings: Settings) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.ENCRYPTION_KEYS = [old]
    call("add_ai_provider", *options())
    call("add_ai_provider", *options(name="Sin clave", key="", endpoint="http://localhost/v1"))
    settings.ENCRYPTION_KEYS = [new, old]
    assert call("rotate_keys") == {"rotated": 2, "current": 0, "unreadable": 0}
    settings.ENCRYPTION_KEYS = [new]
    assert [provider.api_key() for provider in AIProvider.objects.order_by("pk")] == [KEY, ""]
    settings.ENCRYPTION_KEYS = [old]
    with pytest.raises(CommandError, match="Put the missing key back"):
        call("rotate_keys")
