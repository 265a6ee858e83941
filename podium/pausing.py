"""How a client waits, as a function of seconds: an argument, so that no test waits."""

from collections.abc import Awaitable, Callable

Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]
