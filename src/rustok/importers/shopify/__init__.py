"""Shopify product CSV to drafts; refuses exports of orders and customers, and the database."""

from rustok.importers.shopify.parser import ShopifyOptions, parse_shopify

__all__ = ["ShopifyOptions", "parse_shopify"]
