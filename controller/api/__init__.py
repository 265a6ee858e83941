"""The HTTP door. Routes translate between HTTP and verbs; they decide nothing.

app           the application, its middleware and its errors
collaborators what a request needs: a transaction, the clock, the run token's attempt
body_limit    no body over 1 MiB
experiments   what users ask: experiments and what came out of them
worker        what workers ask: their assignment, and the verdict on a measurement
health        /healthz, /readyz, /metrics
"""
