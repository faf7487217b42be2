"""The `course` command: one line each for what a learner, a teacher or a contributor does."""
import os
import re
import subprocess
import sys
from pathlib import Path

import click

from course_lib import installer, workspace

FIRST = "00"
PARTS = ("tests/unit", "tests/claims", "tests/notebooks", "tests/browser", "notebooks/solved")
PYTEST = ("-n", "2", "--dist", "loadscope", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120",
          "--nbval-sanitize-with", "tests/notebooks/sanitize.cfg")


class Commands(click.Group):
    """Commands in the order in which they are written; what a workspace or a lesson lacks is one sentence."""

    def list_commands(self, context):
        """Names in order of definition."""
        return list(self.commands)

    def invoke(self, context):
        """Run a command; known errors end it with a sentence instead of a traceback."""
        try:
            return super().invoke(context)
        except (workspace.WorkspaceError, workspace.LessonError) as error:
            raise click.ClickException(str(error)) from error
        except (ValueError, RuntimeError) as error:
            if isinstance(error, _explained()):
                raise click.ClickException(str(error)) from error
            raise


def _explained():
    """Errors of the world and the service whose message is for the user; imported only when one may be at hand."""
    from course_lib.cycle.bundle import BundleError
    from course_lib.cycle.process import ServiceError
    from course_lib.world.speech import SpeechUnavailable
    from course_lib.world.tables import TableError
    return BundleError, ServiceError, SpeechUnavailable, TableError


def _range(_, parameter, value):
    """The seeds of "0-99" or "7"."""
    given = re.fullmatch(r"(\d+)(?:-(\d+))?", value)
    low, high = (int(given[1]), int(given[2] or given[1])) if given else (1, 0)
    if high < low:
        raise click.BadParameter(f"{value!r} arrived; seeds look like 0-99 or 7")
    return range(low, high + 1)


SEEDS = click.option("--seeds", default="0-99", show_default=True, callback=_range, help="Seeds from-to, both included.")


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]},
             epilog="Before any of these, --wheels FOLDER sets up from a folder of wheels, without network.")
@click.pass_context
def main(context):
    """One speech-recognition product through the full cycle of a machine-learning project.

    Without a command: open lesson 00; without a terminal, run all lessons.
    """
    home = os.environ.get("COURSE_HOME")
    if home:
        os.environ["COURSE_HOME"] = str(Path(home).expanduser().absolute())
    for name, value in (("DO_NOT_TRACK", "1"), ("MLFLOW_DISABLE_TELEMETRY", "true")):
        os.environ[name] = value
    if context.invoked_subcommand is None:
        watched = sys.stdin.isatty() and sys.stdout.isatty() and not os.environ.get("CI")
        context.invoke(open_ if watched else run)


@main.command("open")
@click.argument("lesson", default=FIRST)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def open_(lesson=FIRST, no_browser=False):
    """Open your copy of a lesson in JupyterLab."""
    from course_lib import lab
    copy = workspace.open_lesson(lesson)
    click.echo(f"Your copy: {copy}")
    if "(edition" in copy.stem:
        click.echo("The lesson has changed since you first opened it: this is a new edition, beside your earlier copy.")
    sys.exit(lab.show(copy, browser=not no_browser))


@main.command()
def run():
    """Run every lesson and write a report to the workspace."""
    from course_lib.author import run as lessons
    sys.exit(lessons.main())


@main.command(context_settings={"ignore_unknown_options": True})
@click.option("--all", "everything", is_flag=True, help="100 seeds instead of 10, every widget, benches: about an hour.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PYTEST OPTIONS]")
def test(everything, arguments):
    """Run the tests: units, claims, notebooks, browser."""
    os.chdir(workspace.root())
    parts = [part for part in PARTS if Path(part).is_dir()]
    chosen = ["--all"] if everything else []
    codes = []
    if everything and any(Path("tests/bench").glob("test_*.py")):       # alone, as they measure time
        codes.append(_pytest("tests/bench", "tests/browser/bench_slider.py", *chosen))
    codes.append(_pytest(*parts, *PYTEST, *chosen, *arguments))
    sys.exit(max(codes))


