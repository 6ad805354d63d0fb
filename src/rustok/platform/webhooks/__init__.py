"""Webhooks: endpoints of a tenant that are told of its events, signed, retried and logged.

Refuses: deciding what happened (events do) and connecting to addresses that are not public.
"""
