"""Nothing that runs, frames or disguises survives; what writers need does."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from rustok.content.nodes.errors import InvalidBody
from rustok.content.nodes.model.bodies import (
    Block,
    BlocksBody,
    HtmlBody,
    MarkdownBody,
    render,
)
from rustok.content.nodes.model.html import plain_text, sanitise

PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src=`javascript:alert(1)`>",
    '<img src="x" onerror="alert(1)" onload=alert(1)>',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)//",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></mtext></math>",
    '<math href="javascript:alert(1)">x</math>',
    "<iframe src=javascript:alert(1)></iframe>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    '<a href="JaVaScRiPt:alert(1)">x</a>',
    '<a href=" javascript:alert(1)">x</a>',
    '<a href="java\nscript:alert(1)">x</a>',
    '<a href="java&#09;script:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="https://x.example" onclick="alert(1)">x</a>',
    '<form action="javascript:alert(1)"><input type=submit></form>',
    "<button formaction=javascript:alert(1)>x</button>",
    "<body onload=alert(1)>",
    '<link rel=stylesheet href="javascript:alert(1)">',
    '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    '<base href="javascript:alert(1)//">',
    '<div style="background:url(javascript:alert(1))">x</div>',
    "<style>@import 'javascript:alert(1)';</style>",
    '<p style="position:fixed;inset:0">x</p>',
    '<video src="javascript:alert(1)" onerror=alert(1)><source onerror=alert(1)></video>',
    '<video poster="javascript:alert(1)"></video>',
    "<audio src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<template><script>alert(1)</script></template>",
    "<xmp><img title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<!--><script>alert(1)</script>-->",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<<script>script>alert(1)<</script>/script>",
    '"><script>alert(1)</script>',
    "<img src='x'onerror='alert(1)'>",
    "<x onmouseover=alert(1)>x</x>",
    "<blockquote cite='javascript:alert(1)'>x</blockquote>",
    "<table background='javascript:alert(1)'><tr><td>x</td></tr></table>",
    "<select><option><style></option></select><img src=x onerror=alert(1)></style>",
    "<p id=cookie name=cookie>x</p>",
    "<a target=_blank href=https://x.example>x</a>",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
]
FORBIDDEN_TAGS = frozenset(
    [
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "button",
        "svg",
        "math",
        "link",
        "meta",
        "base",
        "body",
        "template",
        "textarea",
        "noscript",
        "select",
        "option",
        "xmp",
        "marquee",
        "frame",
        "applet",
    ]
)
FORBIDDEN_ATTRIBUTES = frozenset(
    "style srcdoc formaction action xlink:href target name background ping data".split()  # noqa: SIM905
)
BAD_ADDRESS = re.compile(r"[\s\x00-\x20]*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)


class Judge(HTMLParser):
    """Reads the result as a browser would and notes what could do harm."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN_TAGS:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in FORBIDDEN_ATTRIBUTES:
                self.found.append(f"{tag} {name}")
            if BAD_ADDRESS.match(value or ""):
                self.found.append(f"{tag} {name}={value}")
            if name == "id" and not (value or "").startswith("fn"):
                self.found.append(f"{tag} id={value}")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(decl)


def assert_harmless(shown: str) -> None:
    judge = Judge()
    judge.feed(shown)
    judge.close()
    assert judge.found == [], shown


