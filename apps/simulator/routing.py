"""WebSockets of this room."""

from django.urls import path

from apps.simulator.consumers import PhoneConsumer

websocket_urlpatterns = [path("ws/simulator/<int:pk>/", PhoneConsumer.as_asgi())]
