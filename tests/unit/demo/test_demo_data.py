"""The demo's own exports are whole: they parse, count, have their pictures and hold no script.

No test here goes through an importer; these files are checked as what they claim to be.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(str(files("rustok.cli") / "demo_data"))
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
EXCERPT = "{http://wordpress.org/export/1.2/excerpt/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
SVG = "{http://www.w3.org/2000/svg}"
GERMAN_ONLY = re.compile(r"[äöüÄÖÜß]|\b(der|die|das|und|mit|für|ein|eine|aus|ist)\b")
Rows = list[dict[str, str]]


def _wp(name: str) -> str:
    return "{http://wordpress.org/export/1.2/}" + name


def _text(element: Element, name: str) -> str:
    return element.findtext(name) or ""


def _is_ean13(code: str) -> bool:
    if not re.fullmatch(r"\d{13}", code):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(code)) % 10 == 0


@pytest.fixture(scope="module")
def rows() -> Rows:
    with (DATA / "shop" / "products.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.fixture(scope="module")
def products(rows: Rows) -> Rows:
    return [row for row in rows if row["Title"]]


@pytest.fixture(scope="module")
def channel() -> Element:
    root = fromstring((DATA / "magazine" / "posts.xml").read_bytes())
    found = root.find("channel")
    assert isinstance(found, Element)
    return found


def _items(channel: Element, kind: str) -> list[Element]:
    return [item for item in channel.iter("item") if _text(item, _wp("post_type")) == kind]


@pytest.fixture(scope="module")
def posts(channel: Element) -> list[Element]:
    return _items(channel, "post")


def test_the_shop_has_more_than_sixty_products_and_a_hundred_and_fifty_variants(
    rows: Rows, products: Rows
) -> None:
    assert len(products) >= 60
    assert len(rows) >= 150
    assert all(None not in row and None not in row.values() for row in rows)


def test_handles_are_unique_and_the_rows_of_one_product_stand_together(rows: Rows) -> None:
    seen: list[str] = []
    for row in rows:
        if not seen or seen[-1] != row["Handle"]:
            assert row["Title"], row["Handle"]
            seen.append(row["Handle"])
        else:
            assert not row["Title"]
    assert len(seen) == len(set(seen))


def test_every_sku_is_unique_and_every_combination_of_options_too(rows: Rows) -> None:
    skus = [row["Variant SKU"] for row in rows]
    assert all(skus)
    assert len(skus) == len(set(skus))
    combinations = [
        (row["Handle"], *(row[f"Option{number} Value"] for number in (1, 2, 3))) for row in rows
    ]
    assert len(combinations) == len(set(combinations))


def test_every_variant_fills_exactly_the_options_its_product_names(rows: Rows) -> None:
    names: dict[str, list[bool]] = {}
    for row in rows:
        named = [bool(row[f"Option{number} Name"]) for number in (1, 2, 3)]
        expected = names.setdefault(row["Handle"], named)
        assert [bool(row[f"Option{number} Value"]) for number in (1, 2, 3)] == expected
    assert {sum(named) for named in names.values()} == {1, 2, 3}


def test_every_price_is_positive_has_two_decimals_and_stays_under_its_compare_at(
    rows: Rows,
) -> None:
    compared = 0
    for row in rows:
        for price, compare_at in (
            ("Variant Price", "Variant Compare At Price"),
            ("Price / USD", "Compare At Price / USD"),
        ):
            assert re.fullmatch(r"\d+\.\d\d", row[price]), row["Variant SKU"]
            assert Decimal(row[price]) > 0
            if row[compare_at]:
                compared += 1
                assert Decimal(row[compare_at]) > Decimal(row[price])
        assert bool(row["Variant Compare At Price"]) == bool(row["Compare At Price / USD"])
    assert compared >= 6


def test_barcodes_are_unique_internal_ean_13_with_a_right_check_digit(rows: Rows) -> None:
    barcodes = [
        row["Variant Barcode"] for row in rows if row["Variant Requires Shipping"] == "true"
    ]
    assert len(barcodes) == len(set(barcodes))
    for barcode in barcodes:
        assert _is_ean13(barcode), barcode
        assert 200 <= int(barcode[:3]) <= 299


def test_a_wrong_check_digit_would_be_noticed() -> None:
    assert _is_ean13("4006381333931")
    assert not _is_ean13("4006381333932")


def test_stock_is_counted_and_some_variants_are_sold_out(rows: Rows) -> None:
    tracked = [row for row in rows if row["Variant Inventory Tracker"] == "shopify"]
    quantities = [int(row["Variant Inventory Qty"]) for row in tracked]
    assert min(quantities) == 0
    assert 3 <= quantities.count(0) <= 40
    assert {row["Variant Inventory Policy"] for row in rows} == {"deny", "continue"}


def test_there_is_a_draft_an_archived_product_a_gift_card_and_a_download(products: Rows) -> None:
    statuses = [product["Status"] for product in products]
    assert statuses.count("draft") == 1
    assert statuses.count("archived") == 1
    assert [p["Handle"] for p in products if p["Gift Card"] == "true"] == ["nordlicht-gift-card"]
    weightless = [p for p in products if p["Variant Requires Shipping"] == "false"]
    assert len(weightless) == 2


def test_every_category_has_two_levels_and_a_shelf_of_its_own(products: Rows) -> None:
    shelves: defaultdict[str, set[str]] = defaultdict(set)
    for product in products:
        top, below = product["Product Category"].split(" > ")
        shelves[top].add(below)
    assert {"Outdoor", "Home", "Clothing", "Garden"} <= shelves.keys()
    assert sum(len(below) for below in shelves.values()) >= 15


def test_every_product_is_translated_into_german(products: Rows) -> None:
    for product in products:
        for column in ("Title", "Body (HTML)", "SEO Title", "SEO Description"):
            german = product[f"{column} (de)"]
            assert german, (product["Handle"], column)
            assert column in ("Title", "SEO Title") or GERMAN_ONLY.search(german)
            assert column in ("Title", "SEO Title") or german != product[column]
        assert len(product["Body (HTML) (de)"]) > 0.7 * len(product["Body (HTML)"])


def test_product_bodies_are_well_formed_and_made_of_plain_elements(products: Rows) -> None:
    for product in products:
        for column in ("Body (HTML)", "Body (HTML) (de)"):
            body = fromstring(f"<body>{product[column]}</body>")
            assert {element.tag for element in body.iter()} <= {"body", "p", "ul", "li"}
            assert len(" ".join(body.itertext()).split()) >= 35, product["Handle"]


def test_every_picture_that_is_referred_to_is_shipped_and_none_is_left_over(
    products: Rows, channel: Element
) -> None:
    referred = {product["Image Src"] for product in products}
    assert len(referred) == len(products)
    attached = {_text(item, _wp("attachment_url")) for item in _items(channel, "attachment")}
    assert len(attached) >= 10
    in_bodies = {
        source
        for item in channel.iter("item")
        for source in re.findall(r'src="([^"]+)"', _text(item, CONTENT))
    }
    assert in_bodies <= attached
    shipped = {f"demo://{path.relative_to(DATA).as_posix()}" for path in DATA.rglob("*.svg")}
    assert referred | attached == shipped


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.svg")), ids=lambda path: str(path.stem))
def test_a_picture_is_small_well_formed_and_can_run_nothing(path: Path) -> None:
    assert path.stat().st_size <= 3 * 1024
    root = fromstring(path.read_bytes())
    assert root.tag == f"{SVG}svg"
    allowed = {
        f"{SVG}{name}" for name in ["svg", "title", "g", "path", "rect", "circle", "ellipse"]
    }
    for element in root.iter():
        assert element.tag in allowed
        for name in element.attrib:
            assert not name.startswith("on")
            assert "href" not in name
            assert name != "style"


def test_the_pictures_are_what_the_generator_draws_from_the_exports() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.generate_demo_images", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_magazine_has_more_than_forty_posts_and_four_pages(
    channel: Element, posts: list[Element]
) -> None:
    assert _text(channel, _wp("wxr_version")) == "1.2"
    assert len(posts) >= 40
    pages = {_text(page, _wp("post_name")) for page in _items(channel, "page")}
    assert {"about", "imprint", "contact", "privacy"} <= pages


def test_posts_are_published_drafts_one_scheduled_and_one_sticky(posts: list[Element]) -> None:
    states = [_text(post, _wp("status")) for post in posts]
    assert states.count("draft") == 2
    assert states.count("future") == 1
    assert states.count("publish") == len(posts) - 3
    assert sum(_text(post, _wp("is_sticky")) == "1" for post in posts) == 1
    for post in posts:
        date = datetime.fromisoformat(_text(post, _wp("post_date"))).replace(tzinfo=UTC)
        assert (date.year == 2031) == (_text(post, _wp("status")) == "future")


def test_ids_and_slugs_are_unique_and_parents_exist(channel: Element) -> None:
    items = list(channel.iter("item"))
    ids = [_text(item, _wp("post_id")) for item in items]
    assert len(ids) == len(set(ids))
    slugs = [
        (_text(item, _wp("post_type")), _text(item, _wp("post_name")))
        for item in items
        if _text(item, _wp("post_name"))
    ]
    assert len(slugs) == len(set(slugs))
    assert {_text(item, _wp("post_parent")) for item in items} <= {"0", *ids}
    thumbnails = {
        _text(meta, _wp("meta_value"))
        for meta in channel.iter(_wp("postmeta"))
        if _text(meta, _wp("meta_key")) == "_thumbnail_id"
    }
    assert thumbnails <= set(ids)


def test_three_authors_nested_categories_and_many_tags_are_declared_and_used(
    channel: Element, posts: list[Element]
) -> None:
    authors = {_text(author, _wp("author_login")) for author in channel.iter(_wp("author"))}
    assert authors == {_text(post, CREATOR) for post in posts}
    assert len(authors) == 3
    categories = {
        _text(category, _wp("category_nicename")): _text(category, _wp("category_parent"))
        for category in channel.iter(_wp("category"))
    }
    assert len(categories) >= 8
    assert {parent for parent in categories.values() if parent} < categories.keys()
    tags = {_text(tag, _wp("tag_slug")) for tag in channel.iter(_wp("tag"))}
    assert len(tags) >= 25
    used = defaultdict(set)
    for post in posts:
        for term in post.iter("category"):
            used[term.get("domain")].add(term.get("nicename"))
    assert used["category"] == categories.keys()
    assert used["post_tag"] == tags


def test_every_post_is_really_written_and_no_two_share_a_paragraph(posts: list[Element]) -> None:
    paragraphs: list[str] = []
    for post in posts:
        body = _text(post, CONTENT)
        words = re.sub(r"<!--.*?-->|<[^>]+>", " ", body, flags=re.DOTALL).split()
        assert 200 <= len(words) <= 700, _text(post, "title")
        assert _text(post, EXCERPT)
        assert "lorem ipsum" not in body.lower()
        paragraphs += [text for text in re.findall(r"<p>(.*?)</p>", body) if len(text) > 60]
    assert len(paragraphs) >= 200
    assert len(paragraphs) == len(set(paragraphs))


def test_every_kind_of_block_is_there_and_every_block_is_closed(channel: Element) -> None:
    kinds: set[str] = set()
    for item in channel.iter("item"):
        open_blocks: list[str] = []
        for slash, kind in re.findall(r"<!-- (/?)wp:([a-z-]+)", _text(item, CONTENT)):
            if slash:
                assert open_blocks.pop() == kind
            else:
                open_blocks.append(kind)
                kinds.add(kind)
        assert not open_blocks
    wanted = "paragraph heading list list-item quote image code table separator columns column"
    assert kinds == set(wanted.split())


def test_block_bodies_are_well_formed_and_hold_no_script(channel: Element) -> None:
    for item in channel.iter("item"):
        body = fromstring(f"<body>{_text(item, CONTENT)}</body>")
        for element in body.iter():
            assert element.tag not in {"script", "style", "iframe", "object"}
            assert not any(name.startswith("on") for name in element.attrib)


def test_comments_are_threaded_and_their_addresses_are_reserved_ones(channel: Element) -> None:
    comments: dict[str, str] = {}
    for comment in channel.iter(_wp("comment")):
        assert _text(comment, _wp("comment_author_email")).endswith(
            ("@example.com", "@example.org")
        )
        parent = _text(comment, _wp("comment_parent"))
        assert parent == "0" or parent in comments
        comments[_text(comment, _wp("comment_id"))] = parent
    assert len(comments) >= 20
    replies = [parent for parent in comments.values() if parent != "0"]
    assert len(replies) >= 5
    assert any(comments[parent] != "0" for parent in replies)


def test_there_is_one_menu_and_each_entry_points_at_something(channel: Element) -> None:
    menus = {
        term.get("nicename")
        for item in _items(channel, "nav_menu_item")
        for term in item.iter("category")
    }
    assert menus == {"main-menu"}
    targets = {_text(item, _wp("post_id")) for item in channel.iter("item")}
    targets |= {_text(term, _wp("term_id")) for term in channel.iter(_wp("category"))}
    for item in _items(channel, "nav_menu_item"):
        meta = {
            _text(m, _wp("meta_key")): _text(m, _wp("meta_value"))
            for m in item.iter(_wp("postmeta"))
        }
        assert meta["_menu_item_object_id"] in targets


def test_posts_carry_custom_fields(posts: list[Element]) -> None:
    keys = {_text(meta, _wp("meta_key")) for post in posts for meta in post.iter(_wp("postmeta"))}
    assert {"reading_minutes", "location", "recipe_yield"} <= keys
