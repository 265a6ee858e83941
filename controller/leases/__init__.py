"""Runs that Podium does not start: they are offered, taken for a while, reported, given up, or taken back.

To the reconciler that is a cluster like another (`cluster`), whose Jobs are rows (`rows`), so that attempts, retries
and all that follows an end are the same as everywhere. See docs/decisions/0030.
"""
