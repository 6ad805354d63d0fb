"""The read model of content: cards and pages of published nodes per locale, searched and filtered.

Refuses: drafts, and nodes that are published but protected.
"""
