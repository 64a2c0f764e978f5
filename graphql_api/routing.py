"""WebSockets of this room."""

from django.urls import path

from graphql_api.consumers import GraphQLConsumer

websocket_urlpatterns = [path("graphql/", GraphQLConsumer.as_asgi())]
