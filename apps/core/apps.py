from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "apps.core"
    verbose_name = _("System")
    default = True


class HouseAdminConfig(admin.AdminConfig):
    """Django's admin with our site in its place."""

    default_site = "apps.core.admin_site.HouseAdminSite"
    default = False
