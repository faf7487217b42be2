"""Which models there are, what each was made of, which of them serves: MLflow's registry on SQLite.

MLflow keeps the names: versions, aliases, lineage. The bundles themselves are folders, and a pointer beside
them says which one serves. The pointer is moved in one step and is the truth; aliases follow it. So a crash
between the two leaves the old champion serving, or the new one, and the next call sets the alias right.
"""
import json
import time
from functools import cached_property
from pathlib import Path
from typing import Mapping, Sequence

import pandas as pd

from course_lib import workspace
from course_lib.cycle import bundle as bundles
from course_lib.cycle import lineage
from course_lib.cycle.registry_database import RegistryError, alone, connect

NAME, EXPERIMENT = "voice-look-up", "training"
CHAMPION, CHALLENGER = "champion", "challenger"
LINEAGE = ("data", "code", "features", "threshold", "charter", "seed")


class Registry:
    """The versions of one product's model.

    Parameters
    ----------
    folder : holds mlflow.sqlite and bundles/; the workspace's registry by default
    """

    def __init__(self, folder: Path | None = None):
        self.folder = Path(folder or workspace.home() / "registry").absolute()
        self.bundles = self.folder / "bundles"
        with workspace.explained(self.folder):
            self.bundles.mkdir(parents=True, exist_ok=True)

    @cached_property
    def client(self):
        """MLflow's client; importing it takes seconds, so nothing imports it before a registry is used."""
        return connect(self.folder, NAME)

    def _alone(self):
        return alone(self.folder / "lock.sqlite")

    def register(self, bundle: Path, card: Mapping | None = None, run: str | None = None) -> int:
        """Give a bundle a version number, with its lineage; an equal bundle keeps the number that it has.

        Parameters
        ----------
        bundle : the bundle's folder; one that stands elsewhere is copied into the registry
        card : the model card, JSON-able; a later one replaces it
        run : id of the tracked run that the bundle came from, kept by MLflow with the version; the first one stays

        Raises
        ------
        BundleError, RegistryError
            The bundle is not whole; there is no such run.
        """
        found, client = bundles.load(bundle), self.client
        if run is not None and run not in self.runs().index:
            raise RegistryError(f"there is no tracked run {run!r}; `track` returns the id of one, `runs()` has all")
        with self._alone():
            place = bundles.adopt(self.bundles, Path(bundle), found.version)
            number = self._number_of(found.version)
            if number is None:
                number = int(client.create_model_version(NAME, place.as_uri(), run, _tags(found)).version)
            elif run is not None and not self._all()[number].run_id:
                client.set_model_version_tag(NAME, str(number), "run", run)
            if card is not None:
                client.set_model_version_tag(NAME, str(number), "card", json.dumps(dict(card), sort_keys=True))
        return number

    def _all(self):
        found = self.client.search_model_versions(f"name = '{NAME}'", max_results=1000)
        return {int(one.version): one for one in found}

    def _number_of(self, version):
        return min((number for number, one in self._all().items() if one.tags.get("bundle") == version), default=None)

    def versions(self) -> pd.DataFrame:
        """Every version, the oldest first: bundle, aliases, created, and where it comes from; indexed by number."""
        self._settle()
        names = self.client.get_registered_model(NAME).aliases
        rows = [dict(number=number, bundle=one.tags["bundle"], aliases=", ".join(sorted(a for a, v in names.items() if int(v) == number)),
                     created=pd.Timestamp(one.creation_timestamp, unit="ms"), **{key: json.loads(one.tags[key]) for key in LINEAGE})
                for number, one in sorted(self._all().items())]
        return pd.DataFrame(rows, columns=["number", "bundle", "aliases", "created", *LINEAGE]).set_index("number")

    def card(self, version: int | str) -> dict:
        """The model card of a number or an alias; empty if there is none."""
        return json.loads(self._all()[self.number(version)].tags.get("card", "{}"))

    def number(self, version: int | str) -> int:
        """A version's number, from its number or an alias; RegistryError where there is none."""
        if version == CHAMPION:
            return self.champion()
        known = self._all()
        if isinstance(version, str):
            named = self.client.get_registered_model(NAME).aliases
            if version not in named:
                raise RegistryError(f"no version has the alias {version!r}; there are {', '.join(sorted(named)) or 'none'}")
            return int(named[version])
        if isinstance(version, bool) or version not in known:
            raise RegistryError(f"there is no version {version!r}; there are {', '.join(map(str, sorted(known))) or 'none'}")
        return int(version)

    def run(self, version: int | str) -> pd.Series:
        """The tracked run that a number or an alias came from: a row of `runs`; RegistryError where none was given."""
        one, runs = self._all()[self.number(version)], self.runs()
        run = one.run_id or one.tags.get("run")
        if run not in runs.index:
            raise RegistryError(f"version {one.version} was registered without a tracked run; give `register` the id that `track` returned")
        return runs.loc[run].dropna()

    def bundle(self, version: int | str) -> Path:
        """The bundle's folder of a number or an alias."""
        return self.bundles / self._all()[self.number(version)].tags["bundle"]

    def alias(self, name: str, version: int | str) -> None:
        """Give an alias to a version; the champion's also moves the pointer, which a running service follows.

        Raises
        ------
        RegistryError, BundleError
            There is no such version, or its bundle is not whole; then nothing has changed.
        """
        _expected(name)
        number = self.number(version)
        if name == CHALLENGER:
            bundles.load(self.bundle(number))
            self.client.set_registered_model_alias(NAME, name, str(number))
            return
        self._settle()
        with self._alone():
            history = self._history()
            self._crown(number, history if history[-1:] == [number] else [*history, number])

    def open_to(self, name: str) -> None:
        """Let a job go on that may give this alias: none (""), the challenger's, or the champion's where nothing serves yet.

        Raises
        ------
        RegistryError
            No such alias, or a champion serves: a job has not passed the gate, so it replaces none.
        """
        if name:
            _expected(name)
        if name == CHAMPION and (self.bundles / bundles.POINTER).exists():
            raise RegistryError("a champion serves, and a job replaces none: register a challenger, let it pass the gate, then give it the alias champion")

    def rollback(self) -> int:
        """Make the champion before this one the champion again; returns its number.

        RegistryError where there was none before.
        """
        self._settle()
        with self._alone():
            history = self._history()
            if len(history) < 2:
                raise RegistryError("there is no earlier champion to go back to; register a version and give it the alias champion")
            self._crown(history[-2], history[:-1])
            return history[-2]

    def champion(self) -> int:
        """Number of the version that serves; RegistryError if none does."""
        self._settle()
        history = self._history()
        if not history:
            raise RegistryError("there is no champion; register a bundle and give it the alias champion")
        return history[-1]

    def _crown(self, number, history):
        self.client.set_registered_model_tag(NAME, "planned", json.dumps(history))
        bundles.point(self.bundles, self.bundles / self._all()[number].tags["bundle"])
        self._note(history)

    def _note(self, history):
        self.client.set_registered_model_tag(NAME, "champions", json.dumps(history))
        self.client.set_registered_model_alias(NAME, CHAMPION, str(history[-1]))
        self.client.set_registered_model_tag(NAME, "planned", "[]")

    def _history(self, tag="champions"):
        return json.loads(self.client.get_registered_model(NAME).tags.get(tag, "[]"))

    def _settle(self):
        """Let the records follow the pointer: after a crash, or where somebody moved it without the registry."""
        try:
            serves = bundles.champion(self.bundles)
        except bundles.BundleError:
            return
        number = self._number_of(serves.name)
        if number is None:
            number = self.register(serves)
        if self._history()[-1:] != [number]:
            with self._alone():                          # look again: another process may have been between pointer and record
                number = self._number_of(bundles.champion(self.bundles).name)
                history = self._history()
                if number is not None and history[-1:] != [number]:
                    self._note(self._meant(history, number))

    def _meant(self, history, number):
        """The champions in order, now that this one serves: as planned before a crash; one step back; or one more."""
        planned = self._history("planned")
        if planned[-1:] == [number]:
            return planned
        return history[:-1] if history[-2:-1] == [number] else [*history, number]

    def track(self, name: str, params: Mapping, metrics: Mapping[str, float]) -> str:
        """Keep one training run with its settings and results; returns MLflow's id of it."""
        from mlflow.entities import Metric, Param
        known = (client := self.client).get_experiment_by_name(EXPERIMENT)
        number = known.experiment_id if known else client.create_experiment(EXPERIMENT, (self.folder / "runs").as_uri())
        run, now = client.create_run(number, run_name=name).info.run_id, int(1000 * time.time())
        client.log_batch(run, [Metric(key, float(value), now, 0) for key, value in metrics.items()],
                         [Param(key, str(value)) for key, value in params.items()])
        client.set_terminated(run)
        return run

    def track_rows(self, table: pd.DataFrame, settings: Sequence[str] = (), **params) -> dict[str, str]:
        """Keep one run for each row of a table: the index names it, the columns are its results, or its settings. Returns the ids by name."""
        own = list(settings)
        return {str(name): self.track(str(name), {**params, **row[own]}, row.drop(own)) for name, row in table.iterrows()}

    def runs(self) -> pd.DataFrame:
        """Every tracked run, the oldest first, by MLflow's id: name, params and metrics in a column each."""
        known, found, token = self.client.get_experiment_by_name(EXPERIMENT), [], ""
        while known and token is not None:
            page = self.client.search_runs([known.experiment_id], order_by=["attributes.start_time ASC"], page_token=token or None)
            found, token = found + list(page), page.token or None
        return pd.DataFrame([dict(name=run.info.run_name, **run.data.params, **run.data.metrics) for run in found],
                            pd.Index([run.info.run_id for run in found], name="run"))


def track(name: str, params: Mapping, metrics: Mapping[str, float], folder: Path | None = None) -> str:
    """Keep one training run in a registry, by default the workspace's."""
    return Registry(folder).track(name, params, metrics)


def _expected(alias):
    if alias not in (CHAMPION, CHALLENGER):
        raise RegistryError(f"the alias is {alias!r}; {CHAMPION} or {CHALLENGER} is expected")


def _tags(found):
    about = found.about
    known = dict(data=about.get("data", "not recorded"), code=about.get("code", lineage.code()), features=about.get("features", bundles.features.VERSION),
                 threshold=found.threshold, charter=about.get("charter", lineage.charter()), seed=about.get("seed", "not recorded"))
    return dict(bundle=found.version, **{key: json.dumps(known[key]) for key in LINEAGE})
