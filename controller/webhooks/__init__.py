"""Notices of what happens to experiments, sent to addresses that users name.

`outbox` writes each notice in the transaction that makes it true, so that none is lost and none is false; `delivery`
sends what lies there, beside the reconciler and in its own time; `schedule` decides when again; `signing` says what
proves that it was Podium. See docs/webhooks.md.
"""
