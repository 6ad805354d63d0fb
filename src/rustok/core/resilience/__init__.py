"""Breaker, deadline, retry, bulkhead: one broken dependency must not take the rest down.

It refuses to know any dependency: no driver, broker or client is imported here.

Order around a call, outermost first: `retry` > `Bulkhead` > `CircuitBreaker` > `within` > the call.
So a full bulkhead or an open circuit is never counted against the dependency, and a timeout is.
"""
