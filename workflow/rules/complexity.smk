"""complexity: what the networks cost, counted without training them."""


rule count_complexity:
    input:
        # Sizes and numbers of images come from the prepared data where there are some.
        list(GRAPH["datasets"]),
    output:
        RESULTS / "complexity.csv",
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
    message:
        "Counting what the networks cost"
    shell:
        "medattn complexity --plan {params.plan:q} --write > {log:q} 2>&1 || failed {log:q}"
