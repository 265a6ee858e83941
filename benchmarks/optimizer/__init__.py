"""Podium's optimizer against others, on simulated workers. Read the files in this order.

__main__     the comparison: which cells, and where the figures go
cells        one search: who, of what, with how many workers and which seed
simulation   N workers in simulated time, and what was paid
tasks        what is searched: parameters, rungs, true losses, and the scale of regret
front        what several objectives come to
synthetic    tasks from formulas
reported     tasks in which runs report more than a loss
believed     tasks in which something is believed before the first run
recorded     tasks from learning curves that were recorded with the worker
searchers    Podium, random search, ASHA
peers        Optuna's samplers
skopt_peer   scikit-optimize's own loop
regret       from results to figures, with confidence intervals
tables       the figures as text
plot         the figures as a picture
"""
