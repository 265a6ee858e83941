"""What to train next, and for how long. `suggest` is the one door; read the files in this order.

suggest        a free slot's question and its answer
rows           the history as rows, and which of them are kept
scalarization  several objectives as one
evidence       the belief that follows from the rows
warp           from what runs report to what the process learns from
kernel         how much one run says about another, over (parameters, fidelity)
learning       the kernel most probable for the rows
process        the Gaussian process: condition, predict, look ahead
acquisition    how much better a configuration may be than the best
feasibility    the chance that it trains, and meets the bounds on other metrics
pace           how long an epoch takes
hunch          where the user believes that good configurations lie
reach          how far from what was tried the model is believed
candidates     the new configurations that promise most
moves          what could be started, and what it costs
options        what could be started, side by side
spreading      the start: the same cost for each rung
price          the index that decides afterwards
"""
