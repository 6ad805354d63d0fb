"""The terms content is sorted by: nested categories and flat tags.

Refuses: which node has which term (nodes) and the shop's categories (products).
"""
