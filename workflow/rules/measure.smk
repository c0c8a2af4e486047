"""measure: measure the finished runs."""


rule measure_runs:
    input:
        with_frozen_plan(GRAPH["measured"]),
    output:
        # Kept until the new tables are written: `medattn measure` stops where they would have fewer values.
        measurements=update(RESULTS / "measurements.csv"),
        epochs=update(RESULTS / "epochs.csv"),
        readings=update(RESULTS / "readings.csv"),
    log:
        RESULTS / "logs/measure_runs.log",
    benchmark:
        RESULTS / "benchmarks/measure_runs.tsv"
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
        "Measuring the finished runs"
    shell:
        "medattn measure --plan {params.plan:q} > {log:q} 2>&1 || failed {log:q}"
