"""The workflow is workflow/Snakefile; this file lets `snakemake` in the checkout find it."""


include: "workflow/Snakefile"
