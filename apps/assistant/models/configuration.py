"""Whom the assistant asks, and what its answers may be like."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.secrets import EncryptedJSONField

SIMULATED_PATH = "/simulator/model/v1"
"""Where the house itself answers as a model."""


class AIProvider(models.Model):
    """A place that answers as OpenAI's chat completions do, with what it may cost and how it has been lately.

    Prices are for a million tokens, in `currency`. `failures` counts those in a row; until `resting_until` nobody
    asks it again. `trial` is what became of the last question of a person of the house: a Trial or a Failure.
    """

    class Trial(models.TextChoices):
        ASKED = "asked", _("About to begin")
        RUNNING = "running", _("Under way")
        ANSWERED = "ok", _("It answered")

    name = models.CharField(_("name"), max_length=80, unique=True)
    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    endpoint_url = models.CharField(_("endpoint"), max_length=300, help_text=_("Up to and including /v1."))
    credentials = EncryptedJSONField(_("key"), default=dict, owner="owner", editable=False)
    priority = models.PositiveSmallIntegerField(_("order"), default=10, help_text=_("The lowest is asked first."))
    is_enabled = models.BooleanField(_("enabled"), default=True)
    is_simulated = models.BooleanField(_("simulated"), default=False, editable=False)
    concurrency = models.PositiveSmallIntegerField(
        _("requests at once"), default=5, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )
    daily_budget = models.DecimalField(
        _("budget of a day"), max_digits=10, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text=_("Empty: no limit."),
    )  # fmt: skip
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    price_input = models.DecimalField(
        _("price of a million tokens read"), max_digits=12, decimal_places=6, default=0,
        validators=[MinValueValidator(0)],
    )  # fmt: skip
    price_output = models.DecimalField(
        _("price of a million tokens written"), max_digits=12, decimal_places=6, default=0,
        validators=[MinValueValidator(0)],
    )  # fmt: skip
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0, editable=False)
    resting_until = models.DateTimeField(_("rests until"), null=True, editable=False)
    last_failure = models.CharField(_("last failure"), max_length=20, blank=True, editable=False)
    last_failure_at = models.DateTimeField(_("failed last"), null=True, editable=False)
    last_answer_at = models.DateTimeField(_("answered last"), null=True, editable=False)
    trial = models.CharField(_("trial"), max_length=20, blank=True, editable=False)
    trial_at = models.DateTimeField(_("tried"), null=True, editable=False)
    trial_text = models.CharField(_("answer to the trial"), max_length=200, blank=True, editable=False)
    trial_ms = models.PositiveIntegerField(_("ms of the trial"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("AI provider")
        verbose_name_plural = _("AI providers")
        ordering = ["priority", "id"]
        constraints = [models.CheckConstraint(condition=Q(concurrency__gte=1), name="ai_provider_asks_at_all")]

    def __str__(self) -> str:
        return self.name

    @property
    def owner(self) -> str:
        """Return what its key is sealed for."""
        return f"ai-provider:{self.uid}"

    @property
    def base_url(self) -> str:
        """Return where it is asked: the simulated model is wherever the house is."""
        return settings.SIMULATOR_URL + SIMULATED_PATH if self.is_simulated else self.endpoint_url

    def api_key(self) -> str:
        """Return its key. Raises UnreadableSecret."""
        return str(self.credentials.open_for(self.owner).get("api_key", "")) if self.credentials else ""


class AIModel(models.Model):
    """One model of a provider. A price that is left out is the provider's."""

    provider = models.ForeignKey(AIProvider, models.CASCADE, related_name="models", verbose_name=_("AI provider"))
    name = models.CharField(_("name at the provider"), max_length=120)
    position = models.PositiveSmallIntegerField(
        _("order"), default=10, help_text=_("The lowest is asked when no value says otherwise.")
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    takes_schema = models.BooleanField(_("takes a JSON schema"), default=True)
    reads_images = models.BooleanField(_("reads images"), default=False)
    max_output_tokens = models.PositiveIntegerField(
        _("longest answer, in tokens"), default=600, validators=[MinValueValidator(16)]
    )
    price_input = models.DecimalField(
        _("price of a million tokens read"), max_digits=12, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(0)],
    )  # fmt: skip
    price_output = models.DecimalField(
        _("price of a million tokens written"), max_digits=12, decimal_places=6, null=True, blank=True,
        validators=[MinValueValidator(0)],
    )  # fmt: skip

    class Meta:
        verbose_name = _("AI model")
        verbose_name_plural = _("AI models")
        ordering = ["provider__priority", "provider_id", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["provider", "name"], name="ai_model_name")]

    def __str__(self) -> str:
        return f"{self.name} · {self.provider}"


class AIParam(models.Model):
    """A characteristic of the assistant; each conversation gets one of its values.

    A prompt is told as it stands, a string or a number by its name; the number of `temperature` is given to the
    model itself. A model is whom to ask first.
    """

    class Kind(models.TextChoices):
        PROMPT = "prompt", _("Prompt")
        STRING = "string", _("Text")
        NUMBER = "number", _("Number")
        MODEL = "model", _("Model")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.PROMPT)
    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("short name"), max_length=40, unique=True)
    position = models.PositiveSmallIntegerField(_("order"), default=10)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("parameter")
        verbose_name_plural = _("parameters")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class AIValue(models.Model):
    """A possible value of a parameter, drawn in proportion to `chance` among those of its parameter."""

    param = models.ForeignKey(AIParam, models.CASCADE, related_name="values", verbose_name=_("parameter"))
    name = models.CharField(_("name"), max_length=80, help_text=_("As the chat page and the figures show it."))
    text = models.TextField(_("text"), blank=True)
    number = models.DecimalField(_("number"), max_digits=12, decimal_places=4, null=True, blank=True)
    model = models.ForeignKey(
        AIModel, models.SET_NULL, null=True, blank=True, related_name="values", verbose_name=_("model")
    )
    chance = models.PositiveIntegerField(_("chance"), default=1, help_text=_("0: never drawn."))
    is_enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("value")
        verbose_name_plural = _("values")
        ordering = ["param__position", "param_id", "id"]
        constraints = [models.UniqueConstraint(fields=["param", "name"], name="ai_value_name")]

    def __str__(self) -> str:
        return self.name
