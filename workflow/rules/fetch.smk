"""fetch: original images are checked and written as one array store with a manifest."""


rule prepare_dataset:
    output:
        manifest=str(
            Path(config.get("data", "data")) / "prepared/{folder}/manifest.json"
        ),
    log:
        RESULTS / "logs/prepare_dataset/{folder}.log",
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        plan=str(PLAN),
        name=lambda wildcards, output: GRAPH["datasets"][output.manifest],
    message:
        "Checking and preparing the data set {params.name}"
    shell:
        "medattn fetch {params.name:q} --plan {params.plan:q} > {log:q} 2>&1 || failed {log:q}"
