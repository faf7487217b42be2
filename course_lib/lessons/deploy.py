"""Is it safe to serve? A release that answers, is fast, looks better than promised, and is wrong; and the way back."""
import numpy as np

from course_lib.learn.check import exercise
from course_lib.learn.experiment import Claim
from course_lib.lessons import deploy_cases as cases
from course_lib.lessons import deploy_consent as consent
from course_lib.lessons import deploy_skew
from course_lib.world.pool import Pool

LESSON = "06"


@exercise("06.1", value=True, mistakes={
    "Alone, the model gets numbers that it does not know: the preprocessor was fitted with it, and without it many answers change.":
        lambda: {"model"},
    "The preprocessor is missing. It holds the means and spreads of the training data; you saw how many answers hang on it.":
        lambda: {"model", "threshold", "card table", "feature code"},
    "The threshold or the card table is missing: the same scores would become other answers.":
        lambda: {"model", "preprocessor", "feature code"},
    "The feature code is missing. From the same clip, other code computes other numbers, and the model was trained on these.":
        lambda: {"model", "preprocessor", "threshold", "card table"},
    "Without the card table the service has a label and no card; and a table of another day names another card.":
        lambda: {"model", "preprocessor", "threshold", "feature code"},
    "The random seed matters while a model is *trained*. Once it is trained, answering draws nothing by chance.":
        lambda: {"model", "preprocessor", "threshold", "card table", "feature code", "random seed"},
    "Training rows and seed are what you need to *build* it again, the log to check it. To answer as before, a version needs less.":
        lambda: {"model", "preprocessor", "threshold", "card table", "feature code", "training rows", "random seed", "request log"},
}, hints=["Follow one clip on its way to an answer. Which of the eight does it meet?",
          "A clip becomes features, features are scaled, the model scores them, a threshold decides, a table names the card."],
    also=[lambda: ["preprocessor", "model", "threshold", "card table", "feature code"]],
    why="These five lie between a clip and its answer. They are one thing: saved together, versioned together, moved together.")
def needed():
    """The parts without which a stored version cannot answer as it did."""
    return {"model", "preprocessor", "threshold", "card table", "feature code"}


@exercise("06.2", cases=cases.two_paths, mistakes={
    "You call any difference a difference, so rounding is one, too: the clip was rounded to 16 bits on its way. Allow .01.":
        lambda served, trained: next((stage for stage in served if (served[stage] != trained[stage]).any()), None),
    "That is where the gap is largest. A fault grows on its way; look for the *first* stage at which the paths part.":
        lambda served, trained: _widest(served, trained),
    "That is the last stage that differs, the symptom. Everything after the fault differs, too; take the first.":
        lambda served, trained: ([stage for stage in served if np.abs(served[stage] - trained[stage]).max() > .01] or [None])[-1],
}, hints=["Go through the stages in order: `for stage in served:`.",
          "`np.abs(served[stage] - trained[stage]).max() > .01` says whether a stage differs; return the first that does."],
    also=[lambda served, trained: next((s for s in served if not np.allclose(served[s], trained[s], rtol=0, atol=.01)), None)],
    why="What enters the first differing stage is equal and what leaves it is not: the fault is in that stage.")
def first_difference(served, trained):
    """The first stage at which any number differs by more than .01, or None."""
    for stage in served:
        if np.abs(served[stage] - trained[stage]).max() > .01:
            return stage
    return None


def _widest(served, trained):
    gaps = {stage: np.abs(served[stage] - trained[stage]).max() for stage in served}
    return max(gaps, key=gaps.get) if max(gaps.values()) > .01 else None


@exercise("06.3", cases=cases.two_tables, mistakes={
    "You compare means. In one case a column's values went to the wrong requests; its mean is what it was. Compare request by request.":
        lambda served, replayed: [c for c in served if abs(served[c].mean() - replayed[c].mean()) > .01],
    "You compare row 1 with row 1, and the rows are in another order. Bring both to the order of the same request ids first.":
        lambda served, replayed: [c for c in served if np.abs(served[c].to_numpy() - replayed[c].to_numpy()).max() > .01],
    "You only see columns that rose. One fell: take the size of the difference, `.abs()`.":
        lambda served, replayed: [c for c in served if (served[c] - replayed[c].loc[served.index]).max() > .01],
}, hints=["`replayed.loc[served.index]` brings the rows into the order of `served`.",
          "`(a - b).abs().max()` is a Series: the largest difference of each column. Which are over .01?"],
    also=[lambda served, replayed: [c for c in served if not np.allclose(served[c], replayed.loc[served.index, c], rtol=0, atol=.01)],
          lambda served, replayed: list(served.columns[((served - replayed.reindex(served.index)).abs() > .01).any()])],
    why="Only the same request on both paths tells a shifted column from a usual one; means and shapes of distributions can agree.")
def skewed_columns(served, replayed):
    """Names of the columns in which any request differs by more than .01."""
    gap = (served - replayed.loc[served.index]).abs().max()
    return list(gap[gap > .01].index)


