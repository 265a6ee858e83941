"""The client that waits for each answer, made from `podium.aio` by `make sdk`; `podium.aio` has the map.

Only gallery is written by hand: here an experiment's figures are a Mapping, which cannot be asynchronous.
"""
