"""Lets the documentation site show the pages that stand outside docs/: README, changes, security.

MkDocs calls the functions by their names (`hooks` in mkdocs.yml). Refuses: other pages.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[1]
OUTSIDE: Final = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE")
_LINK: Final = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the checkout's root under `project/`."""
    for name in OUTSIDE:
        uri = f"project/{name}" if name.endswith(".md") else f"project/{name}.md"
        files.append(File.generated(config, uri, content=(ROOT / name).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 # MkDocs names it
    """Turn links of the checkout into links of the site."""
    here = page.file.src_uri
    # Where the page stands in the checkout.
    place = here.removeprefix("project/") if here.startswith("project/") else f"docs/{here}"

    def mend(match: re.Match[str]) -> str:
        target, anchor = match[1], match[2] or ""
        whole = normpath(f"{dirname(place) or '.'}/{target}")
        if whole in OUTSIDE:
            inside = f"project/{whole}" if whole.endswith(".md") else f"project/{whole}.md"
        elif whole.startswith("docs/"):
            inside = whole.removeprefix("docs/")
        elif whole == "docs":
            inside = "README.md"
        else:
            return match[0]
        if files.get_file_from_path(inside) is None:
            # A folder of pages: its list, else its first page.
            found = sorted(f.src_uri for f in files if f.src_uri.startswith(f"{inside}/"))
            lists = [uri for uri in found if uri == f"{inside}/README.md"]
            inside = (lists or found or [inside])[0]
        return f"]({relpath(inside, dirname(here) or '.')}{anchor})"

    return _LINK.sub(mend, markdown)
