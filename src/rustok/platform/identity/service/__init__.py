"""The use cases of identity, one file per subject; import the file, this package gives nothing out.

Refuses: SQL (repository) and HTTP (routes). What hashes or verifies a password opens its own
transactions around that work and takes `parts` and `ctx`; everything else takes a transaction.
"""
