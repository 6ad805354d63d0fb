"""What others may call of notices: the page of an order lets in who comes by a mail's link."""

from rustok.commerce.notices.service import link_opens

__all__ = ["link_opens"]
