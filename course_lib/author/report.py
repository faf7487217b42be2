"""The report of `course run`: an index, and each executed lesson as one file that needs no network."""
import html
from pathlib import Path
from typing import TYPE_CHECKING, Iterable

import nbformat

if TYPE_CHECKING:
    from course_lib.author.run import Outcome

OFFLINE = """{% extends 'lab/index.html.j2' %}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block jupyter_widgets -%}{%- endblock jupyter_widgets -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
"""
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lessons executed</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }} th, td {{ text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #bbb }}
.number {{ text-align: right }} caption {{ text-align: left; padding-bottom: .5rem }}
</style></head><body><h1>Lessons executed</h1>
<table><caption>{summary}</caption>
<thead><tr><th scope="col">lesson</th><th scope="col">outcome</th><th scope="col" class="number">seconds</th>
<th scope="col" class="number">memory of the kernel, MB</th><th scope="col">exercises</th></tr></thead>
<tbody>
{rows}
</tbody></table></body></html>
"""
ROW = """<tr><td><a href="{name}.html">{name}</a></td><td>{outcome}</td><td class="number">{seconds:.1f}</td>
<td class="number">{memory}</td><td>{exercises}</td></tr>"""


def write(outcomes: Iterable["Outcome"], folder: Path) -> Path:
    """Write index.html, one row a lesson; returns its path."""
    outcomes = list(outcomes)
    failed = sum(bool(outcome.fault) for outcome in outcomes)
    summary = f"{len(outcomes) - failed} of {len(outcomes)} lessons ran to their end."
    index = folder / "index.html"
    index.write_text(PAGE.format(summary=summary, rows="\n".join(map(_row, outcomes))), encoding="utf-8")
    return index


def _row(outcome):
    """One lesson of the index.

    Exercises that nobody attempted count as what they are; the lesson goes on with the reference's answer.
    """
    exercises = "none" if not outcome.exercises else (
        f"{outcome.passed} passed, {outcome.attempted} attempted of {outcome.exercises}")
    return ROW.format(name=html.escape(outcome.name), outcome=html.escape(f"stopped: {outcome.fault}" if outcome.fault else "ran"),
                      seconds=outcome.seconds, memory=outcome.memory, exercises=exercises)


def write_lesson(notebook: nbformat.NotebookNode, name: str, folder: Path) -> Path:
    """Write an executed notebook as one HTML file that loads nothing from elsewhere; formulas stay as text."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter
    exporter = HTMLExporter(extra_loaders=[DictLoader({"offline.html.j2": OFFLINE})], template_file="offline.html.j2",
                            embed_images=True)
    body, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": name}})
    page = folder / f"{name}.html"
    page.write_text(body, encoding="utf-8")
    return page
