"""Server-rendered pages: each tenant's shop and magazine, and the reference of the API.

Refuses: rules of commerce and content; a page reads documents and calls the features' use cases.
"""
