"""Users, where they belong, and the tokens of applications that speak for them."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.actors import ROLE_SCOPES, Role
from apps.organization.models import Branch


class UserManager(BaseUserManager["User"]):
    """Makes users; the two verbs are Django's own names."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, **{**fields, "role": Role.ADMINISTRATOR})


class User(AbstractBaseUser):
    """Somebody who works here. The role says what, the branches say where."""

    username = models.CharField(
        _("username"),
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("A user with that username already exists.")},
    )
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.OPERATOR)
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Turn off instead of deleting."))
    branches = models.ManyToManyField(Branch, through="Membership", related_name="users", verbose_name=_("branches"))
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["name", "username"]
        constraints = [models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known")]

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def is_staff(self) -> bool:
        """Tell whether the admin lets this user in."""
        return self.role in {Role.ADMINISTRATOR, Role.SUPERVISOR}

    @property
    def is_superuser(self) -> bool:
        """Tell whether nothing is closed to this user."""
        return self.is_active and self.role == Role.ADMINISTRATOR

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Answer Django's own pages; ours ask the actor's scopes."""
        return self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        """Let staff see the sections of the admin; each page decides for itself."""
        return self.is_active and self.is_staff

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.partition(" ")[0] or self.username


class Membership(models.Model):
    """This user works at this branch."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    branch = models.ForeignKey(Branch, models.CASCADE, related_name="memberships", verbose_name=_("branch"))

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [models.UniqueConstraint(fields=["user", "branch"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.branch}"


class ApiToken(models.Model):
    """The key of an application that speaks for a user, within scopes. Only its digest is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=80, help_text=_("Which application uses it."))
    prefix = models.CharField(_("beginning"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def allowed_scopes(self) -> frozenset[str]:
        """Return what both the token and the role of its user allow; `*` stands for all of the role's."""
        role = ROLE_SCOPES[self.user.role]
        return frozenset(role) if "*" in self.scopes else frozenset(role) & frozenset(self.scopes)
