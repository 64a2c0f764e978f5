"""What a supervisor may change of the assistant while the house runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

HANDOFF_WORDS = "\n".join(
    (
        *("hablar con una persona", "hablar con alguien", "comunicarme con alguien", "atención humana"),
        *("que me atienda una persona", "que me atienda alguien", "me puede atender una persona"),
        *("con un humano", "con un operador", "con una operadora", "con un asesor", "con una asesora", "asesor humano"),
        *("persona real", "persona de verdad", "no quiero hablar con un bot", "no quiero hablar con un robot"),
    )
)
HANDOFF_MESSAGE = "Te paso con una persona del equipo, que te responde por acá."
NOTICE = "Te respondió el asistente virtual. Si preferís que te atienda una persona, escribí «persona»."


def default_debounce() -> float:
    """Return the seconds the environment says."""
    return float(settings.ASSISTANT_DEBOUNCE_SECONDS)


_read: ContextVar["AssistantSettings | None"] = ContextVar("assistant_settings", default=None)


class AssistantSettings(models.Model):
    """One row. Whether answers leave by themselves is in the settings of the house, its inboxes and its chats."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Switched off, nothing at all is given to a model.")
    )
    debounce_seconds = models.FloatField(
        _("seconds to wait for more words"), default=default_debounce,
        validators=[MinValueValidator(0), MaxValueValidator(120)],
    )  # fmt: skip
    deadline_seconds = models.PositiveSmallIntegerField(
        _("seconds an answer may take"), default=20, validators=[MinValueValidator(2), MaxValueValidator(120)]
    )
    history_messages = models.PositiveSmallIntegerField(
        _("messages a model is shown"), default=20, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    context_tokens = models.PositiveIntegerField(
        _("tokens a model is shown"), default=6000, validators=[MinValueValidator(500)]
    )
    masks_personal = models.BooleanField(_("hide phones, e-mails, documents and accounts of people"), default=True)
    tells_person = models.BooleanField(_("tell the name, the region and the tags of the person"), default=True)
    sends_images = models.BooleanField(_("show images to models that read them"), default=False)
    auto_turns = models.PositiveSmallIntegerField(
        _("automatic answers in a row"), default=8, validators=[MinValueValidator(1)],
        help_text=_("Then a person is asked."),
    )  # fmt: skip
    conversation_daily_limit = models.PositiveSmallIntegerField(
        _("answers of a day in one conversation"), default=60, validators=[MinValueValidator(1)]
    )
    inbox_daily_budget = models.DecimalField(
        _("budget of a day in one inbox"), max_digits=10, decimal_places=4, null=True, blank=True,
        validators=[MinValueValidator(0)], help_text=_("Empty: no limit."),
    )  # fmt: skip
    handoff_words = models.TextField(
        _("words that ask for a person"), default=HANDOFF_WORDS, blank=True, help_text=_("One in each line.")
    )
    rule_words = models.TextField(
        _("words a person must see"), default="reclamo\ndenuncia\nabogado\nemergencia", blank=True,
        help_text=_("One in each line."),
    )  # fmt: skip
    handoff_message = models.TextField(
        _("what the person is told then"), default=HANDOFF_MESSAGE, blank=True, help_text=_("Empty: nothing.")
    )
    notice = models.TextField(
        _("note under the first automatic answer"), default=NOTICE, blank=True, help_text=_("Empty: nothing.")
    )
    text_days = models.PositiveSmallIntegerField(
        _("days to keep what was asked and answered"), default=7, help_text=_("Figures stay.")
    )
    log_days = models.PositiveSmallIntegerField(_("days to keep the log"), default=90)

    class Meta:
        verbose_name = verbose_name_plural = _("settings of the assistant")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="assistant_settings_one_row")]

    def __str__(self) -> str:
        return str(_("settings of the assistant"))

    @classmethod
    def current(cls) -> "AssistantSettings":
        """Return the row, or the defaults where nobody changed any."""
        return _read.get() or cls.objects.first() or cls()

    @classmethod
    @contextmanager
    def read_once(cls) -> Iterator[None]:
        """Let what is decided until the end of the block be decided by the settings of this moment."""
        token = _read.set(cls.current())
        try:
            yield
        finally:
            _read.reset(token)