def _pytest(*arguments):
    return subprocess.run([sys.executable, "-m", "pytest", *arguments]).returncode


@main.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a notebook differs from its source.")
@click.argument("names", nargs=-1)
def build(check, names):
    """Make the notebooks from their sources."""
    from course_lib.author import build as notebooks
    sys.exit(notebooks.main(check=check, names=names))


@main.command()
@click.option("--port", default=8400, show_default=True, help="Port on this machine; 0 takes a free one.")
@click.option("--workers", default=1, show_default=True, help="Processes that answer on this port.")
@click.option("--log", "url", help="Database URL of the request log; a file in your workspace if not given.")
@click.option("--audio", type=click.Path(path_type=Path), help="Folder for the audio of users who agreed; if not given, none is kept.")
def serve(port, workers, url, audio):
    """Serve the workspace's champion on this machine until Ctrl+C."""
    from course_lib.cycle import launch, process
    launch.first_champion(process.models(), say=click.echo)
    sys.exit(process.run(process.models(), url or process.log_url(), port, follow_parent=False, workers=workers, audio=audio))


@main.command()
@SEEDS
@click.option("--write", is_flag=True, help="Put the table into data/, where it is shipped.")
def calibrate(seeds, write):
    """Print what each cause of change does, mean and spread over seeds."""
    from course_lib.cycle import calibrate as calibration
    with click.progressbar(length=len(seeds), label="Seeds", file=sys.stderr) as bar:
        found = calibration.summary(calibration.sweep(calibration.effects, seeds, progress=lambda *_: bar.update(1)))
    click.echo(calibration.text(found).to_string())
    if write:
        click.echo(f"Written: {calibration.write(found, len(seeds))}")


@main.command()
@SEEDS
@click.option("--bank", default="a", type=click.Choice(["a", "b"]), show_default=True, help="Takes: a is shipped, b is rendered.")
@click.argument("lessons", nargs=-1)
def sweep(seeds, bank, lessons):
    """Print on how many seeds each claim of the lessons holds."""
    from course_lib.author import sweep as claims
    with click.progressbar(length=len(seeds), label="Seeds", file=sys.stderr) as bar:
        found = claims.sweep(seeds, bank, lessons, progress=lambda *_: bar.update(1))
    click.echo(found.to_string())


@main.command()
def record():
    """Record the bank of takes and the templates in data/ again, after an edit of its tables."""
    from course_lib.cycle import templates
    from course_lib.world import recorded
    with click.progressbar(length=0, label="Batches", file=sys.stderr) as bar:
        def progress(done, of):
            bar.length = of
            bar.update(1)
        path = recorded.record(recorded.Pool(), recorded.DATA / "bank-a.npz", progress=progress)
    click.echo(f"Recorded: {path} and {templates.write()}. The figures in data/ follow with: course calibrate --write")


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def wheels(folder):
    """Fill a folder from which the course installs without network."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = workspace.root() / "requirements.lock"
    environment = installer.settings(dict(os.environ), installer.asked(Path(sys.executable)))
    done = subprocess.run([sys.executable, "-I", "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
                           "--require-hashes", "--quiet", "--progress-bar=on", "-r", str(lock), "-d", str(folder)],
                          env=environment, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise click.ClickException(installer.explain(done.stderr, workspace.root()))
    here = f"{sys.platform} with Python {sys.version_info[0]}.{sys.version_info[1]}"
    click.echo(f"{len(list(folder.glob('*.whl')))} wheels in {folder}, for {here}. "
               f"Install: python3 -m course_lib --wheels {folder}")


@main.command()
def preflight():
    """Check this machine: memory, disk, sound, kernel, browser."""
    from course_lib.author import preflight as checks
    sys.exit(checks.main())


@main.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
def export(file):
    """Put your work into a zip file."""
    from course_lib import export as work
    click.echo(work.export(file))


@main.command()
@click.argument("lesson")
def reset(lesson):
    """Begin a lesson again; your copy is moved aside."""
    aside = workspace.reset(lesson)
    click.echo(f"Your copy is now in {aside}." if aside else "You have no copy of this lesson yet.")


if __name__ == "__main__":
    main(prog_name="course")
