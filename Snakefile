"""The workflow is workflow/Snakefile; this file lets `snakemake` in the checkout find it."""


include: "workflow/Snakefile"


# Snakemake does not take over the default target of an included file.
rule default:
    default_target: True
    input:
        rules.all.input,


localrules:
    default,
