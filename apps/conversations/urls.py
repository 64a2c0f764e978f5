"""Addresses of this room."""

from django.urls import path

from apps.conversations.views import media, media_signed, media_thumbnail

urlpatterns = [
    path("media/<int:pk>/thumbnail.webp", media_thumbnail, name="media-thumbnail"),
    path("media/<int:pk>/<str:name>", media, name="media"),
    path("media/<int:pk>/<str:signature>/<str:name>", media_signed, name="media-signed"),
]
