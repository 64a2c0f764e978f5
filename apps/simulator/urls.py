"""Addresses of this room."""

from django.urls import path

from apps.simulator import views

app_name = "simulator"
urlpatterns = [
    path("simulator/", views.home, name="home"),
    path("simulator/new/", views.invent, name="invent"),
    path("simulator/pick/", views.pick, name="pick"),
    path("simulator/wire/", views.receive, name="wire"),
    path("simulator/<int:pk>/", views.phone, name="phone"),
    path("simulator/<int:pk>/write/", views.write, name="write"),
    path("simulator/<int:pk>/seen/", views.seen, name="seen"),
    path("simulator/<int:pk>/ticks/", views.ticks, name="ticks"),
    path("simulator/<int:pk>/messages/<int:message>/", views.report, name="report"),
]
