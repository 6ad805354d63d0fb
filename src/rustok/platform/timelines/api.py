"""What the command line may call of timelines."""

from rustok.platform.timelines.model import Moment
from rustok.platform.timelines.service import trace

__all__ = ["Moment", "trace"]
