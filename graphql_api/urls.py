"""Addresses of this room."""

from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from graphql_api.schema import schema
from graphql_api.uploads import upload
from graphql_api.views import TokenGraphQLView

urlpatterns = [
    path("graphql/", csrf_exempt(TokenGraphQLView.as_view(schema=schema)), name="graphql"),
    path("media/", upload, name="upload"),
]
