"""The service: it decides what to train, has it trained, and remembers.

settings, errors           configuration, and what can go wrong for a caller
space, experiment          the search space and the domain's values: pure
surrogate, promotion,
optimizer                  what to try next: pure functions of what was observed
plan                       what to do about Jobs and attempts: pure
tables, database, store    PostgreSQL
jobs, cluster, processes   what a Job is, where it runs
lifecycle                  the verbs: create, suggest, record, end
api, reconcile             the two doors: HTTP, and the loop
"""
