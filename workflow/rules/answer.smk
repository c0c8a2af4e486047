"""answer: pool the effect of every mechanism over data sets."""


rule pool_effects:
    input:
        measurements=RESULTS / "measurements.csv",
        costs=RESULTS / "complexity.csv",
    output:
        # Kept until the new file is written: the command stops where it would have fewer values.
        answer=update(RESULTS / "answer.csv"),
        table=RESULTS / "tables/answer.md",
    log:
        RESULTS / "logs/pool_effects.log",
    benchmark:
        RESULTS / "benchmarks/pool_effects.tsv"
    conda:
        "../../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
        gpu=0,
    params:
        plan=str(PLAN),
        plan_sha256=PLAN_SHA256,
    message:
        "Pooling the effect of every mechanism over data sets"
    shell:
        "medattn answer --plan {params.plan:q} > {log:q} 2>&1 || failed {log:q}"