@exercise("06.4", cases=cases.smoke_tests, named=lambda seed: list(cases.LAUNCHES), mistakes={
    "Your gate lets a version through that fails on every tenth probe of one device: the mean over all devices hides it.":
        lambda probes, limit: bool((probes["served"] != probes["expected"]).mean() <= .01 and np.percentile(probes["ms"], 95) <= limit),
    "Your gate lets a slow version through: one user in ten waits 400 ms, and the mean looks fine. Take the 95th percentile.":
        lambda probes, limit: bool(_worst(probes) <= .05 and (probes["served"] != probes["expected"]).mean() <= .01 and probes["ms"].mean() <= limit),
    "Your gate stops a sound version for a single slow answer of 200. The rule is about the 95th percentile, not the largest.":
        lambda probes, limit: bool(_worst(probes) <= .05 and (probes["served"] != probes["expected"]).mean() <= .01 and probes["ms"].max() <= limit),
    "Your gate stops a sound version: one differing probe of 200 may be rounding at the threshold. The rule allows 1%.":
        lambda probes, limit: bool((probes["served"] == probes["expected"]).all() and np.percentile(probes["ms"], 95) <= limit),
}, hints=["`differs = probes[\"served\"] != probes[\"expected\"]` is a Series of True and False; its mean is a share.",
          "`differs.groupby(probes[\"device\"]).mean().max()` is the share on the worst device.", "Join the three conditions with `and`."],
    also=[lambda probes, limit: not ((probes["served"] != probes["expected"]).mean() > .01 or _worst(probes) > .05 or probes["ms"].quantile(.95) > limit)],
    why="A gate needs a limit for the whole, for the worst slice and for the wait; each lets something through that another stops.")
def ready(probes, limit):
    """Whether a version may meet users, by its probes and the limit in ms."""
    differs = probes["served"] != probes["expected"]
    worst = differs.groupby(probes["device"]).mean().max()
    fast = np.percentile(probes["ms"], 95) <= limit
    return bool(differs.mean() <= .01 and worst <= .05 and fast)


def _worst(probes):
    return (probes["served"] != probes["expected"]).groupby(probes["device"]).mean().max()


@exercise("06.5", cases=cases.refusals, mistakes={
    "Sending the same bytes again gets the same refusal for 400, 413 and 422, and makes a busy service busier. Retry only what time can mend.":
        lambda status: "done" if status == 200 else "retry",
    "A 503 says that the service is busy now, and Retry-After says how long to wait. Giving up loses a user who could be helped.":
        lambda status: "done" if status == 200 else "retry" if status == 408 else "mend",
    "All of those begin with 4, and 408 is different: the body came too slowly, the next try may be faster.":
        lambda status: "done" if status == 200 else "retry" if status >= 500 else "mend",
}, hints=["Would the same bytes, sent again in a second, be answered?", "408: the body took too long. 503: too many at once, or the log is locked."],
    also=[lambda status: {200: "done", 408: "retry", 503: "retry"}.get(status, "mend")],
    why="A retry helps where only time was missing. What is malformed stays malformed.")
def after(status):
    """What a client does after a status: "done", "retry" or "mend"."""
    if status == 200:
        return "done"
    return "retry" if status in (408, 503) else "mend"


def _gate(kind, count):
    return lambda seed, pool=Pool(), **_: deploy_skew.gate(seed, kind, count, 0, pool=pool)


CLAIMS = [
    Claim("answers with 200 and wrong", LESSON, "A normaliser applied twice adds 150 or more wrong cards in 1,000 requests; without it none are added.",
          deploy_skew.skew, lambda e: e.value >= 150, control=lambda seed, **k: deploy_skew.skew(seed, deploy_skew.SOUND, **k)),
    Claim("the dashboard looks better", LESSON, "A normaliser applied twice raises the mean confidence by .05 or more and cuts \"sorry?\" to 60% or less.",
          deploy_skew.skew, lambda e: e.data["confidence"] >= .05 and e.data["sorry"] <= .6,
          control=lambda seed, **k: deploy_skew.skew(seed, deploy_skew.SOUND, **k)),
    Claim("the preprocessor is part of the model", LESSON, "Without its preprocessor, 40 or more of 200 probes get another answer; with every part none does.",
          deploy_skew.restore, lambda e: e.value >= 40, control=lambda seed, **k: deploy_skew.restore(seed, deploy_skew.NOTHING, **k)),
    Claim("retraining reproduces", LESSON, "Trained again on the same rows, not one of 200 probes changes its answer; without one reader's clips some do.",
          lambda seed, **k: deploy_skew.restore(seed, deploy_skew.NOTHING, **k), lambda e: e.value == 0,
          control=lambda seed, **k: deploy_skew.restore(seed, deploy_skew.READER, **k)),
    Claim("twenty probes stop a gross fault", LESSON, "A gate of 20 probes stops a normaliser applied twice in 99 of 100 launches or more; a sound version it never stops.",
          _gate(deploy_skew.TWICE, 20), lambda e: e.value >= .99, control=_gate(deploy_skew.SOUND, 20)),
    Claim("a small fault needs many probes", LESSON, "Ten probes let the normaliser of the pilot through in 20 of 100 launches or more, which a gross fault hardly ever does.",
          _gate(deploy_skew.PILOT, 10), lambda e: e.value <= .8, control=_gate(deploy_skew.TWICE, 10)),
    Claim("all probes find a small fault", LESSON, "All 200 probes stop the normaliser of the pilot every time; a sound version they never stop.",
          _gate(deploy_skew.PILOT, 200), lambda e: e.value == 1, control=_gate(deploy_skew.SOUND, 200)),
    Claim("those who agree are served better", LESSON, "Where a good week sways consent, bad answers are on average at most .9 times as frequent in the clips that may be heard as in all.",
          consent.flattering, lambda e: e.value <= .9, control=lambda seed, **k: consent.flattering(seed, by_experience=False, **k)),
]
