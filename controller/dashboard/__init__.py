"""The pages that people look at, served by the API at `/`. They ask what the API asks, and decide nothing else.

door          the pages put on the application, with errors as pages
headers       what a browser may do with a page: Content-Security-Policy and its like
admission     who is let in, and from where a form may come
visit         the cookie of those who signed in
form          what a form sent
rendering     templates, and parts of pages that keep up with what happens
catalogue, experiment, verbs, trial, results, compare, new, sign_in, reference
              the pages
data          figures and pictures, for the pages' own scripts
assets        stylesheet and scripts, Podium's own and others'
table, words, fault_lines, curves, confusion, outline, kinds
              what the pages say: pure
"""
