"""The study report of one or several experiments.

`rows` reads what is known of them into `facts`; `assembly` makes the report of these, with figures from `compute`,
`gains`, `mistakes` and `provenance`, all of them pure; `page` writes it as HTML.
"""
