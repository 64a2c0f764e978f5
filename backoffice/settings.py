"""Every setting of the project, read from the environment; one file for all modes.

`docs/reference/settings.md` lists the variables.
"""

from pathlib import Path
from typing import Any

import environ
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from apps.core.supervisor.address import url
from backoffice.environment import host_of, own_secrets, read_json
from backoffice.unfold import UNFOLD as UNFOLD

env = environ.Env()

# --- Where -----------------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
PUBLIC_URL = env.str("PUBLIC_URL", default=url(HOST, PORT)).rstrip("/")
PRODUCT_NAME = env.str("PRODUCT_NAME", default="Mostrador")

# --- Security --------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
_own = {} if env.str("SECRET_KEY", "") and env.str("ENCRYPTION_KEYS", "") else own_secrets(DATA_DIR)
SECRET_KEY = env.str("SECRET_KEY", default=_own.get("SECRET_KEY", ""))
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", default=[_own.get("ENCRYPTION_KEYS", "")])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", host_of(PUBLIC_URL)])
_https = PUBLIC_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_SSL_REDIRECT = False  # the proxy does it; health checks come by plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
# What concerns other hosts of the domain is for its owner to decide; redirects are the proxy's.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
# The admin's Alpine needs eval and inline styles; nothing less works (docs/adr/0006-two-policies.md).
ADMIN_CSP: dict[str, list[str]] = {
    **SECURE_CSP,
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "frame-ancestors": [CSP.SELF],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Applications ----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "apps.core.apps.HouseAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "axes",
    "channels",
    "django_q",
    "apps.core",
    "apps.organization",
    "apps.accounts",
    "apps.inboxes",
    "apps.people",
    "apps.courses",
    "apps.conversations",
    "apps.assistant",
    "apps.simulator",
    "apps.console",
    "graphql_api",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "backoffice.urls"
ASGI_APPLICATION = "backoffice.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Who may come in -------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
# Ten wrong passwords of one user from one address close that door for fifteen minutes.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_ENABLE_ADMIN = False
AXES_SENSITIVE_PARAMETERS: list[str] = ["username", "password"]

# --- Data ------------------------------------------------------------------------------------------

_servers = read_json(DATA_DIR / "servers.json")
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **env.db_url("DATABASE_URL", default=_servers.get("database_url", "postgres:///mostrador")),
        "ENGINE": "apps.core.postgres",
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    },
}
DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = 5
# PostgreSQL plans what it hears often only once. A pooler between us must keep sessions: LISTEN needs that too.
DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 5}
# Parameters of a failing statement are people's words: they stay out of PostgreSQL's log.
DATABASES["default"]["OPTIONS"]["options"] = (
    "-c log_parameter_max_length_on_error=0 -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
)
# The web process asks for it (backoffice/asgi.py): each request has a thread of its own, and a new connection for
# each would cost more than most requests. Workers fork, and must not share what belongs to one process.
if _pool_size := env.int("DATABASE_POOL", default=0):
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": _pool_size,
        "timeout": 5,
        "reconnect_timeout": 5,  # seconds; then whoever comes next tries at once, instead of later and later
    }
    # Whoever waits for a page is gone after five seconds; the work of a statement must end too.
    DATABASES["default"]["OPTIONS"]["options"] += " -c statement_timeout=5s"
REDIS_URL = env.str("REDIS_URL", default=_servers.get("redis_url", "redis://127.0.0.1:6379/0"))
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": env.str("CHANNEL_PREFIX", default="mostrador")},
    },
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
MEDIA_ROOT = DATA_DIR / "media"
# Files of messages, under random names: any storage class by its dotted path, with its options as a JSON object.
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": env.str("MEDIA_STORAGE", default="django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("MEDIA_STORAGE_OPTIONS", default={}),
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_LINK_SECONDS = env.int("MEDIA_LINK_SECONDS", default=24 * 3600)
"""How long the address of a file opens for a provider it was given to."""

# --- Work in the background ------------------------------------------------------------------------

# A task is a doorbell with ids; our own tables hold the truth (docs/adr/0003-doorbell.md).
# `retry` exceeds three timeouts, so that a task waiting in a worker's memory is not handed out again.
CLUSTERS = ("default", "ai", "media", "bulk")
_cluster = {"workers": 2, "queue_limit": 2, "timeout": 60, "retry": 240}
Q_CLUSTER: dict[str, Any] = {
    "name": "default",
    "orm": "default",
    "broker_class": "apps.core.broker.ListeningBroker",
    "poll": 2,  # seconds to wait for a ring before looking all the same
    "bulk": 1,
    "ack_failures": True,
    "max_attempts": 1,
    "save_limit": -1,
    "catch_up": False,
    "scheduler": False,  # the supervisor of each cluster rings what recurs
    "recycle": 10_000,
    "max_rss": 300_000,
    "log_level": "WARNING",
    **_cluster,
    "ALT_CLUSTERS": {
        "ai": {**_cluster, "workers": 1, "queue_limit": 1},  # its tasks only start requests to models, many at once
        "media": {**_cluster, "timeout": 170, "retry": 600},  # a slow download or a long sound delays no message
        "bulk": {**_cluster, "workers": 1, "queue_limit": 1},
    },
}

# --- Providers -------------------------------------------------------------------------------------

META_GRAPH_URL = env.str("META_GRAPH_URL", default="https://graph.facebook.com").rstrip("/")
META_GRAPH_VERSION = env.str("META_GRAPH_VERSION", default="v25.0")
INSTAGRAM_GRAPH_URL = env.str("INSTAGRAM_GRAPH_URL", default="https://graph.instagram.com").rstrip("/")
MAYTAPI_URL = env.str("MAYTAPI_URL", default="https://api.maytapi.com").rstrip("/")
SIMULATOR_URL = env.str("SIMULATOR_URL", default=url(HOST, PORT)).rstrip("/")

# --- Assistant -------------------------------------------------------------------------------------

ASSISTANT_DEBOUNCE_SECONDS = env.float("ASSISTANT_DEBOUNCE_SECONDS", default=6.0)
"""How long the assistant waits for more words before it answers, unless its settings say otherwise."""

# --- Language and time -----------------------------------------------------------------------------

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="es-ar")
LANGUAGES = [("es-ar", _("Spanish (Argentina)")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="America/Argentina/Salta")
USE_TZ = True

# --- Files -----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# --- Log -------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "logging.Formatter" if DEBUG else "apps.core.logs.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "axes": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        # At lower levels they tell what people wrote, and to which address.
        "openai": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        # Its own lines would tell what exceptions say, and paths that are keys: webhooks and signed files.
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
