"""Identity: users and customers of a tenant, their roles, sessions and API keys.

Refuses: tenants themselves (tenants), rate limits and headers (server), and what a permission allows
inside another feature (that feature checks it).
"""
