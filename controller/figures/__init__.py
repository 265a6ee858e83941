"""Figures of an experiment: pure functions from its record to plotly figures. `drawing.draw` is the one door.

drawing      a name and a view: the figure
record       what figures are drawn from
shown        whose learning curves are read
study        a record with what the optimizer believes of it
sensitivity  how much follows from each parameter
anchor       the configuration through which a prediction is cut
panels       a prediction along each parameter, side by side
canvas       the paper: a look for light and dark, and what is said in words where nothing can be drawn
palette      colours, told apart by everyone
plain        text that somebody typed, as text
window       which part of an axis is shown
scale        a parameter as an axis of a figure

history, curves, parallel, flow, correlation, timeline, cost, pareto     what happened
importance, slices, contour, suggestion                                  what the optimizer makes of it

Nothing here reads a database or a clock. No trace needs WebGL: plotly compiles its shaders with `new Function`, which a
strict Content-Security-Policy forbids. What holds more points than a browser draws smoothly is thinned, and says so.
"""
