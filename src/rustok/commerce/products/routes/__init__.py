"""The catalogue over HTTP: staff change it, shoppers see the category tree (listings are the index's)."""

from rustok.commerce.products.routes.catalog import categories, collections, storefront
from rustok.commerce.products.routes.parts import variants
from rustok.commerce.products.routes.products import products

ROUTES = (products, variants, categories, collections, storefront)

__all__ = ["ROUTES"]
