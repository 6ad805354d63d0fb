"""What reaches a page is escaped, and amounts and dates read as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest

from rustok.core.money import Money
from rustok.server.pages import rendering
from rustok.server.pages.documentation import renderer
from rustok.server.pages.rendering import (
    Renderer,
    date_text,
    direction,
    language_name,
    money_text,
)


def test_text_is_escaped_and_only_what_is_named_sanitised_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ a }}|{{ b | sanitised }}|{{ c | ticks }}")

    shown = Renderer(tmp_path).render("a.html", a="<b>&", b="<b>ok</b>", c="`<i>` & x")

    assert shown == "&lt;b&gt;&amp;|<b>ok</b>|<code>&lt;i&gt;</code> &amp; x"


def test_a_name_that_was_not_given_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("{{ missing }}")

    with pytest.raises(jinja2.UndefinedError):
        Renderer(tmp_path).render("a.html")


def test_an_amount_reads_as_people_write_it() -> None:
    price = Money(amount_minor=123450, currency="EUR")

    assert money_text(price, "de") == "1.234,50\N{NO-BREAK SPACE}€"
    assert money_text(price, "en") == "€1,234.50"
    assert money_text(Money(amount_minor=500, currency="JPY"), "en") == "¥500"


def test_a_day_reads_as_people_write_it() -> None:
    day = datetime(2026, 5, 3, 12, tzinfo=UTC)

    assert date_text(day, "de") == "3. Mai 2026"
    assert date_text(day, "xx") == "May 3, 2026"


def test_languages_name_themselves_and_know_their_direction() -> None:
    assert [language_name(one) for one in ("en", "de", "fr")] == ["English", "Deutsch", "Français"]
    assert (direction("de"), direction("ar")) == ("ltr", "rtl")


def test_every_template_compiles_and_is_named_in_the_code() -> None:
    names = renderer().names()
    folder = Path(rendering.__file__).parent
    code = "".join(file.read_text() for file in (*folder.glob("*.py"), *folder.rglob("*.html")))

    assert names
    for name in names:
        renderer().compile(name)
        assert f'"{name}"' in code, f"nothing shows {name}"
