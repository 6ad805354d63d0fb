"""Domain events: typed, versioned, validated facts, their envelope and their registry.

Refuses: delivery (bus, relay) and storage (outbox, inbox).
"""
