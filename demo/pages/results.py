"""What was measured: accuracy by labels used, the training, the looks, the mistakes."""

from demo import component, page, report

if loaded := page.model_or_help():
    component.mount(
        "results/results",
        {
            "scripts": component.scripts(loaded.domains.values()),
            "scarce": loaded.scarce.title,
            **report.overview(),
        },
        key="results",
        js=[
            *("canvas/stage.js", "canvas/server.js", "results/charts.js", "results/sheets.js"),
            *("results/words.js", "results/amounts.js", "results/film.js", "results/curves.js"),
            *("results/training.js", "results/looks.js", "results/mistakes.js"),
        ],
        css=["paper.css"],
    )
