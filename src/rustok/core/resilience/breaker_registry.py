"""The breakers of this process by dependency, for those who guard and those who watch.

It refuses two breakers of one name: their counts would each tell half of the truth.
"""

from __future__ import annotations

from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker

_breakers: dict[str, CircuitBreaker] = {}


def breaker(name: str, settings: BreakerSettings | None = None) -> CircuitBreaker:
    """The breaker of `name`, made with `settings` (None: the defaults) when there is none yet.

    Raises:
        ValueError: the breaker exists with other settings than those given.
    """
    known = _breakers.get(name)
    if known is None:
        known = CircuitBreaker(name, settings)
        _breakers[name] = known
    elif settings is not None and settings != known.settings:
        raise ValueError(f"breaker {name!r} exists with other settings")
    return known


def register(new: CircuitBreaker) -> CircuitBreaker:
    """Add a breaker made elsewhere (own clock, own rule of failure) and return it.

    Raises:
        ValueError: the name is taken.
    """
    if _breakers.setdefault(new.name, new) is not new:
        raise ValueError(f"breaker {new.name!r} exists already")
    return new


def forget(name: str) -> None:
    """Drop the breaker of a dependency that is gone, such as a deleted webhook endpoint."""
    _breakers.pop(name, None)


def breakers() -> dict[str, CircuitBreaker]:
    """All breakers by name, sorted; a copy."""
    return dict(sorted(_breakers.items()))
