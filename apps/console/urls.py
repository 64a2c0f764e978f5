"""The addresses of the chat page."""

from django.urls import path

from apps.console import views

app_name = "console"
urlpatterns = [
    path("chat/", views.home, name="home"),
    path("chat/<int:pk>/", views.chat, name="chat"),
    path("chat/<int:pk>/messages/", views.send, name="send"),
    path("chat/<int:pk>/read/", views.read, name="read"),
    path("chat/<int:pk>/pending/", views.pending, name="pending"),
    path("chat/<int:pk>/assign/", views.assign, name="assign"),
    path("chat/<int:pk>/close/", views.close, name="close"),
    path("chat/<int:pk>/reopen/", views.reopen, name="reopen"),
    path("chat/messages/<int:pk>/again/", views.send_again, name="again"),
    path("chat/messages/<int:pk>/sent/", views.settle_as_sent, name="sent"),
]
