"""Podium's optimizer against others, on simulated workers. Read the files in this order.

__main__     the comparison: which cells, and where the figures go
cells        one search: who, of what, with how many workers and which seed
simulation   N workers in simulated time, and what was paid
tasks        what is searched: parameters, rungs, true losses, and the scale of regret
synthetic    tasks from formulas
recorded     tasks from learning curves that were recorded with the worker
searchers    Podium, random search, ASHA
peers        Optuna's samplers
regret       from results to figures, with confidence intervals
tables       the figures as text
plot         the figures as a picture
"""
