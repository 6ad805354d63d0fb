"""Exports of other shops and sites, read into neutral drafts; see `drafts` for the contract.

Refuses to touch the database here: the parsers end at drafts and issues with row and column.
"""
