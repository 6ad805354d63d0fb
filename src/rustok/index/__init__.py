"""Read models made from events: ready-to-serve documents per locale and currency, full text, facets.

Refuses: being the truth. All here can be dropped and rebuilt from what the features say through
their `api`; nobody writes to it but the projections.
"""
