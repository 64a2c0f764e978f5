"""Addresses of this room."""

from django.urls import path

from apps.simulator.views import model, pages, wires

app_name = "simulator"
urlpatterns = [
    path("simulator/", pages.home, name="home"),
    path("simulator/new/", pages.invent, name="invent"),
    path("simulator/pick/", pages.pick, name="pick"),
    path("simulator/wire/", wires.receive, name="wire"),
    path("simulator/wire/files/", wires.take, name="wire-take"),
    path("simulator/wire/files/<str:key>/", wires.give, name="wire-give"),
    path("simulator/model/v1/chat/completions", model.complete, name="model-complete"),
    path("simulator/model/v1/models", model.models, name="model-list"),
    path("simulator/files/<str:key>/", pages.file, name="file"),
    path("simulator/<int:pk>/", pages.phone, name="phone"),
    path("simulator/<int:pk>/write/", pages.write, name="write"),
    path("simulator/<int:pk>/send/", pages.send, name="send"),
    path("simulator/<int:pk>/seen/", pages.seen, name="seen"),
    path("simulator/<int:pk>/ticks/", pages.ticks, name="ticks"),
    path("simulator/<int:pk>/messages/<int:message>/", pages.report, name="report"),
    path("simulator/<int:pk>/messages/<int:message>/<str:what>/", pages.act, name="act"),
]
