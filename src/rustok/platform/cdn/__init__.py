"""Copies of public answers at a CDN: their keys, and purging them when what they show changes.

Refuses: knowing what features show; they name it themselves (`core.cache.showing`).
"""
