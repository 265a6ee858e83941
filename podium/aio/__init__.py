"""The asynchronous client, written by hand. `podium.blocking` is made from it: change here, then `make sdk`.

connection    sends, repeats what is safe to repeat, reads pages
endpoints     a method for each request of the API
studies, figures, evaluations, webhooks, asks   the same for reports, figures, the test part, notices and leases
client        `podium.AsyncClient`, with `experiments`
experiments   the collection: create, get, list, wait
experiment    one experiment, its trials, results and tables
output        what a trial prints, followed while it runs
following     watching until nothing moves; shown on a terminal or in a notebook
gallery       figures by name; the one file with a hand-written twin, which is a Mapping
"""
