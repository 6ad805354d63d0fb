"""Transports for events: a port and its twins (in this process; NATS JetStream with its own issue).

Refuses: publishing by features; only the relay speaks to a transport.
"""
