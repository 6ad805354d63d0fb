"""WordPress WXR to drafts; refuses plugins' own post types unless told, and the database."""

from rustok.importers.wordpress.parser import WordPressOptions, parse_wordpress

__all__ = ["WordPressOptions", "parse_wordpress"]
