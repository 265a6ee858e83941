"""The service: it decides what to train, has it trained, and remembers.

settings, errors, tokens     configuration, what can go wrong for a caller, and who a worker is
space, experiment            the search space and the domain's values: pure
optimizer                    what to try next: a package of pure functions of what was observed
endings, plan                what to do about Jobs and attempts: pure
tables, database, store,
history                      PostgreSQL; embedded and postgres_server bring one along
jobs, cluster, processes     what a Job is, and where it runs
runs, lifecycle, report      the verbs of runs and experiments, and how they are shown
api, reconcile               the two doors: HTTP, and the loop that leadership gives to one process
service, __main__            all of it put together
"""
