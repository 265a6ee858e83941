"""Jobs on Kubernetes. Nothing outside of this package knows its API, its client or its words.

cluster     what the reconciler sees: the Cluster of `controller.cluster`
connection  how the API server is found, and the cluster made
job, pod    what is created (pure)
sight       what is seen: a Job and its Pods, as one SeenJob (pure)
documents   the few things that are read in the API's documents (pure)
rights      what is allowed, and which devices there are
reflector   a copy of a collection, kept up to date by list and watch
events      what people are told beside a Job
pace        how many Jobs are created a second
api         HTTP: timeouts, and errors in this package's words
"""
