"""Nodes: pages, posts and the tenant's own kinds, with texts per locale, revisions and a lifecycle.

Refuses: categories and tags (taxonomy), files (media), readers' comments (comments), public lists (index).
"""
