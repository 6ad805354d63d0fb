"""Authors and terms of a WXR file; it gives parents before their children.

Refuses a parent that is not there or is its own descendant: the term becomes a root.
"""

from __future__ import annotations

import msgspec

from rustok.importers.drafts import AuthorDraft, TermDraft
from rustok.importers.handles import handle_for
from rustok.importers.report import Issue
from rustok.importers.wordpress.elements import Fields

TAXONOMIES = {"post_tag": "tag"}
"""WordPress's names of taxonomies that have another one here."""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A term with the remarks on it."""

    draft: TermDraft
    issues: tuple[Issue, ...]


def taxonomy_name(name: str) -> str:
    """`post_tag` is "tag", `category` is "category"; others keep their names."""
    return TAXONOMIES.get(name, name)


def term_slug(nicename: str, name: str) -> str:
    """The slug of a term, the same wherever the term is named."""
    return handle_for(nicename, name, fallback="term")


def read_author(fields: Fields) -> AuthorDraft | None:
    """An author; None when it has no login."""
    login = fields.words("wp:author_login")
    if not login:
        return None
    names = (fields.words("wp:author_first_name"), fields.words("wp:author_last_name"))
    full = " ".join(name for name in names if name)
    return AuthorDraft(
        source_id=fields.reference("wp:author_id") or login,
        login=login,
        email=fields.words("wp:author_email") or None,
        display_name=fields.words("wp:author_display_name") or full or login,
        row=fields.line,
    )


def read_term(kind: str, fields: Fields) -> TermDraft | None:
    """The term of a `wp:category`, `wp:tag` or `wp:term`; None for one without a name."""
    if kind == "wp:category":
        taxonomy, prefix = "category", "category"
        slug, name = fields.words("wp:category_nicename"), fields.words("wp:cat_name")
    elif kind == "wp:tag":
        taxonomy, prefix = "tag", "tag"
        slug, name = fields.words("wp:tag_slug"), fields.words("wp:tag_name")
    else:
        taxonomy, prefix = taxonomy_name(fields.words("wp:term_taxonomy")), "term"
        slug, name = fields.words("wp:term_slug"), fields.words("wp:term_name")
    if not taxonomy or not (slug or name):
        return None
    parent = fields.words(f"wp:{prefix}_parent")
    return TermDraft(
        source_id=fields.reference("wp:term_id") or f"{taxonomy}:{slug or name}",
        taxonomy=taxonomy,
        slug=term_slug(slug, name),
        name=(name or slug)[:300],
        description=fields.text(f"wp:{prefix}_description"),
        parent_slug=term_slug(parent, parent) if parent and parent != "0" else None,
        row=fields.line,
    )


def in_order(terms: list[TermDraft]) -> list[Term]:
    """The terms, each after its parent, otherwise in file order; the same one only once."""
    unique: dict[tuple[str, str], TermDraft] = {}
    for term in terms:
        unique.setdefault((term.taxonomy, term.slug), term)
    placed: dict[tuple[str, str], Term] = {}
    for key, term in unique.items():
        chain: list[TermDraft] = []
        seen: set[tuple[str, str]] = set()
        current: TermDraft | None = term
        while current is not None and (current.taxonomy, current.slug) not in placed:
            at = (current.taxonomy, current.slug)
            if at in seen:
                break
            seen.add(at)
            chain.append(current)
            parent = current.parent_slug
            current = unique.get((current.taxonomy, parent)) if parent is not None else None
        for link in reversed(chain):
            parent_key = (link.taxonomy, link.parent_slug or "")
            if link.parent_slug is None or parent_key in placed:
                placed[(link.taxonomy, link.slug)] = Term(draft=link, issues=())
                continue
            issue = Issue(
                code="parent_missing",
                message=f"The parent {link.parent_slug!r} is not in the file or is below this "
                "term; it becomes a root.",
                severity="warning",
                row=link.row,
                column="wp:term_parent",
            )
            rooted = msgspec.structs.replace(link, parent_slug=None)
            placed[(link.taxonomy, link.slug)] = Term(draft=rooted, issues=(issue,))
        assert key in placed
    return list(placed.values())
