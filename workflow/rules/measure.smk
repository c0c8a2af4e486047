"""measure: from runs to numbers with spread and origin."""


rule measure_runs:
    input:
        GRAPH["measured"],
    output:
        measurements=RESULTS / "measurements.csv",
        epochs=RESULTS / "epochs.csv",
    log:
        RESULTS / "logs/measure_runs.log",
    benchmark:
        RESULTS / "benchmarks/measure_runs.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    message:
        "Measuring the trained runs"
    shell:
        "{MEDATTN} measure --plan {PLAN} > {log} 2>&1 || (cat {log} >&2; exit 1)"
