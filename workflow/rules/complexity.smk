"""complexity: count parameters, operations and memory of the networks without training them."""


rule count_complexity:
    input:
        # Image sizes and class counts are read from the prepared data.
        with_frozen_plan(
            expand(RESULTS / "datasets/{folder}.json", folder=GRAPH["datasets"])
        ),
    output:
        # Kept until the new file is written: the command stops where it would have fewer values.
        update(RESULTS / "complexity.csv"),
    log:
        RESULTS / "logs/count_complexity.log",
    benchmark:
        RESULTS / "benchmarks/count_complexity.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        plan_sha256=PLAN_SHA256,
    message:
        "Counting parameters, operations and memory"
    shell:
        "medattn complexity --plan {params.plan:q} --write > {log:q} 2>&1 || failed {log:q}"
