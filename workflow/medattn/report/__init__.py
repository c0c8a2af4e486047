"""The report: one page with every number of a selection, which opens offline and shows what stands behind each."""
