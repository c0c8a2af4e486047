"""fetch: verify the original images of each data set and write them as one array file with a manifest.

Selections share prepared images, so these are no output of a rule: Snakemake deletes the outputs of a job before it
runs it again. The output is a file of the selection that names the images.
"""


rule prepare_dataset:
    output:
        RESULTS / "datasets/{folder}.json",
    log:
        RESULTS / "logs/prepare_dataset/{folder}.log",
    benchmark:
        RESULTS / "benchmarks/prepare_dataset/{folder}.tsv"
    conda:
        "../envs/medattn.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        name=lambda wildcards: GRAPH["datasets"][wildcards.folder],
    message:
        "Preparing the data set {params.name}"
    shell:
        "medattn fetch {params.name:q} --plan {params.plan:q} --output {output:q} > {log:q} 2>&1 || failed {log:q}"
