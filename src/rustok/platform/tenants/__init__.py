"""Tenants: who they are, under which hosts, in which locales, with which modules.

Refuses: users and roles (identity) and the resolution of requests (server).
"""
