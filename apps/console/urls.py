"""The addresses of the chat page."""

from django.urls import path

from apps.console.views import assistant, pages, sending, verbs

app_name = "console"
urlpatterns = [
    path("chat/", pages.home, name="home"),
    path("chat/<int:pk>/", pages.chat, name="chat"),
    path("chat/<int:pk>/messages/", sending.send, name="send"),
    path("chat/<int:pk>/place/", sending.send_form, {"kind": "place"}, name="send-place"),
    path("chat/<int:pk>/card/", sending.send_form, {"kind": "card"}, name="send-card"),
    path("chat/<int:pk>/menu/", sending.send_form, {"kind": "menu"}, name="send-menu"),
    path("chat/<int:pk>/read/", verbs.read, name="read"),
    path("chat/<int:pk>/typing/", verbs.typing, name="typing"),
    path("chat/<int:pk>/pending/", verbs.pending, name="pending"),
    path("chat/<int:pk>/assign/", verbs.assign, name="assign"),
    path("chat/<int:pk>/close/", verbs.close, name="close"),
    path("chat/<int:pk>/reopen/", verbs.reopen, name="reopen"),
    path("chat/<int:pk>/another/", assistant.another, name="another"),
    path("chat/<int:pk>/mode/", assistant.mode, name="mode"),
    path("chat/<int:pk>/hand-back/", assistant.hand_back, name="hand-back"),
    path("chat/suggestions/<int:pk>/accept/", assistant.accept, name="accept"),
    path("chat/suggestions/<int:pk>/discard/", assistant.discard, name="discard"),
    path("chat/suggestions/<int:pk>/rate/", assistant.rate, name="rate"),
    path("chat/messages/<int:pk>/again/", sending.send_again, name="again"),
    path("chat/messages/<int:pk>/sent/", sending.settle_as_sent, name="sent"),
    path("chat/messages/<int:pk>/react/", sending.react, name="react"),
    path("chat/messages/<int:pk>/edit/", sending.edit, name="edit"),
    path("chat/messages/<int:pk>/withdraw/", sending.withdraw, name="withdraw"),
]
