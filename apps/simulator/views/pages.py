"""The page of the phones.

A request with the header X-Fragment gets only the thread, without it the page or a redirect to it:
everything works by plain forms too.
"""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from apps.core import requests
from apps.core.actors import Scope
from apps.core.requests import FRAGMENT, actor_of
from apps.simulator.actions import phones, writing
from apps.simulator.actions.samples import SAMPLES
from apps.simulator.forms import PersonForm
from apps.simulator.models import Phone, PhoneFile
from apps.simulator.queries import conversations_without_phone, get_file, get_phone, last_messages, phones_for
from apps.simulator.views.wires import answer_with

signed_in = requests.signed_in(Scope.SIMULATE)


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show the phones, and how to get one."""
    return _page(request, PersonForm(actor=actor_of(request)))


@signed_in
@require_POST
def invent(request: HttpRequest) -> HttpResponse:
    """Invent a person and open their phone."""
    form = PersonForm(request.POST, actor=actor_of(request))
    if not form.is_valid():
        return _page(request, form, status=422)
    phone = phones.invent_phone(inbox=form.chosen_inbox(), name=form.cleaned_data["name"], actor=actor_of(request))
    return redirect("simulator:phone", pk=phone.pk)


@signed_in
@require_POST
def pick(request: HttpRequest) -> HttpResponse:
    """Open the phone of somebody who wrote before."""
    chosen = request.POST.get("conversation", "")
    known = conversations_without_phone(actor_of(request))
    is_number = chosen.isascii() and chosen.isdigit() and len(chosen) < 19
    conversation = known.filter(pk=int(chosen)).first() if is_number else None
    if conversation is None:
        raise Http404
    return redirect("simulator:phone", pk=phones.open_phone(conversation=conversation, actor=actor_of(request)).pk)


@signed_in
@require_GET
def phone(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one phone."""
    opened = _phone(request, pk)
    if FRAGMENT in request.headers:
        return _thread(request, opened)
    return _page(request, PersonForm(actor=actor_of(request)), opened)


@signed_in
@require_POST
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Write what the person says."""
    opened = _phone(request, pk)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    try:
        writing.write_message(
            phone=opened, text=text, quoted_id=request.POST.get("quoted", ""), actor=actor_of(request)
        )
    except ValidationError as error:
        return _page(request, PersonForm(actor=actor_of(request)), opened, status=422, error=error, text=text)
    return _thread(request, opened)


@signed_in
@require_POST
def seen(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that the person has the phone in view: what arrived is read, unless ticks are given by hand."""
    opened = _phone(request, pk)
    if not opened.is_by_hand:
        phones.report_status(phone=opened, status="delivered", actor=actor_of(request))
        phones.report_status(phone=opened, status="read", actor=actor_of(request))
    return _thread(request, opened)


@signed_in
@require_POST
def ticks(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch between ticks that come by themselves and ticks by hand."""
    opened = _phone(request, pk)
    phones.switch_ticks(phone=opened, actor=actor_of(request))
    return redirect("simulator:phone", pk=pk)


@signed_in
@require_POST
def report(request: HttpRequest, pk: int, message: int) -> HttpResponse:
    """Give one message a tick, or let it fail."""
    opened = _phone(request, pk)
    status = request.POST.get("status", "")
    code = "phone_off" if status == "failed" else ""
    try:
        phones.report_status(phone=opened, status=status, message_ids=[message], code=code, actor=actor_of(request))
    except (ValidationError, ValueError):
        return HttpResponse(status=400)
    return _thread(request, opened)


@signed_in
@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a thing the person has at hand, or a file of one's own."""
    opened, upload = _phone(request, pk), request.FILES.get("file")
    try:
        if upload is not None:
            mime_type = upload.content_type or ""
            caption = request.POST.get("text", "")
            writing.send_file(phone=opened, file=upload, mime_type=mime_type, caption=caption, actor=actor_of(request))
        else:
            writing.send_sample(phone=opened, name=request.POST.get("sample", ""), actor=actor_of(request))
    except ValidationError as error:
        return _page(request, PersonForm(actor=actor_of(request)), opened, status=422, error=error)
    return _thread(request, opened)


@signed_in
@require_POST
def act(request: HttpRequest, pk: int, message: int, what: str) -> HttpResponse:
    """Do something to a message: choose from its menu, react, give it other words, take it back."""
    opened, actor = _phone(request, pk), actor_of(request)
    on = opened.messages.filter(pk=message).first()
    if on is None:
        raise Http404
    posted = request.POST
    try:
        match what:
            case "choose":
                writing.choose(phone=opened, message=on, choice_id=posted.get("choice", ""), actor=actor)
            case "react":
                writing.react(phone=opened, message=on, emoji=posted.get("emoji", ""), actor=actor)
            case "edit":
                writing.edit(phone=opened, message=on, text=posted.get("text", ""), actor=actor)
            case "delete":
                writing.delete(phone=opened, message=on, actor=actor)
            case _:
                raise Http404
    except ValidationError as error:
        return _page(request, PersonForm(actor=actor), opened, status=422, error=error)
    return _thread(request, opened)


@signed_in
@require_GET
def file(request: HttpRequest, key: str) -> HttpResponseBase:
    """Show a file that lies on a phone."""
    try:
        found = get_file(actor_of(request), key)
    except PhoneFile.DoesNotExist as error:
        raise Http404 from error
    return answer_with(found)


def _phone(request: HttpRequest, pk: int) -> Phone:
    try:
        return get_phone(actor_of(request), pk)
    except Phone.DoesNotExist as error:
        raise Http404 from error


def _thread(request: HttpRequest, opened: Phone) -> HttpResponse:
    if FRAGMENT not in request.headers:
        return redirect("simulator:phone", pk=opened.pk)
    return render(request, "simulator/_thread.html", {"phone": opened, "messages": last_messages(opened)})


def _page(
    request: HttpRequest,
    form: PersonForm,
    opened: Phone | None = None,
    *,
    status: int = 200,
    error: ValidationError | None = None,
    text: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "phone": opened,
        "phones": phones_for(actor_of(request)),
        "others": conversations_without_phone(actor_of(request)),
        "messages": last_messages(opened) if opened else [],
        "error": " ".join(error.messages) if error else "",
        "text": text,
        "text_max": writing.TEXT_LENGTH,
        "samples": SAMPLES,
    }
    template = "simulator/_composer.html" if error and FRAGMENT in request.headers else "simulator/phone.html"
    return render(request, template, context, status=status)
