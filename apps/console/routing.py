"""The socket's address."""

from django.urls import path

from apps.console.consumers import ChatConsumer

websocket_urlpatterns = [path("ws/chat/", ChatConsumer.as_asgi())]
