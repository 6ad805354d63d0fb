"""Media: files of the tenant, by reference to an address or uploaded and stored here.

Refuses: pictures of products (products refer by id) and types that could run in a browser (SVG, HTML).
"""
