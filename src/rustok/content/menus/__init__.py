"""The menus of a site: named trees of links to nodes, categories, own paths and other sites.

Refuses: products (content knows no shop; a path reaches them) and how a page draws a menu (pages).
"""
