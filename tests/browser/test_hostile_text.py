"""Whatever people write or call themselves is shown as text, and nothing of it ever runs."""

import pytest
from asgiref.sync import sync_to_async
from playwright.async_api import expect

from apps.conversations.models import Conversation, Message
from apps.core.actors import Role
from apps.people.models import Person, Tag
from tests.factories import make_branch, make_inbox, make_user, receive

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

RUN = "alert(1)"
CORPUS = [
    f"<script>{RUN}</script>",
    f"<SCRIPT SRC=data:text/javascript,{RUN}></SCRIPT>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"</script><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</template><script>{RUN}</script>",
    f"--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f'"><img src=x onerror={RUN}>',
    f"'><img src=x onerror={RUN}>",
    f"<img src=x onerror={RUN}>",
    "<img src=x onerror=&#97;lert(1)>",
    f"<img src='x' onerror='{RUN}'//",
    f"<img/src=x/onerror={RUN}>",
    f"<img src=x:x onerror=javascript:{RUN}>",
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><use href=\"data:image/svg+xml,<svg id='x'><script>{RUN}</script></svg>#x\">",
    f"<math><mtext></mtext><mglyph><style><img src=x onerror={RUN}>",
    f"<body onload={RUN}>",
    f"<iframe src=javascript:{RUN}>",
    f"<iframe srcdoc='<script>{RUN}</script>'>",
    f"<object data=javascript:{RUN}>",
    f"<embed src=javascript:{RUN}>",
    f"<a href=javascript:{RUN}>clic</a>",
    f"<a href='  javascript:{RUN}'>clic</a>",
    f"<form action=javascript:{RUN}><button>clic</button></form>",
    f"<button formaction=javascript:{RUN}>clic</button>",
    f"<input autofocus onfocus={RUN}>",
    f"<select autofocus onfocus={RUN}>",
    f"<textarea autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}>",
    f"<video><source onerror={RUN}>",
    f"<audio src=x onerror={RUN}>",
    f"<marquee onstart={RUN}>",
    f"<div style='background:url(javascript:{RUN})'>",
    f"<div style=width:expression({RUN})>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    "<base href=https://evil.example/>",
    f"<template><script>{RUN}</script></template>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f"<xss id=x tabindex=1 onfocus={RUN}></xss>",
    f'<img src=x onerror="{RUN}" data-jump-to=m1 data-list>',
    f"<li class=row data-conversation=1 onmouseover={RUN}>",
    f"javascript:{RUN}",
    f"[clic](javascript:{RUN})",
    f'![x](x"onerror="{RUN})',
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"${{{RUN}}}",
    f"{{% load x %}}{{{{ {RUN} }}}}",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&#x3c;script&#x3e;{RUN}&#x3c;/script&#x3e;",
    r"\u003cscript\u003ealert(1)\u003c/script\u003e",
    f"%3Cscript%3E{RUN}%3C/script%3E",
    f"＜script＞{RUN}＜/script＞",
    "' OR '1'='1",
    "\u202etxt.exe\u202c \u200b\u200d\u2066",
    "\ufeff\u2028\u2029línea",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
    "👩‍👩‍👧‍👦" * 20,
    "x" * 3000,
    "\n\n\n*negrita* _cursiva_ ~tachado~ ```código```",
]


@pytest.fixture
def inbox(transactional_db):
    return make_inbox(branch=make_branch("Centro"), name=CORPUS[12][:80])


@pytest.fixture
def operator(inbox):
    return make_user(Role.SUPERVISOR, (inbox.branch,), name=CORPUS[10])


@sync_to_async
def everybody_writes(inbox) -> list[str]:
    """One person for each text: it is their name, their words, their notes. Return the names as stored."""
    for number, text in enumerate(CORPUS):
        message = receive(inbox, text, sender=f"54938755{number:05}", name=text)
        person = message.conversation.person
        Person.objects.filter(pk=person.pk).update(notes=text, region=text[:80], email=f"{number}@x.example")
    return list(Person.objects.order_by("-pk").values_list("name", flat=True))


async def test_list_shows_names_and_words_as_text(open_screen, operator, inbox):
    names = await everybody_writes(inbox)
    screen = await open_screen(operator)
    page = screen.page
    await screen.is_live()
    await page.evaluate("document.querySelector('[data-more]')?.scrollIntoView()")
    await expect(page.locator("#rows .row")).to_have_count(len(CORPUS))
    shown = await page.locator("#rows .row__name").evaluate_all("all => all.map((one) => one.textContent)")
    assert len(CORPUS) >= 60
    assert [name.split() for name in shown] == [name.split() for name in names]
    assert screen.complaints == []


async def test_chat_shows_words_quotes_and_the_person_as_text(open_screen, operator, inbox):
    @sync_to_async
    def one_person_says_it_all() -> Conversation:
        message = receive(inbox, CORPUS[0], name=CORPUS[12], message_id="wamid.first")
        for text in CORPUS[1:]:
            message = receive(inbox, text, name=CORPUS[12], reply_to="wamid.first")
        tag = Tag.objects.create(name=CORPUS[18][:60], slug="tag")
        message.conversation.person.tags.add(tag)
        Person.objects.update(notes="\n".join(CORPUS), region=CORPUS[11][:80], phone="<b>1", email="<b>@x.example")
        return message.conversation

    conversation = await one_person_says_it_all()
    screen = await open_screen(operator, f"/chat/{conversation.pk}/")
    page = screen.page
    await screen.is_live()
    await page.evaluate("document.querySelector('#thread').scrollTop = 0")
    words = page.locator("#thread [data-text]")
    await expect(words).to_have_count(len(CORPUS))
    stored = [one.text async for one in Message.objects.order_by("occurred_at", "pk")]
    assert await words.evaluate_all("all => all.map((one) => one.textContent)") == stored
    assert await page.locator(".pnote").evaluate("one => one.textContent") == "\n".join(CORPUS)
    await expect(page.locator(".tags .chip")).to_have_text(CORPUS[18][:60])
    await expect(page.locator("#thread .quote").first).to_contain_text(CORPUS[0])
    assert screen.complaints == []


async def test_what_arrives_live_and_what_is_answered_is_text_as_well(open_screen, operator, inbox):
    message = await sync_to_async(receive)(inbox, "hola", name="Ana")
    screen = await open_screen(operator, f"/chat/{message.conversation_id}/")
    page = screen.page
    await screen.is_live()
    some = CORPUS[::4]
    await sync_to_async(lambda: [receive(inbox, text, name=text) for text in some])()
    await expect(page.locator("#thread .msg")).to_have_count(len(some) + 1)
    shown = await page.locator("#thread [data-text]").evaluate_all("all => all.map((one) => one.textContent)")
    assert shown == [one.text async for one in Message.objects.order_by("occurred_at", "pk")]
    await page.locator("#thread .msg").nth(3).hover()
    await page.locator("#thread .msg").nth(3).locator("[data-reply]").click()
    await page.fill("#text", CORPUS[0])
    await page.keyboard.press("Enter")
    await expect(page.locator("#thread .msg--out [data-text]")).to_have_text(CORPUS[0])
    assert screen.complaints == []
