"""fetch: verify the original images of each data set and write them as one array file with a manifest."""


rule prepare_dataset:
    output:
        manifest=str(
            Path(config.get("data", "data")) / "prepared/{folder}/manifest.json"
        ),
    log:
        RESULTS / "logs/prepare_dataset/{folder}.log",
    benchmark:
        RESULTS / "benchmarks/prepare_dataset/{folder}.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        name=lambda wildcards, output: GRAPH["datasets"][output.manifest],
    message:
        "Preparing the data set {params.name}"
    shell:
        "medattn fetch {params.name:q} --plan {params.plan:q} > {log:q} 2>&1 || failed {log:q}"
