"""The read model of products: cards and pages per locale and currency, searched and filtered.

Refuses: drafts and archived products; shoppers never see them.
"""
