"""WooCommerce product CSV to drafts; refuses order and customer exports, and the database."""

from rustok.importers.woocommerce.parser import WooCommerceOptions, parse_woocommerce

__all__ = ["WooCommerceOptions", "parse_woocommerce"]
