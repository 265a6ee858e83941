"""What developers run through `make`: documents, manifests and the chart's schema, each made from its one source."""
