"""Addresses of this room."""

from django.urls import path

from apps.conversations.views import media

urlpatterns = [path("media/<int:pk>/<str:signature>/<str:name>", media, name="media")]
