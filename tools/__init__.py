"""Programs for developers of this checkout; nothing here is shipped."""
