"""What to train next, and for how long. `suggest` is the one door; read the files in this order.

suggest      a free slot's question and its answer
evidence     the history as rows, and the belief that follows from them
warp         from what runs report to what the process learns from
kernel       how much one run says about another, over (parameters, fidelity)
learning     the kernel most probable for the rows
process      the Gaussian process: condition, predict, look ahead
acquisition  how much better a configuration may be than the best
candidates   the new configurations that promise most
moves        what could be started, and what it costs
spreading    the start: the same cost for each rung
price        the index that decides afterwards
"""
