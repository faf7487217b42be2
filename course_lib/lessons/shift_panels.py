"""What lesson 09 serves and shows: one day sent twice, thresholds, act or not, and the incident desk."""
from functools import partial

import ipywidgets
import numpy as np
import pandas as pd

from course_lib import workspace
from course_lib.cycle import bundle, incident, scope, shift
from course_lib.cycle.process import Service, start
from course_lib.learn import plots
from course_lib.learn.audio import wav
from course_lib.learn.experiment import Evidence
from course_lib.learn.panel import Panel, Status, note
from course_lib.learn.widgets import Choice, Slider, explore, frame
from course_lib.lessons import shift_act as acting, shift_desk as desks
from course_lib.lessons.shift_incident import FIRST, base, changed, models
from course_lib.world.draws import keyed

LOUDER = 6.0                                            # decibels


def serve(seed: int) -> Service:
    """Start a service of the launch model in a folder and with a log of its own; the workspace's champion stays as it is."""
    world, home = base(seed), workspace.home() / "incident"
    home.mkdir(parents=True, exist_ok=True)
    saved = bundle.save(models(world)[0], scope.charter().threshold, world.cards["name"].to_dict(), home / "bundles", about=dict(lesson="09", seed=int(seed)))
    bundle.point(home / "bundles", saved)
    return start(home / "bundles", f"sqlite:///{(home / 'requests.sqlite').as_posix()}")


def send_twice(service: Service, seed: int, days: int = 1, people: int = 2) -> pd.DataFrame:
    """Send some days of a few users over HTTP, then the same days through louder microphones; returns both from the service's log.

    Returns
    -------
    DataFrame, a row a request sent: day ("before" or "after" the change), request (the same number is the same utterance), level_db,
    confidence, decision, version
    """
    rows = changed(seed, shift.NOTHING, 0.0, FIRST).rows
    few = keyed(seed, "lesson 09", "devices").permutation(rows["speaker"].unique())[:people]
    rows = rows[rows["speaker"].isin(few) & (rows["day"] < rows["day"].min() + days)]
    world = base(seed)
    for gain in (0.0, LOUDER):
        louder = rows.assign(level_db=rows["level_db"] + np.float32(gain))
        for clip, row in zip(world.clips(louder), rows.itertuples()):
            service.recognize(wav(clip, world.sample_rate), row.device, row.user, row.day)
    log = service.log().tail(2 * len(rows)).reset_index(drop=True)
    when = pd.DataFrame(dict(day=np.repeat(["before", "after"], len(rows)), request=np.tile(np.arange(len(rows)), 2)))
    return pd.concat([when, log[["level_db", "confidence", "decision", "version"]]], axis=1)


def same_answers(live: pd.DataFrame) -> Evidence:
    """How many of 100 answers differ between the two times the same utterances were sent."""
    both = live.pivot(index="request", columns="day", values=["decision", "level_db"])
    differ = 100 * float((both["decision"]["before"] != both["decision"]["after"]).mean())
    level = float((both["level_db"]["after"] - both["level_db"]["before"]).astype(float).mean())

    def draw(ax):
        return plots.bars(ax, ["answers that changed", "answers that stayed"], [round(differ), 100 - round(differ)], unit=f"of 100 answers, {len(both)} utterances sent twice",
                          finding=f"Every clip is {level:.1f} dB louder, and {round(differ * len(both) / 100)} of {len(both)} answers change")
    return Evidence("answers that changed, of 100", differ, None, len(both), "A few users of one day; louder still, and a microphone clips.", draw, key="09.1",
                    data=dict(axis="x", changed=differ, level=level))


def threshold_panel(seed: int):
    """Incident and threshold to choose; what errors cost follows."""
    return explore(partial(acting.threshold_choice, seed), cause=Choice("incident", {words: cause for cause, words in acting.RISES.items()}),
                   threshold=Slider("threshold", .3, .9, .5, .1))


def act_panel(seed: int):
    """Change, days of work, horizon and chance that it passes, to choose; the cheapest of act, watch, ignore follows."""
    return explore(partial(acting.act_choice, seed), change=Choice("change", acting.CHANGES), work=Slider("days of work", 1, 20, 5), weeks=Slider("weeks counted", 2, 26, 12),
                   passes=Choice("chance it passes by itself", {"none": 0.0, "1 in 2": .5, "9 in 10": .9}))


class Desk(Panel):
    """The incident desk: choose an incident, look, listen, answer; made by `desk`."""

    def __init__(self, seed: int):
        self.seed = seed
        pick = partial(ipywidgets.Dropdown, layout={"width": "max-content"})
        self.number = pick(options=list(desks.NUMBERS), description="case")
        self.signal = pick(options=list(shift.WATCHED), description="signal", value="re_asks")
        self.device = pick(options=[shift.ALL, "car", "phone", "speaker", "watch"], description="slice")
        self.way = pick(options={"asked again, since the step, odd slice": "pointed", "least confident": "lowest confidence", "at random": "at random"}, description="listens")
        self.listen = ipywidgets.Button(description="Listen to 5 more")
        self.cause = pick(options={words: name for name, words in desks.ANSWERS.items()}, description="cause", value=shift.NOTHING)
        self.day = ipywidgets.BoundedIntText(min=140, max=167, value=150, description="since day")
        self.action = pick(options=list(incident.MITIGATIONS), description="mitigation")
        self.submit = ipywidgets.Button(description="Submit", button_style="primary")
        self.image, self.status, self.heard, self.verdict = ipywidgets.Image(format="png"), Status(), ipywidgets.HTML(), Status()
        self.case = desks.open_incident(seed, self.number.value)
        row = lambda *parts: ipywidgets.HBox(parts, layout={"flex_flow": "row wrap"})
        hint = note("Look at signals and slices, spend at most 20 listens, then answer. The truth appears after Submit.")
        super().__init__([hint, row(self.number, self.signal, self.device), self.status, self.image, row(self.way, self.listen), self.heard,
                          row(self.cause, self.day, self.action, self.submit), self.verdict], self._picture().picture, "Incident desk")
        self._look()
        self.number.observe(lambda _: self._safely(self._open), "value")
        for control in (self.signal, self.device):
            control.observe(lambda _: self._safely(self._look), "value")
        self.listen.on_click(lambda _: self._safely(self._hear))
        self.submit.on_click(lambda _: self._safely(self._answer))

    def _picture(self):
        return frame(self.case.look, dict(signal=self.signal.value, device=self.device.value))

    def _look(self):
        shown = self._picture()
        self.image.value, self.names.alt = shown.picture.png, shown.picture.alt
        self.status.say(shown.words)

    def _open(self):
        self.case = desks.open_incident(self.seed, self.number.value)
        self.heard.value = ""
        self.verdict.say("")
        self._look()

    def _hear(self):
        table = self.case.hear_more(self.way.value)
        self.heard.value = table.to_html(index=False, border=0)
        self.verdict.say(f"{self.case.listener.left} of {shift.BUDGET} listens are left.")

    def _answer(self):
        self.verdict.say(self.case.submit(self.cause.value, self.day.value, self.action.value))

    def _safely(self, step):
        try:
            step()
        except Exception as error:                      # a panel has no place for a traceback
            self.verdict.fail(error)


def desk(seed: int) -> Desk:
    """The incident desk with its controls."""
    return Desk(seed)