@pytest.mark.parametrize("payload", PAYLOADS)
def test_html_with_an_attack_in_it_becomes_harmless(payload: str) -> None:
    assert_harmless(render(HtmlBody(text=f"<p>before</p>{payload}<p>after</p>")).html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_with_an_attack_in_it_becomes_harmless(payload: str) -> None:
    assert_harmless(render(MarkdownBody(text=f"before\n\n{payload}\n\nafter")).html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_block_with_an_attack_in_it_becomes_harmless(payload: str) -> None:
    blocks = [
        Block(name="vendor/unknown", inner_html=payload),
        Block(name="core/paragraph", attrs={"content": payload}),
        Block(name="core/image", attrs={"url": payload, "alt": payload, "caption": payload}),
        Block(name="core/embed", attrs={"url": payload}),
        Block(name="core/code", attrs={"content": payload}),
        Block(
            name="core/group",
            inner_content=["<div>", None, payload],
            inner_blocks=[Block(name="core/html", inner_html=payload)],
        ),
    ]
    assert_harmless(render(BlocksBody(blocks=blocks)).html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_sanitising_twice_changes_nothing_more(payload: str) -> None:
    once = sanitise(payload)
    assert sanitise(once) == once


@pytest.mark.parametrize(
    "link",
    [
        "[x](javascript:alert(1))",
        "[x](JAVASCRIPT:alert(1))",
        "<javascript:alert(1)>",
        "![x](data:image/svg+xml,x)",
    ],
)
def test_a_markdown_link_cannot_carry_a_script(link: str) -> None:
    assert_harmless(render(MarkdownBody(text=link)).html)


def test_what_writers_need_stays() -> None:
    markup = (
        '<figure class="wp-block-image size-large"><img src="https://x.example/a.png" alt="A">'
        "<figcaption>C</figcaption></figure>"
        '<table><thead><tr><th scope="col">h</th></tr></thead><tbody><tr><td colspan="2">d</td></tr></tbody></table>'
        '<pre><code class="language-python">x &lt; y</code></pre>'
        '<p><a href="https://x.example/">l</a> <em>e</em> <strong>s</strong> <mark>m</mark></p>'
    )
    shown = sanitise(markup)
    for kept in (
        'class="wp-block-image size-large"',
        "<figcaption>C</figcaption>",
        'scope="col"',
        'colspan="2"',
        'class="language-python"',
        "<mark>m</mark>",
    ):
        assert kept in shown
    assert 'rel="noopener noreferrer"' in shown


def test_classes_of_the_site_itself_cannot_be_borrowed() -> None:
    assert sanitise('<p class="modal-backdrop has-text-align-center">x</p>') == (
        '<p class="has-text-align-center">x</p>'
    )


def test_markdown_gives_tables_footnotes_code_and_links() -> None:
    shown = render(
        MarkdownBody(
            text="|a|b|\n|-|-|\n|1|2|\n\n```py\nx\n```\n\ny[^1] https://x.example ~~z~~\n\n[^1]: n"
        )
    ).html
    for kept in (
        "<table>",
        'class="language-py"',
        'id="fn-1"',
        'href="https://x.example"',
        "<del>z</del>",
    ):
        assert kept in shown


def test_blocks_are_shown_in_their_order_with_the_inner_ones_in_place() -> None:
    body = BlocksBody(
        blocks=[
            Block(
                name="core/quote",
                inner_html="<blockquote></blockquote>",
                inner_content=["<blockquote>", None, "<cite>C</cite></blockquote>"],
                inner_blocks=[Block(name="core/paragraph", inner_html="<p>Q</p>")],
            ),
            Block(name="core/heading", attrs={"content": "H", "level": 3}),
        ]
    )
    rendered = render(body)
    assert rendered.html == "<blockquote><p>Q</p><cite>C</cite></blockquote>\n<h3>H</h3>"
    assert '"name":"core/quote"' in rendered.source


def test_an_embedded_address_stays_reachable_as_a_link() -> None:
    wrapped = (
        '<figure class="wp-block-embed"><div class="wp-block-embed__wrapper">\n'
        "https://v.example/?a=1&amp;b=2\n</div><figcaption>C</figcaption></figure>"
    )
    for block in (
        Block(name="core/embed", attrs={"url": "https://v.example/?a=1&b=2"}),
        Block(name="core/embed", inner_html=wrapped, inner_content=[wrapped]),
        Block(name="core-embed/vimeo", inner_html=wrapped, inner_content=[wrapped]),
    ):
        shown = render(BlocksBody(blocks=[block])).html
        assert 'href="https://v.example/?a=1&amp;b=2"' in shown
        assert ("<figcaption>C</figcaption>" in shown) is bool(block.inner_html)


@pytest.mark.parametrize(
    "body",
    [
        HtmlBody(text="<div>" * 100_000),
        HtmlBody(text="<div><table></div></table>" * 20_000),
        MarkdownBody(text=">" * 50_000),
        MarkdownBody(text="> " * 5_000 + "x"),
        BlocksBody(blocks=[Block(name="a/b") for _ in range(2_001)]),
    ],
    ids=["divs", "ignored-end-tags", "quotes", "spaced-quotes", "blocks"],
)
def test_a_body_made_to_cost_time_is_refused(body: HtmlBody | MarkdownBody | BlocksBody) -> None:
    with pytest.raises(InvalidBody):
        render(body)


def test_blocks_nested_too_deeply_are_refused() -> None:
    block = Block(name="core/group")
    for _ in range(50):
        block = Block(name="core/group", inner_blocks=[block])
    with pytest.raises(InvalidBody) as refused:
        render(BlocksBody(blocks=[block]))
    assert refused.value.rule == "depth"


def test_plain_text_is_the_words_alone() -> None:
    assert plain_text("<h1>A &amp; B</h1><p>c<br>d <b>e</b>f</p><ul><li>g</li><li>h</li></ul>") == (
        "A & B c d ef g h"
    )
