"""complexity: what the networks cost, counted without training."""


rule count_costs:
    output:
        RESULTS / "complexity.csv",
    log:
        RESULTS / "logs/count_costs.log",
    benchmark:
        RESULTS / "benchmarks/count_costs.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        plan=str(PLAN),
    message:
        "Counting parameters and multiply-accumulates"
    shell:
        "medattn complexity --plan {params.plan} --write > {log} 2>&1 || (cat {log} >&2; exit 1)"
